package io.ovenet.policy.question;

import io.ovenet.policy.RuleOrigin;
import java.util.List;

/**
 * A rule that would allow it, if.
 *
 * @param conditions what would have to be otherwise, all of it, each as the rest of the sentence
 *     "it would match if …"
 */
public record NearMiss(RuleOrigin rule, List<String> conditions) {
  public NearMiss {
    conditions = List.copyOf(conditions);
  }
}
