package io.ovenet.datapath;

import org.jspecify.annotations.Nullable;

/** Where a packet was seen, by the numbers of Hubble's TraceObservationPoint. */
public enum ObservationPoint {
  TO_HOST(2),
  /** To the outside, by way of the node's own stack. */
  TO_STACK(3),
  /** To another node, encapsulated. */
  TO_OVERLAY(4),
  /** Where it came in, before it was judged. */
  FROM_ENDPOINT(5),
  /** From another node, out of its encapsulation, before it was judged. */
  FROM_OVERLAY(9),
  /** From another machine, before it was judged. */
  FROM_NETWORK(10),
  /** To another machine by the node's own address. */
  TO_NETWORK(11),
  TO_ENDPOINT(101);

  private final int number;

  ObservationPoint(int number) {
    this.number = number;
  }

  public int number() {
    return number;
  }

  /** Null for a number that none has. */
  public static @Nullable ObservationPoint of(int number) {
    for (var value : values()) {
      if (value.number == number) {
        return value;
      }
    }
    return null;
  }
}
