package io.ovenet.lab;

import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;

/**
 * The probes of one run of a container: each on a thread of its own from the container's start
 * until this is closed. Thread-safe.
 */
final class ContainerProbes implements AutoCloseable {
  /** One of a container without probes. */
  static final ContainerProbes NONE = new ContainerProbes(List.of(), _ -> true, () -> {}, _ -> {});

  /** Whether one try succeeds. */
  @FunctionalInterface
  interface Check {
    boolean passes(ProbeSpec probe) throws InterruptedException;
  }

  private final Check check;
  private final Runnable changed;
  private final Consumer<ProbeSpec.Kind> failed;
  private final List<Thread> threads;
  private volatile boolean started;
  private volatile boolean ready;
  private volatile boolean closed;

  /**
   * Begins with a startup probe, or with all others where there is none.
   *
   * @param changed told that {@link #ready} or {@link #started} is something else now
   * @param failed told that the container has to end, at most once by each probe
   */
  ContainerProbes(
      List<ProbeSpec> probes, Check check, Runnable changed, Consumer<ProbeSpec.Kind> failed) {
    this.check = check;
    this.changed = changed;
    this.failed = failed;
    this.started = probes.stream().noneMatch(each -> each.kind() == ProbeSpec.Kind.STARTUP);
    this.ready = probes.stream().noneMatch(each -> each.kind() == ProbeSpec.Kind.READINESS);
    this.threads =
        probes.stream()
            .map(each -> Thread.ofVirtual().name("probe-" + each.kind()).unstarted(() -> run(each)))
            .toList();
    threads.forEach(Thread::start);
  }

  boolean started() {
    return started;
  }

  boolean ready() {
    return started && ready;
  }

  private void run(ProbeSpec probe) {
    try {
      while (probe.kind() != ProbeSpec.Kind.STARTUP && !started) {
        awaitStart();
      }
      Thread.sleep(probe.delay());
      // As the container begins: not ready, and alive until the opposite is shown.
      boolean passes = probe.kind() == ProbeSpec.Kind.LIVENESS;
      int other = 0;
      while (!closed) {
        boolean now = check.passes(probe);
        if (probe.kind() == ProbeSpec.Kind.STARTUP && now) {
          start();
          return;
        }
        boolean counts = probe.kind() == ProbeSpec.Kind.STARTUP || now != passes;
        other = counts ? other + 1 : 0;
        if (other >= (now ? probe.successes() : probe.failures())) {
          passes = now;
          other = 0;
          if (!settle(probe.kind(), now)) {
            return;
          }
        }
        Thread.sleep(probe.period());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Takes note of what a probe has come to; false if there is nothing more to probe. */
  private boolean settle(ProbeSpec.Kind kind, boolean passes) {
    if (kind == ProbeSpec.Kind.READINESS) {
      ready = passes;
      changed.run();
      return true;
    }
    if (!passes && !closed) {
      failed.accept(kind);
      return false;
    }
    return true;
  }

  private synchronized void start() {
    started = true;
    notifyAll();
    changed.run();
  }

  private synchronized void awaitStart() throws InterruptedException {
    while (!started) {
      wait(Duration.ofSeconds(10).toMillis());
    }
  }

  @Override
  public void close() {
    closed = true;
    threads.forEach(Thread::interrupt);
  }
}
