package io.ovenet.agent;

import io.ovenet.policy.RuleOrigins;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Numbers that the kernel's records name rules by. A number never means another rule later, also
 * over restarts: it counts on from where it was told to. One writer; any thread may ask {@link
 * #rule}.
 */
public final class RuleNumbers {
  /** What a number stands for. */
  public record DecidedBy(RuleOrigins origins, List<String> log) {
    static final DecidedBy NOBODY = new DecidedBy(RuleOrigins.NONE, List.of());

    public DecidedBy {
      log = List.copyOf(log);
    }

    // Written out: a key's generated methods are many times slower in what the agent's compiler
    // makes.
    @Override
    public boolean equals(@Nullable Object other) {
      return this == other
          || (other instanceof DecidedBy that
              && origins.equals(that.origins)
              && log.equals(that.log));
    }

    @Override
    public int hashCode() {
      return 31 * origins.hashCode() + log.hashCode();
    }
  }

  private static final long KEPT_NANOS = Duration.ofHours(2).toNanos();

  private final Map<DecidedBy, Integer> numbers = new HashMap<>();
  private final Map<Integer, DecidedBy> rules = new ConcurrentHashMap<>();
  private final Map<Integer, Long> unusedSince = new HashMap<>();
  private int next;

  /**
   * @param first above every number that was given before
   */
  public RuleNumbers(int first) {
    next = first;
  }

  /** The number of what decided; 0 where no rule did. */
  int numberOf(DecidedBy rule) {
    if (rule.origins().isEmpty() && rule.log().isEmpty()) {
      return 0;
    }
    return numbers.computeIfAbsent(
        rule,
        _ -> {
          rules.put(next, rule);
          return next++;
        });
  }

  /** What decided; null for a number that was never given or is long out of use. */
  public @Nullable DecidedBy rule(int number) {
    return number == 0 ? DecidedBy.NOBODY : rules.get(number);
  }

  /** Forgets numbers that no table has held for so long that no record names them any more. */
  void retain(Set<Integer> used, long nowNanos) {
    unusedSince.keySet().removeAll(used);
    rules.forEach(
        (number, rule) -> {
          if (used.contains(number)) {
            return;
          }
          var since = unusedSince.putIfAbsent(number, nowNanos);
          if (since != null && nowNanos - since > KEPT_NANOS) {
            unusedSince.remove(number);
            rules.remove(number);
            numbers.remove(rule);
          }
        });
  }
}
