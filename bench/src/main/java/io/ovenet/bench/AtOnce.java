package io.ovenet.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** One thing for many pods at the same time, each on a thread of its own. */
final class AtOnce {
  private AtOnce() {}

  /** What is done for one pod. */
  interface Action {
    void run(BenchPod pod) throws IOException;
  }

  /** Nanoseconds from the common begin to the end of each. */
  static List<Long> run(List<BenchPod> pods, Action action)
      throws IOException, InterruptedException {
    List<Future<Long>> ends = new ArrayList<>();
    List<Long> nanos = new ArrayList<>();
    CountDownLatch gate = new CountDownLatch(1);
    try (var threads = Executors.newThreadPerTaskExecutor(Thread.ofPlatform().factory())) {
      for (BenchPod pod : pods) {
        ends.add(
            threads.submit(
                () -> {
                  gate.await();
                  action.run(pod);
                  return System.nanoTime();
                }));
      }
      long begin = System.nanoTime();
      gate.countDown();
      for (Future<Long> end : ends) {
        nanos.add(end.get() - begin);
      }
    } catch (ExecutionException e) {
      throw new IOException("one of many at once failed: " + e.getCause(), e);
    }
    return nanos;
  }

  static long last(List<Long> nanos) {
    return Collections.max(nanos);
  }
}
