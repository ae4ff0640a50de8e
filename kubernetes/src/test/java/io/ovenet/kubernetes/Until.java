package io.ovenet.kubernetes;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Waits for a condition, with a ceiling that only a defect reaches. */
final class Until {
  private static final Duration CEILING = Duration.ofSeconds(30);

  private Until() {}

  static void holds(String what, BooleanSupplier condition) {
    var deadline = System.nanoTime() + CEILING.toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError("not within " + CEILING + ": " + what);
      }
      LockSupport.parkNanos(1_000_000);
    }
  }
}
