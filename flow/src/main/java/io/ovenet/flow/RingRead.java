package io.ovenet.flow;

/** What reading the ring at a sequence number gives. */
public sealed interface RingRead permits RingEntry, RingRead.Missing {

  /** Nothing to read there. */
  enum Missing implements RingRead {
    /** It was there, and newer entries took its place. */
    OVERWRITTEN,
    /** It hasn't been written so far. */
    NOT_YET
  }
}
