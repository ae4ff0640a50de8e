package io.ovenet.cli.demo;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Runs the product's own commands, as a person at the keyboard would. */
final class Launcher {
  private final Path home;
  private final Set<Process> running = new HashSet<>();
  private boolean stopped;

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
    Process process = start(new ProcessBuilder(command(arguments)).redirectError(errors));
    try {
      process.getOutputStream().close();
      String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return new Result(process.waitFor(), out);
    } finally {
      process.destroy();
      ended(process);
    }
  }

  private List<String> command(List<String> arguments) {
    List<String> command = new ArrayList<>();
    command.add(home.resolve("ovenet").toString());
    command.addAll(arguments);
    return command;
  }

  /** INVARIANT: once stopped, nothing is started any more. */
  private synchronized Process start(ProcessBuilder command) throws IOException {
    if (stopped) {
      throw new IOException("interrupted");
    }
    Process process = command.start();
    running.add(process);
    return process;
  }

  private synchronized void ended(Process process) {
    running.remove(process);
  }

  /** Runs a command that shows its own progress. */
  int runInForeground(String... arguments) throws IOException, InterruptedException {
    Process process = start(new ProcessBuilder(command(List.of(arguments))).inheritIO());
    try {
      return process.waitFor();
    } finally {
      ended(process);
    }
  }

  /** Ends what runs, waits for it, and lets nothing else begin. */
  synchronized void stop() throws InterruptedException {
    stopped = true;
    running.forEach(Process::destroy);
    for (Process process : running) {
      process.waitFor();
    }
  }

  /**
   * Takes the lab down, also after {@link #stop}; in a session of its own, so that a second Ctrl-C
   * doesn't stop it half way.
   */
  int takeDown() throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("setsid", "--wait"));
    command.addAll(command(List.of("lab", "down")));
    return new ProcessBuilder(command).inheritIO().start().waitFor();
  }
}
