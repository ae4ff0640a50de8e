package io.ovenet.policy;

import org.jspecify.annotations.Nullable;

/**
 * What holds for what no entry decides.
 *
 * @param decision default deny, or that nothing is enforced
 * @param enforced the same without rules in audit mode
 * @param auditAll whether all that is denied passes and is told
 */
record Fallback(Decision decision, Decision enforced, boolean auditAll) {
  // Written out: a key's generated methods are many times slower in what the agent's compiler
  // makes.
  @Override
  public boolean equals(@Nullable Object other) {
    return this == other
        || (other instanceof Fallback that
            && auditAll == that.auditAll
            && decision.equals(that.decision)
            && enforced.equals(that.enforced));
  }

  @Override
  public int hashCode() {
    return 31 * (31 * decision.hashCode() + enforced.hashCode()) + Boolean.hashCode(auditAll);
  }
}
