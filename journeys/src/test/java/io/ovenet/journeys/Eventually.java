package io.ovenet.journeys;

import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.Callable;

/** Waits for a condition with a generous ceiling. */
final class Eventually {
  private static final Duration CEILING = Duration.ofMinutes(2);

  private Eventually() {}

  static void holds(String what, Callable<Boolean> condition) throws Exception {
    Instant deadline = Instant.now().plus(CEILING);
    while (true) {
      long began = System.nanoTime();
      if (condition.call()) {
        return;
      }
      if (Instant.now().isAfter(deadline)) {
        throw new AssertionError("not within " + CEILING.toMinutes() + " minutes: " + what);
      }
      // Some start a process to look: others want the processor, too.
      Thread.sleep(Math.max(20, (System.nanoTime() - began) / 1_000_000));
    }
  }
}
