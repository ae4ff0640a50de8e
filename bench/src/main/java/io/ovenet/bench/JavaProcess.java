package io.ovenet.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** A process of this benchmark that says lines, ends when its input does, and costs something. */
final class JavaProcess {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final Process process;
  private final Thread reader;
  private final Path log;

  /**
   * What a process has taken so far.
   *
   * @param read bytes that it has read, from files and connections
   */
  record Taken(long atNanos, Duration processor, long read) {
    /** Cores in the time between. */
    double cores(Taken before) {
      return processor.minus(before.processor).toNanos() / (double) (atNanos - before.atNanos);
    }

    double readPerSecond(Taken before) {
      return (read - before.read) * 1e9 / (atNanos - before.atNanos);
    }
  }

  private JavaProcess(Process process, Path log, Consumer<String> lines) {
    this.process = process;
    this.log = log;
    this.reader =
        Thread.ofPlatform()
            .daemon()
            .name("lines-of-" + process.pid())
            .start(() -> process.inputReader().lines().forEach(lines));
  }

  /**
   * Starts it.
   *
   * @param command with all its arguments
   * @param log of what it says to standard error
   * @param lines told of each line, on a thread of their own
   */
  static JavaProcess start(List<String> command, Path log, Consumer<String> lines)
      throws IOException {
    var builder =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()));
    return new JavaProcess(builder.start(), log, lines);
  }

  /** Fails if it has ended. */
  void check() throws IOException {
    if (!process.isAlive()) {
      List<String> said = Files.readAllLines(log);
      throw new IOException(
          "a process ended with "
              + process.exitValue()
              + ": "
              + String.join(" | ", said.subList(Math.max(0, said.size() - 5), said.size())));
    }
  }

  Taken taken() throws IOException {
    check();
    return new Taken(
        System.nanoTime(),
        process.info().totalCpuDuration().orElse(Duration.ZERO),
        number("io", "rchar:"));
  }

  /** MiB. */
  long resident() throws IOException {
    check();
    return number("status", "VmRSS:") >> 10;
  }

  private long number(String file, String field) throws IOException {
    Path path = Path.of("/proc", Long.toString(process.pid()), file);
    for (String line : Files.readAllLines(path)) {
      if (line.startsWith(field)) {
        return Long.parseLong(line.replaceAll("\\D", ""));
      }
    }
    throw new IOException(path + " has no " + field);
  }

  /** At once, as a machine's failure would. */
  void kill() throws InterruptedException {
    process.destroyForcibly().waitFor();
    reader.join();
  }

  /** Tidily, or by force. */
  void end() throws IOException, InterruptedException {
    if (process.isAlive()) {
      process.getOutputStream().close();
      process.destroy();
      if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
        process.destroyForcibly().waitFor();
      }
    }
    reader.join();
  }
}
