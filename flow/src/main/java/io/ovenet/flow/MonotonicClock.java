package io.ovenet.flow;

import java.time.Instant;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * From the kernel's monotonic clock to the time of day. The distance between both is measured again
 * and again, since the time of day is corrected and may jump; what was converted stays as it is.
 *
 * <p>For one thread.
 */
public final class MonotonicClock {
  private static final long REFRESH_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final LongSupplier monotonicNanos;
  private final LongSupplier wallNanos;
  private long offset;
  private long measuredAt;

  /** This machine's: {@link System#nanoTime} is CLOCK_MONOTONIC in HotSpot on Linux. */
  public MonotonicClock() {
    this(System::nanoTime, MonotonicClock::timeOfDay);
  }

  MonotonicClock(LongSupplier monotonicNanos, LongSupplier wallNanos) {
    this.monotonicNanos = monotonicNanos;
    this.wallNanos = wallNanos;
    measure();
  }

  private static long timeOfDay() {
    Instant now = Instant.now();
    return TimeUnit.SECONDS.toNanos(now.getEpochSecond()) + now.getNano();
  }

  /** Measures the distance, at most once a second. */
  public void refresh() {
    if (monotonicNanos.getAsLong() - measuredAt >= REFRESH_NANOS) {
      measure();
    }
  }

  private void measure() {
    long before = monotonicNanos.getAsLong();
    long wall = wallNanos.getAsLong();
    long after = monotonicNanos.getAsLong();
    measuredAt = after;
    offset = wall - (before + (after - before) / 2);
  }

  /** Nanoseconds since 1970, UTC, of a moment of CLOCK_MONOTONIC. */
  public long wallNanos(long monotonic) {
    return monotonic + offset;
  }

  /** Now, nanoseconds since 1970, UTC. */
  public long nowNanos() {
    return wallNanos(monotonicNanos.getAsLong());
  }
}
