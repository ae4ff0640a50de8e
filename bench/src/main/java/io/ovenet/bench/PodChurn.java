package io.ovenet.bench;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** Pods that go and come, one after the other, until it is closed; none if the list is empty. */
final class PodChurn implements AutoCloseable {
  private static final long EVERY_NANOS = 200_000_000;

  private final List<BenchPod> pods;
  private final @Nullable Thread thread;
  private volatile boolean ended;
  private volatile int count;
  private volatile @Nullable IOException failure;

  PodChurn(List<BenchPod> pods) {
    this.pods = pods;
    thread = pods.isEmpty() ? null : Thread.ofPlatform().name("pod-churn").start(this::run);
  }

  private void run() {
    try {
      for (int i = 0; !ended; i++) {
        BenchPod pod = pods.get(i % pods.size());
        pod.delete();
        pod.add();
        count = i + 1;
        LockSupport.parkNanos(EVERY_NANOS);
      }
    } catch (IOException e) {
      failure = e;
    }
  }

  /** How many went and came. */
  int count() throws IOException {
    IOException e = failure;
    if (e != null) {
      throw new IOException("pods could not go and come: " + e.getMessage(), e);
    }
    return count;
  }

  @Override
  public void close() {
    ended = true;
    if (thread != null) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
