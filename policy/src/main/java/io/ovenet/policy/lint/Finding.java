package io.ovenet.policy.lint;

import io.ovenet.policy.RuleOrigin;
import java.util.Comparator;

/**
 * Something in a policy that is probably not meant.
 *
 * @param place the spec or the rule
 * @param message what is the matter
 * @param remedy what to do
 */
public record Finding(Check check, RuleOrigin place, String message, String remedy)
    implements Comparable<Finding> {
  private static final Comparator<Finding> ORDER =
      Comparator.comparing(Finding::place)
          .thenComparing(Finding::check)
          .thenComparing(Finding::message);

  @Override
  public int compareTo(Finding other) {
    return ORDER.compare(this, other);
  }
}
