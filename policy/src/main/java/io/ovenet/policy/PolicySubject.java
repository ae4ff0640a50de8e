package io.ovenet.policy;

import org.jspecify.annotations.Nullable;

/**
 * What decides which policy a local endpoint has.
 *
 * @param ports its own named ports
 * @param audit whether what its policy denies passes all the same, and is only told
 */
public record PolicySubject(Labels labels, NamedPorts ports, boolean audit) {
  /** Without named ports, enforced. */
  public static PolicySubject of(Labels labels) {
    return new PolicySubject(labels, NamedPorts.NONE, false);
  }

  // Written out: a key's generated methods are many times slower in what the agent's compiler
  // makes.
  @Override
  public boolean equals(@Nullable Object other) {
    return this == other
        || (other instanceof PolicySubject that
            && audit == that.audit
            && labels.equals(that.labels)
            && ports.equals(that.ports));
  }

  @Override
  public int hashCode() {
    return 31 * (31 * labels.hashCode() + ports.hashCode()) + Boolean.hashCode(audit);
  }
}
