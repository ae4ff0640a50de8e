package io.ovenet.agent;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The thread that alone changes the tables of services. It takes whatever changes are queued, never
 * waits for more, and brings the kernel to their sum. A service that finds no room is tried again
 * and holds up no other.
 */
final class ServiceSteering implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(ServiceSteering.class);
  private static final Duration RETRY = Duration.ofSeconds(5);

  private final ServiceTable table;
  private final ServiceRealizer realizer;
  private final Consumer<Map<String, ServiceView>> whenRealized;
  private final LinkedBlockingQueue<Runnable> queue = new LinkedBlockingQueue<>();
  private final Map<String, ServiceView> pending = new HashMap<>();
  private final Thread thread;
  private boolean started;
  private boolean completed;
  private boolean stopped;
  private @Nullable String told;

  /**
   * Starts the thread. Until {@link #begin} changes are taken in, but the kernel is left as it is.
   *
   * @param whenRealized told of all services after each change, on the thread
   */
  ServiceSteering(
      ServiceTable table,
      ServiceRealizer realizer,
      Consumer<Map<String, ServiceView>> whenRealized) {
    this.table = table;
    this.realizer = realizer;
    this.whenRealized = whenRealized;
    thread = Thread.ofPlatform().name("services").start(this::run);
  }

  /** Queues a change. */
  void submit(Consumer<ServiceTable> change) {
    queue.add(() -> change.accept(table));
  }

  /** From here on the kernel follows: every source has told what it knows. */
  CompletableFuture<Void> begin() {
    var begun = new CompletableFuture<Void>();
    queue.add(
        () -> {
          started = true;
          queue.add(() -> begun.complete(null));
        });
    return begun;
  }

  /** Asks about what is wanted, on the thread. */
  <T> CompletableFuture<T> ask(Function<ServiceTable, T> question) {
    var answer = new CompletableFuture<T>();
    queue.add(
        () -> {
          try {
            answer.complete(question.apply(table));
          } catch (RuntimeException e) {
            answer.completeExceptionally(e);
          }
        });
    return answer;
  }

  private void run() {
    while (!stopped) {
      try {
        var step =
            pending.isEmpty() ? queue.take() : queue.poll(RETRY.toMillis(), TimeUnit.MILLISECONDS);
        while (step != null && !stopped) {
          take(step);
          step = queue.poll();
        }
      } catch (InterruptedException e) {
        throw new IllegalStateException("nobody interrupts the services' thread", e);
      }
      if (started && !stopped) {
        settle();
      }
    }
  }

  private static void take(Runnable step) {
    try {
      step.run();
    } catch (RuntimeException e) {
      log.error("a change of a service could not be taken in", e);
    }
  }

  private void settle() {
    var changes = table.changes();
    pending.putAll(changes);
    if (pending.isEmpty() && completed) {
      return;
    }
    changes
        .values()
        .forEach(view -> view.notes().forEach(note -> log.warn("{}: {}", view.service(), note)));
    long now = System.nanoTime();
    try {
      realizer.realize(Map.copyOf(pending), now);
      pending.clear();
    } catch (RuntimeException e) {
      // One at a time, so that one that finds no room holds up no other.
      for (var name : new ArrayList<>(pending.keySet())) {
        attempt(name, now);
      }
    }
    if (!completed) {
      realizer.complete(now);
      completed = true;
    }
    if (pending.isEmpty()) {
      realizer.settled(now);
      if (told != null) {
        log.info("what of services was not in force before is now");
        told = null;
      }
    }
    whenRealized.accept(table.views());
  }

  private void attempt(String name, long now) {
    var view = pending.get(name);
    try {
      if (view != null) {
        realizer.realize(Map.of(name, view), now);
        pending.remove(name);
      }
    } catch (RuntimeException e) {
      if (told == null) {
        log.error(
            "ALARM: service {} could not be brought into force; what was in force of it stays; trying"
                + " again every {} s",
            name,
            RETRY.toSeconds(),
            e);
        told = name;
      }
    }
  }

  /** Ends the thread; what is in the kernel stays. */
  @Override
  public void close() {
    queue.add(() -> stopped = true);
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
