package io.ovenet.policy.lint;

import java.util.Locale;

/** What is looked for. */
public enum Check {
  /** The policy means nothing; its subjects are isolated. */
  INVALID,
  /** A field is not in force. */
  NOT_IN_FORCE,
  /** A selector asks for a label that is never part of an identity. */
  FILTERED_LABEL,
  /** A selector asks for a key or value that nobody has, and one near it is there. */
  MISSPELT,
  /** A selector selects nobody. */
  DEAD,
  /** Another rule allows all of it. */
  SHADOWED,
  /** A deny rule takes all of it away. */
  OVERRULED,
  /** A rule allows the whole world. */
  WORLD,
  /** Subjects can't ask for names. */
  NO_DNS;

  /** As programs read it; stable. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
