package io.ovenet.flow;

import java.lang.foreign.MemorySegment;
import java.time.Duration;

/** The kernel's ring of events, as far as its reader needs it. Used by one thread at a time. */
public interface EventSource {
  /** Takes each event. */
  @FunctionalInterface
  interface EventConsumer {
    /** A record of {@code length} bytes, which is one event or several; good during the call. */
    void accept(MemorySegment data, long offset, int length);
  }

  /**
   * Hands over the records that are there, oldest first.
   *
   * @param limit at most that many
   * @return how many
   */
  int drain(EventConsumer consumer, int limit);

  /**
   * Hands over DNS messages, each a {@code struct dns_message}, as {@link #drain} does events.
   * Where there is no such ring, none.
   */
  default int drainDns(EventConsumer consumer, int limit) {
    return 0;
  }

  /** DNS messages that their full ring had no room for, ever. */
  default long dnsLost() {
    return 0;
  }

  /** Events that the full ring had no room for, ever. */
  long lost();

  /** Waits until the kernel wakes its reader, at most so long. */
  void await(Duration timeout);
}
