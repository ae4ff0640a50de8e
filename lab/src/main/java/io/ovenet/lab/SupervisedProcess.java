package io.ovenet.lab;

import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A process that is started again whenever it ends: soon where somebody killed it, else after a
 * pause that doubles up to ten seconds and starts over once it has run for a minute. Its output is
 * appended to a file. Thread-safe.
 */
final class SupervisedProcess implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(SupervisedProcess.class);
  private static final Duration FIRST_PAUSE = Duration.ofMillis(200);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(10);
  private static final Duration LASTING = Duration.ofSeconds(60);

  /** As a shell, nsenter and Java tell of a process ended by SIGKILL. */
  private static final int KILLED = 128 + 9;

  private static final Duration GRACE = Duration.ofSeconds(5);

  private final String name;
  private final List<String> arguments;
  private final File log;
  private final Thread supervisor;
  private volatile boolean stopping;
  private volatile @Nullable Process process;

  private SupervisedProcess(String name, List<String> arguments, Path log) {
    this.name = name;
    this.arguments = List.copyOf(arguments);
    this.log = log.toFile();
    this.supervisor = Thread.ofPlatform().daemon().name("supervise-" + name).unstarted(this::keep);
  }

  static SupervisedProcess start(String name, List<String> arguments, Path log) {
    SupervisedProcess supervised = new SupervisedProcess(name, arguments, log);
    supervised.supervisor.start();
    return supervised;
  }

  private void keep() {
    Duration pause = FIRST_PAUSE;
    while (!stopping) {
      Instant started = Instant.now();
      try {
        Process running =
            new ProcessBuilder(arguments)
                .redirectInput(new File("/dev/null"))
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log))
                .start();
        process = running;
        if (stopping) {
          stop(running);
        }
        int code = running.waitFor();
        if (stopping) {
          return;
        }
        // One that is killed again and again, by a test or a person, is not one that can't run.
        if (code == KILLED || Duration.between(started, Instant.now()).compareTo(LASTING) > 0) {
          pause = FIRST_PAUSE;
        }
        LOG.warn(
            "{} ended with {}; starting it again in {} ms, see {}",
            name,
            code,
            pause.toMillis(),
            log);
      } catch (IOException e) {
        LOG.warn("cannot start {}; trying again in {} ms", name, pause.toMillis(), e);
      } catch (InterruptedException e) {
        return;
      }
      try {
        Thread.sleep(pause);
      } catch (InterruptedException e) {
        return;
      }
      Duration doubled = pause.multipliedBy(2);
      pause = doubled.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : doubled;
    }
  }

  /** Asks the process to end, then makes it. It is not started again. */
  @Override
  public void close() {
    stopping = true;
    Process running = process;
    if (running != null) {
      stop(running);
    }
    supervisor.interrupt();
  }

  /** Ends a process and its descendants: behind nsenter the program itself is a child. */
  static void stop(Process process) {
    List<ProcessHandle> descendants = process.descendants().toList();
    if (descendants.isEmpty()) {
      process.destroy();
    } else {
      descendants.forEach(ProcessHandle::destroy);
    }
    boolean interrupted = false;
    try {
      if (process.waitFor(GRACE)) {
        return;
      }
    } catch (InterruptedException e) {
      interrupted = true;
    }
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly();
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
