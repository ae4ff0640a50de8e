package io.ovenet.datapath;

import org.jspecify.annotations.Nullable;

/** {@code enum verdict}: what a policy's entry decides. */
public enum Verdict {
  ALLOW(1),
  /** By a deny rule: {@link DropReason#POLICY_DENY}. */
  DENY(2),
  /** By default deny: {@link DropReason#POLICY_DENIED}. */
  DEFAULT(3),
  /** To a proxy. */
  REDIRECT(4),
  /** Passes, but would have been denied. */
  AUDIT(5);

  private static final Verdict[] ALL = values();

  private final int number;

  Verdict(int number) {
    this.number = number;
  }

  public int number() {
    return number;
  }

  /** Null for a number that none has. */
  public static @Nullable Verdict of(int number) {
    for (var value : ALL) {
      if (value.number == number) {
        return value;
      }
    }
    return null;
  }
}
