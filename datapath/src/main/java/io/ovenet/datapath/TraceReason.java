package io.ovenet.datapath;

import org.jspecify.annotations.Nullable;

/** By the numbers of Hubble's TraceReason. */
public enum TraceReason {
  NEW(1),
  ESTABLISHED(2),
  REPLY(3),
  /** An ICMP error about a connection. */
  RELATED(4);

  private final int number;

  TraceReason(int number) {
    this.number = number;
  }

  public int number() {
    return number;
  }

  /** Null for a number that none has. */
  public static @Nullable TraceReason of(int number) {
    for (var value : values()) {
      if (value.number == number) {
        return value;
      }
    }
    return null;
  }
}
