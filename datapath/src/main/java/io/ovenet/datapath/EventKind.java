package io.ovenet.datapath;

import org.jspecify.annotations.Nullable;

/** {@code enum event_kind}: by Hubble's numbers for event types. */
public enum EventKind {
  DROP(1),
  TRACE(4),
  POLICY_VERDICT(5);

  private final int number;

  EventKind(int number) {
    this.number = number;
  }

  public int number() {
    return number;
  }

  /** Null for a number that none has. */
  public static @Nullable EventKind of(int number) {
    for (var value : values()) {
      if (value.number == number) {
        return value;
      }
    }
    return null;
  }
}
