package io.ovenet.policy.question;

import io.ovenet.policy.Decision;

/**
 * A decision and what kind of one it is.
 *
 * @param redirect whether the deciding rules hand the connection to a proxy
 */
public record Answer(Decision decision, Reason reason, boolean redirect) {
  public boolean passes() {
    return decision.verdict().passes();
  }
}
