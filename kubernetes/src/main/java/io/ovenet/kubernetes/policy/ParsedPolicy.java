package io.ovenet.kubernetes.policy;

import io.ovenet.policy.PolicyKey;
import io.ovenet.policy.PolicyNotice;
import io.ovenet.policy.PolicyObject;

/** What a policy document turned out to be. */
public sealed interface ParsedPolicy {
  PolicyKey key();

  /** A policy that can come into force; its notices are for status and log. */
  record Valid(PolicyObject object) implements ParsedPolicy {
    @Override
    public PolicyKey key() {
      return object.key();
    }
  }

  /**
   * A document that does not mean anything. The last valid version of the policy stays in force;
   * where none is known, {@code isolation} does.
   *
   * @param error the field, why, and what to do
   * @param isolation makes the subjects that could be read default-deny in the directions that the
   *     document names, and allows nothing; without rules if no subject could be read, which calls
   *     for an alarm
   */
  record Invalid(PolicyKey key, PolicyNotice error, PolicyObject isolation)
      implements ParsedPolicy {}
}
