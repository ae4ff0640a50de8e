package io.ovenet.lab.api;

import java.time.Duration;

/** Waits for conditions, with a ceiling. */
final class Awaits {
  private Awaits() {}

  /** A condition whose check may fail. */
  @FunctionalInterface
  interface Condition {
    boolean holds() throws Exception;
  }

  static void until(Duration ceiling, Condition condition) throws Exception {
    long end = System.nanoTime() + ceiling.toNanos();
    while (!condition.holds()) {
      if (System.nanoTime() > end) {
        throw new AssertionError("the condition didn't come true within " + ceiling);
      }
      Thread.sleep(10);
    }
  }
}
