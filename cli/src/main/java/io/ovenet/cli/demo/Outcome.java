package io.ovenet.cli.demo;

/**
 * What was seen of one {@link Expectation}.
 *
 * @param answered the client got the server's own answer
 * @param verdict Hubble's word on the connection: FORWARDED or DROPPED, or "no flow"
 * @param reason which rule decided, or why it was dropped
 */
record Outcome(Expectation expectation, boolean answered, String verdict, String reason) {

  /** Both what the client saw and what Hubble says have to be as expected. */
  boolean held() {
    return expectation.allowed()
        ? answered && verdict.equals("FORWARDED")
        : !answered && verdict.equals("DROPPED");
  }

  /** No packet of it was seen on any node: its client didn't come to sending one in time. */
  boolean unseen() {
    return verdict.equals(Flows.UNSEEN);
  }

  String line() {
    String expected = expectation.allowed() ? "pass" : "drop";
    String seen = answered ? "answered" : "no answer";
    return "%s %-60s expected %s, saw %s, %s: %s"
        .formatted(held() ? "✓" : "✗", expectation, expected, seen, verdict, reason);
  }
}
