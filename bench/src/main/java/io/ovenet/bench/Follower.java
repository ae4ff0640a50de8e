package io.ovenet.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;

/**
 * A follower of all flows, and what it was told that was lost: a {@link FlowCounter}, which is
 * asked between measurements and is silent while one runs. For one thread.
 */
final class Follower implements AutoCloseable {
  private static final Path HOME = Path.of(System.getenv().getOrDefault("OVENET_HOME", "."));
  private static final Duration QUIET = Duration.ofMillis(700);
  private static final Duration CEILING = Duration.ofSeconds(20);

  private final Process process;
  private final BufferedReader answers;

  private Follower(Process process) {
    this.process = process;
    this.answers = process.inputReader();
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

  /** Follows the agent that serves on a unix socket. */
  static Follower start(Path socket) throws IOException {
    return start(socket, 0);
  }

  /**
   * The same.
   *
   * @param aSecond how many answers it takes a second until it is first asked what it was told; 0:
   *     all
   */
  static Follower start(Path socket, int aSecond) throws IOException {
    return new Follower(
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "@" + HOME.resolve("target/ovenet/bench.args"),
                "-Xmx64m",
                FlowCounter.class.getName(),
                socket.toString(),
                Integer.toString(aSecond))
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start());
  }

  /** Waits until a slow one is told of every flow that comes from now on. */
  void begun() throws IOException {
    if (!"begun".equals(answers.readLine())) {
      throw new IOException("the follower of the flows did not begin");
    }
  }

  long pid() {
    return process.pid();
  }

  /** Processor time that it has had. */
  Duration processorTime() {
    return process.info().totalCpuDuration().orElse(Duration.ZERO);
  }

  private Account account() throws IOException {
    if (!process.isAlive()) {
      throw new IOException("the follower of the flows ended with " + process.exitValue());
    }
    process.getOutputStream().write("\n".getBytes(StandardCharsets.US_ASCII));
    process.getOutputStream().flush();
    String answer = answers.readLine();
    if (answer == null) {
      throw new IOException("the follower of the flows has ended");
    }
    String[] numbers = answer.split(" ", -1);
    return new Account(
        Long.parseLong(numbers[0]), Long.parseLong(numbers[1]), Long.parseLong(numbers[2]));
  }

  /** What it has been told once nothing more comes. */
  Account settled() throws IOException {
    long deadline = System.nanoTime() + CEILING.toNanos();
    Account before = account();
    while (true) {
      LockSupport.parkNanos(QUIET.toNanos());
      Account now = account();
      if (now.equals(before)) {
        return now;
      }
      if (System.nanoTime() > deadline) {
        throw new IOException("flows keep coming without traffic: " + now.minus(before));
      }
      before = now;
    }
  }

  /** Ends it; its input's end would do, too. */
  @Override
  public void close() {
    process.destroy();
    process.onExit().join();
  }
}
