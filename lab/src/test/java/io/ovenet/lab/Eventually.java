package io.ovenet.lab;

import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.Callable;

/** Waits for a condition with a generous ceiling. */
final class Eventually {
  private static final Duration CEILING = Duration.ofSeconds(90);

  private Eventually() {}

  static void holds(String what, Callable<Boolean> condition) throws Exception {
    Instant deadline = Instant.now().plus(CEILING);
    while (!condition.call()) {
      if (Instant.now().isAfter(deadline)) {
        throw new AssertionError("not within " + CEILING.toSeconds() + " s: " + what);
      }
      Thread.sleep(20);
    }
  }
}
