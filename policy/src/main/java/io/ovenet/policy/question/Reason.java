package io.ovenet.policy.question;

/** Why a verdict is as it is. */
public enum Reason {
  /** An allow or a deny rule says so. */
  RULE("rule"),
  /** The local host comes in where no rule denies it. */
  LOCAL_HOST("local-host"),
  /** Nothing makes the subject default-deny in this direction. */
  NOT_ENFORCED("not-enforced"),
  /** The subject is default-deny, and no rule allows it. */
  DEFAULT_DENY("default-deny"),
  /** A rule asks for a proxy or for authentication, which is not in force: nothing passes. */
  WITHHELD("withheld");

  private final String word;

  Reason(String word) {
    this.word = word;
  }

  /** As programs read it; stable. */
  @Override
  public String toString() {
    return word;
  }
}
