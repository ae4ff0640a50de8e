package io.ovenet.cli.demo;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Runs the product's own commands, as a person at the keyboard would. */
final class Launcher {
  private final Path home;
  private final Set<Process> running = ConcurrentHashMap.newKeySet();

  /**
   * @param home the directory of the {@code ovenet} launcher
   */
  Launcher(Path home) {
    this.home = home;
  }

  /** A finished command. */
  record Result(int exit, String out) {}

  Path home() {
    return home;
  }

  /** Runs one command to its end; its errors go to standard error as they come. */
  Result run(String... arguments) throws IOException, InterruptedException {
    return run(ProcessBuilder.Redirect.INHERIT, List.of(arguments));
  }

  /** Runs one command whose failure is expected, so that what it says is of no interest. */
  Result runQuietly(List<String> arguments) throws IOException, InterruptedException {
    return run(ProcessBuilder.Redirect.DISCARD, arguments);
  }

  private Result run(ProcessBuilder.Redirect errors, List<String> arguments)
      throws IOException, InterruptedException {
    Process process = start(errors, arguments);
    running.add(process);
    try {
      process.getOutputStream().close();
      String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return new Result(process.waitFor(), out);
    } finally {
      running.remove(process);
      process.destroy();
    }
  }

  private Process start(ProcessBuilder.Redirect errors, List<String> arguments) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(home.resolve("ovenet").toString());
    command.addAll(arguments);
    return new ProcessBuilder(command).redirectError(errors).start();
  }

  /** Runs a command that shows its own progress. */
  int runInForeground(String... arguments) {
    List<String> command = new ArrayList<>();
    command.add(home.resolve("ovenet").toString());
    command.addAll(List.of(arguments));
    try {
      return new ProcessBuilder(command).inheritIO().start().waitFor();
    } catch (IOException failure) {
      throw new UncheckedIOException("cannot run " + String.join(" ", command), failure);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      return 130;
    }
  }

  /** Ends what is still running. */
  void stop() {
    running.forEach(Process::destroy);
  }
}
