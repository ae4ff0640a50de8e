package io.ovenet.flow;

/** What lies in the ring. Immutable. */
public sealed interface RingEntry extends RingRead permits FlowRecord, KernelLoss {
  /** Its place in the sequence of all entries, from 0 on. */
  long sequence();

  /** Nanoseconds since 1970, UTC. */
  long time();

  /** About how much memory it takes, without what it shares with others. */
  int bytes();
}
