package io.ovenet.datapath;

import org.jspecify.annotations.Nullable;

/** {@code enum conntrack_state}. */
public enum ConntrackState {
  /** Nothing came back yet. */
  NEW(0),
  ESTABLISHED(1),
  /** TCP: one side sent FIN. */
  CLOSING(2),
  /** TCP: both sides did, or one sent RST. */
  CLOSED(3);

  private final int number;

  ConntrackState(int number) {
    this.number = number;
  }

  public int number() {
    return number;
  }

  /** Null for a number that none has. */
  public static @Nullable ConntrackState of(int number) {
    for (var value : values()) {
      if (value.number == number) {
        return value;
      }
    }
    return null;
  }
}
