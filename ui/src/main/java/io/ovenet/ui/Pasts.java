package io.ovenet.ui;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;

/** Times gone by that were asked for lately, each read once while it is fresh. Thread-safe. */
final class Pasts {
  /** The ledger's own period; what is shown of a moment is the period around it. */
  static final Duration PERIOD = Duration.ofMinutes(15);

  private static final Duration KEPT = Duration.ofHours(24);
  private static final Duration FRESH = Duration.ofSeconds(30);
  private static final int MOST = 8;

  private record Span(long since, long until) {}

  private record Read(Past past, long nanos) {}

  private final RelayClient relay;
  private final Map<Span, Read> known =
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Span, Read> eldest) {
          return size() > MOST;
        }
      };

  Pasts(RelayClient relay) {
    this.relay = relay;
  }

  /**
   * The period that a moment is in.
   *
   * @throws IllegalArgumentException if the ledger doesn't reach so far
   */
  Past around(long atMillis) {
    long now = System.currentTimeMillis();
    long since = atMillis - Math.floorMod(atMillis, PERIOD.toMillis());
    if (since > now || since < now - KEPT.plus(PERIOD).toMillis()) {
      throw new IllegalArgumentException(
          "at=" + atMillis + ": the ledger holds the last 24 hours; choose a time of these");
    }
    return read(since, since + PERIOD.toMillis());
  }

  /** The last hours, to the end of the running period. */
  Past last(Duration span) {
    long now = System.currentTimeMillis();
    long until = now - Math.floorMod(now, PERIOD.toMillis()) + PERIOD.toMillis();
    return read(until - span.toMillis(), until);
  }

  private synchronized Past read(long since, long until) {
    Span span = new Span(since, until);
    Read read = known.get(span);
    if (read == null || System.nanoTime() - read.nanos() > FRESH.toNanos()) {
      read = new Read(Past.read(relay.ledger(), since, until), System.nanoTime());
      known.put(span, read);
    }
    return read.past();
  }
}
