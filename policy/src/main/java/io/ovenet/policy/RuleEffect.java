package io.ovenet.policy;

/** What an entry of a rule does with the traffic it names. */
public enum RuleEffect {
  ALLOW,
  /** Beats every allow, however specific. */
  DENY,
  /**
   * An allow for a proxy (L7 rules, TLS, listener) that is not there: nothing passes, whoever else
   * allows it, unless a plain allow names the same ports of the same protocol for the peer, which
   * would lift the L7 rules.
   */
  PROXY,
  /** An allow that asks for authentication, which is not there: nothing passes. */
  AUTHENTICATE
}
