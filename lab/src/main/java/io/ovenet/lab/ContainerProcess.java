package io.ovenet.lab;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A container: one process after another of the same command, as its pod's restart policy wants.
 * Used by its pod's thread alone.
 */
final class ContainerProcess {
  /** Starts whatever the container runs. */
  @FunctionalInterface
  interface Starter {
    Process start(Path log) throws IOException, InterruptedException;
  }

  /** What became of the last run. */
  record Exit(int code, Instant started, Instant finished) {}

  private final String name;
  private final String image;
  private final Path log;
  private final @Nullable Starter starter;
  private final BiConsumer<String, Integer> exited;
  private @Nullable Process process;
  private @Nullable Instant started;
  private @Nullable Exit lastExit;
  private int restarts;
  private Supplier<ContainerProbes> probing = () -> ContainerProbes.NONE;
  private ContainerProbes probes = ContainerProbes.NONE;

  /**
   * @param starter null for a container that only exists
   * @param exited told of each end, from another thread
   */
  ContainerProcess(
      String name,
      String image,
      Path log,
      @Nullable Starter starter,
      BiConsumer<String, Integer> exited) {
    this.name = name;
    this.image = image;
    this.log = log;
    this.starter = starter;
    this.exited = exited;
  }

  /** Runs a program in a pod's root directory with its output appended to the log. */
  static Process run(
      PodSandbox sandbox, List<String> command, Map<String, String> environment, Path log)
      throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(
                Invocation.joining(
                    sandbox.group().procs(),
                    PodSandbox.inside(sandbox.holder(), sandbox.root(), command)))
            .redirectInput(new File("/dev/null"))
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
    builder.environment().clear();
    builder.environment().putAll(environment);
    return builder.start();
  }

  void start() throws IOException, InterruptedException {
    Files.createDirectories(Objects.requireNonNull(log.getParent()));
    if (!Files.exists(log)) {
      Files.createFile(log);
    }
    if (lastExit != null) {
      restarts++;
    }
    started = Instant.now();
    if (starter != null) {
      Process running = starter.start(log);
      process = running;
      Thread.ofVirtual()
          .name("container-" + name)
          .start(
              () -> {
                try {
                  exited.accept(name, running.waitFor());
                } catch (InterruptedException e) {
                  Thread.currentThread().interrupt();
                }
              });
    }
    probes = probing.get();
  }

  /** Has each run from now on probed as the supplier says. */
  void probe(Supplier<ContainerProbes> byRun) {
    probing = byRun;
  }

  /** The probes of the current run. */
  ContainerProbes probes() {
    return probes;
  }

  /** Takes note of an end; to be called with what {@code exited} was told. */
  void ended(int code) {
    probes.close();
    lastExit = new Exit(code, Objects.requireNonNull(started), Instant.now());
    process = null;
    started = null;
  }

  boolean isRunning() {
    return started != null;
  }

  /** Sends SIGTERM to what runs. */
  void terminate() {
    Process running = process;
    if (running != null) {
      List<ProcessHandle> descendants = running.descendants().toList();
      if (descendants.isEmpty()) {
        running.destroy();
      }
      descendants.forEach(ProcessHandle::destroy);
    }
  }

  /** Ends what runs, at once. */
  void kill() {
    Process running = process;
    if (running != null) {
      running.descendants().forEach(ProcessHandle::destroyForcibly);
      running.destroyForcibly();
    }
  }

  /** Waits for the end of what runs; false if it outlives the time. */
  boolean await(Duration limit) throws InterruptedException {
    Process running = process;
    return running == null || running.waitFor(limit);
  }

  String name() {
    return name;
  }

  String image() {
    return image;
  }

  Path log() {
    return log;
  }

  @Nullable Instant started() {
    return started;
  }

  @Nullable Exit lastExit() {
    return lastExit;
  }

  int restarts() {
    return restarts;
  }
}
