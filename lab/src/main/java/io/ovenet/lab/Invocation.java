package io.ovenet.lab;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One run of a program of this machine: its arguments, input, environment and the time it may take.
 * Immutable.
 *
 * @param environment what the program sees, or null for this process' own environment
 */
record Invocation(
    List<String> arguments,
    String input,
    @Nullable Map<String, String> environment,
    Duration limit) {
  /** What the program left behind. */
  record Outcome(int exitCode, String output, String errors) {}

  private static final Executor READERS = task -> Thread.ofVirtual().name("lab-output").start(task);

  Invocation {
    arguments = List.copyOf(arguments);
  }

  static Invocation of(List<String> arguments) {
    return new Invocation(arguments, "", null, Duration.ofSeconds(30));
  }

  static Invocation of(String... arguments) {
    return of(List.of(arguments));
  }

  Invocation input(String text) {
    return new Invocation(arguments, text, environment, limit);
  }

  Invocation limit(Duration newLimit) {
    return new Invocation(arguments, input, environment, newLimit);
  }

  Invocation environment(Map<String, String> newEnvironment) {
    return new Invocation(arguments, input, Map.copyOf(newEnvironment), limit);
  }

  /**
   * The same arguments, started as a member of a control group from its first instruction on: a
   * process moved later could already have children outside.
   */
  static List<String> joining(Path controlGroupProcs, List<String> arguments) {
    List<String> joined = new ArrayList<>(arguments.size() + 4);
    joined.addAll(
        List.of("/bin/sh", "-c", "echo $$ >\"$0\" && exec \"$@\"", controlGroupProcs.toString()));
    joined.addAll(arguments);
    return joined;
  }

  /** Runs the program to its end and answers with its exit code, whatever that is. */
  Outcome run() throws IOException, InterruptedException {
    ProcessBuilder builder = new ProcessBuilder(arguments);
    if (environment != null) {
      builder.environment().clear();
      builder.environment().putAll(environment);
    }
    Process process;
    try {
      process = builder.start();
    } catch (IOException e) {
      throw new LabException(
          "cannot start " + arguments.getFirst() + ": run `ovenet doctor` to see what is missing",
          e);
    }
    CompletableFuture<String> output = drain(process.getInputStream());
    CompletableFuture<String> errors = drain(process.getErrorStream());
    try {
      feed(process);
      if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
        throw new LabException(
            "`" + String.join(" ", arguments) + "` took longer than " + limit.toSeconds() + " s");
      }
      return new Outcome(process.exitValue(), output.get(), errors.get());
    } catch (ExecutionException e) {
      throw new LabException("cannot read the output of " + arguments.getFirst(), e.getCause());
    } finally {
      if (process.isAlive()) {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
      }
    }
  }

  /** Runs the program; anything but exit code 0 is an exception that carries its errors. */
  String succeed() throws IOException, InterruptedException {
    Outcome outcome = run();
    if (outcome.exitCode() != 0) {
      throw new LabException(
          "`"
              + String.join(" ", arguments)
              + "` failed with "
              + outcome.exitCode()
              + (input.isEmpty() ? "" : " on input\n" + input)
              + ": "
              + (outcome.errors().isBlank() ? outcome.output() : outcome.errors()).strip());
    }
    return outcome.output();
  }

  private void feed(Process process) throws IOException {
    try (OutputStream stdin = process.getOutputStream()) {
      stdin.write(input.getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      // A program that never reads its input may be gone already; its exit code tells the rest.
      if (process.isAlive() && !input.isEmpty()) {
        throw e;
      }
    }
  }

  private static CompletableFuture<String> drain(InputStream stream) {
    return CompletableFuture.supplyAsync(
        () -> {
          try (stream) {
            ByteArrayOutputStream all = new ByteArrayOutputStream();
            stream.transferTo(all);
            return all.toString(StandardCharsets.UTF_8);
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        },
        READERS);
  }
}
