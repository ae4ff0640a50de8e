package io.ovenet.ui;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/**
 * Times gone by that were asked for lately, each read once while it is fresh. Thread-safe: who asks
 * for a time that is being read waits for it, and for no other.
 */
final class Pasts {
  /** The ledger's own period; what is shown of a moment is the period around it. */
  static final Duration PERIOD = Duration.ofMinutes(15);

  private static final Duration KEPT = Duration.ofHours(24);
  private static final Duration FRESH = Duration.ofSeconds(30);
  private static final int MOST = 8;

  private record Span(long since, long until) {}

  private record Reading(FutureTask<Past> past, long beganNanos) {
    boolean isFresh() {
      return System.nanoTime() - beganNanos < FRESH.toNanos();
    }
  }

  private final RelayClient relay;
  private final Map<Span, Reading> known =
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Span, Reading> eldest) {
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

  private Past read(long since, long until) {
    Span span = new Span(since, until);
    Reading reading = reading(span);
    // Whoever comes first reads; for the others it is done, or under way.
    reading.past().run();
    try {
      return reading.past().get();
    } catch (ExecutionException e) {
      synchronized (known) {
        known.remove(span, reading);
      }
      throw e.getCause() instanceof StatusRuntimeException status
          ? status.getStatus().asRuntimeException()
          : new IllegalStateException(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw Status.CANCELLED.withDescription("interrupted").withCause(e).asRuntimeException();
    }
  }

  private Reading reading(Span span) {
    synchronized (known) {
      Reading present = known.get(span);
      if (present == null || !present.isFresh()) {
        var task = new FutureTask<>(() -> Past.read(relay.ledger(), span.since(), span.until()));
        present = new Reading(task, System.nanoTime());
        known.put(span, present);
      }
      return present;
    }
  }
}
