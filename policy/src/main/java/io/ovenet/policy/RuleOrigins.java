package io.ovenet.policy;

import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** The places that decided a verdict together: sorted, immutable, with a cheap hash. */
public final class RuleOrigins implements Comparable<RuleOrigins> {
  /** No rule decided: nothing is enforced, or the local host comes in. */
  public static final RuleOrigins NONE = new RuleOrigins(new RuleOrigin[0]);

  private final RuleOrigin[] sorted;
  private final int hash;

  private RuleOrigins(RuleOrigin[] sorted) {
    this.sorted = sorted;
    this.hash = Arrays.hashCode(sorted);
  }

  public static RuleOrigins of(Collection<RuleOrigin> origins) {
    return origins.isEmpty()
        ? NONE
        : new RuleOrigins(new TreeSet<>(origins).toArray(new RuleOrigin[0]));
  }

  public boolean isEmpty() {
    return sorted.length == 0;
  }

  public List<RuleOrigin> asList() {
    return List.of(sorted);
  }

  @Override
  public int compareTo(RuleOrigins other) {
    return Arrays.compare(sorted, other.sorted);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return this == other
        || (other instanceof RuleOrigins origins
            && hash == origins.hash
            && Arrays.equals(sorted, origins.sorted));
  }

  @Override
  public int hashCode() {
    return hash;
  }

  @Override
  public String toString() {
    return Arrays.toString(sorted);
  }
}
