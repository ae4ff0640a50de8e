package io.ovenet.policy;

/** What is done with traffic. Codes: enum verdict in ovenet.h. */
public enum Verdict {
  ALLOW(1),
  /** By a deny rule. */
  DENY(2),
  /** By default: nobody allows it. */
  DEFAULT(3),
  REDIRECT(4),
  /** Let through; would have been denied. */
  AUDIT(5);

  private final int code;

  Verdict(int code) {
    this.code = code;
  }

  public int code() {
    return code;
  }

  public boolean passes() {
    return switch (this) {
      case ALLOW, REDIRECT, AUDIT -> true;
      case DENY, DEFAULT -> false;
    };
  }
}
