package io.ovenet.policy;

import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * A valid policy object as rules. It comes into force as a whole.
 *
 * @param rules one for each spec that speaks of endpoints, each with an origin of its own in this
 *     object
 * @param notices fields that are not in force yet, and other things its author should know
 */
public record PolicyObject(PolicyKey key, List<Rule> rules, List<PolicyNotice> notices) {
  public PolicyObject {
    rules = List.copyOf(rules);
    notices = List.copyOf(notices);
    Set<RuleOrigin> origins = new HashSet<>();
    for (Rule rule : rules) {
      if (!rule.origin().policy().equals(key) || !origins.add(rule.origin())) {
        throw new IllegalArgumentException("origin of a rule of " + key + ": " + rule.origin());
      }
    }
  }
}
