package io.ovenet.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Counts what a follower of the flows gets, and what it is told that it lost. */
final class Follower implements AutoCloseable {
  private static final Pattern LOST = Pattern.compile("\"num_events_lost\":\"?(\\d+)");
  private final Process process;
  private final AtomicLong flows = new AtomicLong();
  private final AtomicLong lost = new AtomicLong();

  private Follower(Process process) {
    this.process = process;
  }

  static Follower start(ProcessBuilder command) throws IOException {
    Follower follower =
        new Follower(command.redirectError(ProcessBuilder.Redirect.INHERIT).start());
    Thread.ofPlatform().daemon().name("follower").start(follower::count);
    return follower;
  }

  private void count() {
    try (BufferedReader lines = process.inputReader()) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (line.contains("\"lost_events\"")) {
          Matcher matcher = LOST.matcher(line);
          lost.addAndGet(matcher.find() ? Long.parseLong(matcher.group(1)) : 0);
        } else {
          flows.incrementAndGet();
        }
      }
    } catch (IOException failure) {
      throw new UncheckedIOException("the follower's output", failure);
    }
  }

  long flows() {
    return flows.get();
  }

  long lost() {
    return lost.get();
  }

  @Override
  public void close() {
    process.destroy();
  }
}
