package io.ovenet.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Counts what a follower of the flows gets, and what it is told that was lost. */
final class Follower implements AutoCloseable {
  private static final Pattern LOST = Pattern.compile("\"num_events_lost\":\"?(\\d+)");
  private static final Duration QUIET = Duration.ofMillis(700);
  private static final Duration CEILING = Duration.ofSeconds(20);

  private final Process process;
  private final AtomicLong flows = new AtomicLong();
  private final AtomicLong lostInKernel = new AtomicLong();
  private final AtomicLong lostByReader = new AtomicLong();
  private volatile boolean closed;

  private Follower(Process process) {
    this.process = process;
  }

  /**
   * Since the beginning.
   *
   * @param flows that came
   * @param lostInKernel that the kernel's ring had no room for
   * @param lostByReader that the agent's ring overwrote before this reader had them
   */
  record Account(long flows, long lostInKernel, long lostByReader) {
    Account minus(Account earlier) {
      return new Account(
          flows - earlier.flows,
          lostInKernel - earlier.lostInKernel,
          lostByReader - earlier.lostByReader);
    }

    Account plus(Account other) {
      return new Account(
          flows + other.flows,
          lostInKernel + other.lostInKernel,
          lostByReader + other.lostByReader);
    }

    /** Of all events, 0 to 1. */
    double lostShare() {
      long lost = lostInKernel + lostByReader;
      return lost == 0 ? 0 : (double) lost / (flows + lost);
    }
  }

  static Follower start(ProcessBuilder command) throws IOException {
    Follower follower =
        new Follower(command.redirectError(ProcessBuilder.Redirect.INHERIT).start());
    Thread.ofPlatform().daemon().name("follower").start(follower::count);
    return follower;
  }

  long pid() {
    return process.pid();
  }

  private void count() {
    try (BufferedReader lines = process.inputReader()) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (line.contains("\"lost_events\"")) {
          Matcher matcher = LOST.matcher(line);
          long events = matcher.find() ? Long.parseLong(matcher.group(1)) : 0;
          (line.contains("HUBBLE_RING_BUFFER") ? lostByReader : lostInKernel).addAndGet(events);
        } else {
          flows.incrementAndGet();
        }
      }
    } catch (IOException failure) {
      if (!closed) {
        System.err.println("ovenet bench: the follower's output: " + failure);
      }
    }
  }

  private Account account() {
    return new Account(flows.get(), lostInKernel.get(), lostByReader.get());
  }

  /** What it has been told once nothing more comes. */
  Account settled() throws IOException {
    long deadline = System.nanoTime() + CEILING.toNanos();
    Account before = account();
    while (true) {
      LockSupport.parkNanos(QUIET.toNanos());
      Account now = account();
      if (!process.isAlive()) {
        throw new IOException("the follower ended with " + process.exitValue());
      }
      if (now.equals(before)) {
        return now;
      }
      if (System.nanoTime() > deadline) {
        throw new IOException("flows keep coming without traffic: " + now.minus(before));
      }
      before = now;
    }
  }

  @Override
  public void close() {
    closed = true;
    process.destroy();
  }
}
