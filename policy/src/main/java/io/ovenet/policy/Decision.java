package io.ovenet.policy;

import java.util.List;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * A verdict and why.
 *
 * @param origins who decided; for DEFAULT the policies that made the endpoint default-deny, or the
 *     rules whose unsupported members withhold what they allow
 * @param log the deciding rules' log values, sorted
 */
public record Decision(Verdict verdict, MatchType match, RuleOrigins origins, List<String> log) {
  /** Where nothing is enforced. */
  public static final Decision NOT_ENFORCED =
      new Decision(Verdict.ALLOW, MatchType.ALL, RuleOrigins.NONE, List.of());

  public Decision {
    log = List.copyOf(new TreeSet<>(log));
  }

  // Written out: a key's generated methods are many times slower in what the agent's compiler
  // makes.
  @Override
  public boolean equals(@Nullable Object other) {
    return this == other
        || (other instanceof Decision that
            && verdict == that.verdict
            && match == that.match
            && origins.equals(that.origins)
            && log.equals(that.log));
  }

  @Override
  public int hashCode() {
    return 31 * (31 * (31 * verdict.hashCode() + match.hashCode()) + origins.hashCode())
        + log.hashCode();
  }
}
