package io.ovenet.operator;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keys to be reconciled, one at a time on a virtual thread of its own: a key that is added again
 * while it waits is reconciled once, one whose reconciliation fails is tried again later.
 */
final class WorkQueue<K> implements AutoCloseable {
  /** Brings one object to where it should be; doing it twice must change nothing. */
  interface Reconciler<K> {
    void reconcile(K key) throws IOException;
  }

  private static final Logger LOG = LoggerFactory.getLogger(WorkQueue.class);
  private static final long FIRST_RETRY_NANOS = 50_000_000L;
  private static final long LAST_RETRY_NANOS = 30_000_000_000L;

  private final String name;
  private final Reconciler<K> reconciler;
  private final OperatorMetrics metrics;
  private final Map<K, Integer> failures = new HashMap<>();

  /** Keys to when each is due, by {@link System#nanoTime}. */
  private final Map<K, Long> due = new HashMap<>();

  private final AtomicLong done = new AtomicLong();
  private final AtomicLong failed = new AtomicLong();
  private final Thread thread;
  private boolean closed;

  /**
   * Begins.
   *
   * @param name what its keys are
   * @param metrics told of its work
   */
  WorkQueue(String name, OperatorMetrics metrics, Reconciler<K> reconciler) {
    this.name = name;
    this.reconciler = reconciler;
    this.metrics = metrics;
    metrics.add(this);
    this.thread = Thread.ofVirtual().name(name).start(this::run);
  }

  String name() {
    return name;
  }

  /** Reconciliations so far that came to their end. */
  long done() {
    return done.get();
  }

  /** Those that did not. */
  long failed() {
    return failed.get();
  }

  /** Keys that wait. */
  synchronized int waiting() {
    return due.size();
  }

  synchronized void add(K key) {
    due.put(key, System.nanoTime());
    notifyAll();
  }

  /** Reconciled after a while, or sooner if it waits already. */
  synchronized void addLater(K key, Duration delay) {
    due.putIfAbsent(key, System.nanoTime() + delay.toNanos());
    notifyAll();
  }

  private void run() {
    for (var key = next(); key != null; key = next()) {
      try {
        reconciler.reconcile(key);
        failures.remove(key);
        done.incrementAndGet();
      } catch (IOException | UncheckedIOException e) {
        retry(key, e);
      } catch (RuntimeException e) {
        LOG.error("{} {}: a defect", name, key, e);
        retry(key, e);
      }
    }
  }

  private void retry(K key, Exception e) {
    failed.incrementAndGet();
    var count = failures.merge(key, 1, Integer::sum);
    if (count == 1 || count % 10 == 0) {
      LOG.warn("{} {}: failed {} times, trying again: {}", name, key, count, e.getMessage());
    }
    var delay = Math.min(FIRST_RETRY_NANOS << Math.min(count, 16), LAST_RETRY_NANOS);
    synchronized (this) {
      due.putIfAbsent(key, System.nanoTime() + delay);
    }
  }

  private synchronized @Nullable K next() {
    while (!closed) {
      var now = System.nanoTime();
      K earliest = null;
      var wait = Long.MAX_VALUE;
      for (var entry : due.entrySet()) {
        if (entry.getValue() - now < wait) {
          wait = entry.getValue() - now;
          earliest = entry.getKey();
        }
      }
      if (earliest != null && wait <= 0) {
        due.remove(earliest);
        return earliest;
      }
      try {
        wait(earliest == null ? 0 : wait / 1_000_000 + 1);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return null;
      }
    }
    return null;
  }

  /** Ends; a reconciliation under way is waited for. */
  @Override
  public void close() {
    metrics.remove(this);
    synchronized (this) {
      closed = true;
      notifyAll();
    }
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
