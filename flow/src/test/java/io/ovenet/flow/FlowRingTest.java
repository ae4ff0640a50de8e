package io.ovenet.flow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

final class FlowRingTest {
  private static KernelLoss entry(long sequence) {
    return new KernelLoss(sequence, sequence * 10, 0, 1);
  }

  @Test
  void holdsItsCapacityAndSaysWhatIsMissing() {
    FlowRing ring = new FlowRing(7);
    assertThat(ring.read(0)).isEqualTo(RingRead.Missing.NOT_YET);
    for (long i = 0; i < 20; i++) {
      ring.write(entry(i));
    }
    assertThat(ring.oldest()).isEqualTo(13);
    for (long i = 13; i < 20; i++) {
      assertThat(ring.read(i)).isEqualTo(entry(i));
    }
    assertThat(ring.read(3)).isEqualTo(RingRead.Missing.OVERWRITTEN);
    assertThat(ring.read(20)).isEqualTo(RingRead.Missing.NOT_YET);
  }

  @Test
  void refusesOtherCapacitiesAndGaps() {
    for (int capacity : new int[] {0, 2, 4096, 131_071}) {
      assertThatThrownBy(() -> new FlowRing(capacity)).hasMessageContaining("2^n-1");
    }
    assertThatThrownBy(() -> new FlowRing(7).write(entry(1))).hasMessageContaining("written at 0");
  }

  @Test
  @Timeout(60)
  void readersSeeEachEntryOnceAndCountTheRest() throws Exception {
    FlowRing ring = new FlowRing(255);
    long entries = 400_000;
    try (var threads = Executors.newFixedThreadPool(3)) {
      List<Future<Long>> readers = new ArrayList<>();
      Callable<Long> reader =
          () -> {
            long position = 0;
            long read = 0;
            long missed = 0;
            while (position < entries) {
              switch (ring.read(position)) {
                case RingEntry entry -> {
                  assertThat(entry.sequence()).isEqualTo(position);
                  assertThat(entry.time()).isEqualTo(position * 10);
                  read++;
                  position++;
                }
                case RingRead.Missing.OVERWRITTEN -> {
                  long oldest = ring.oldest();
                  assertThat(oldest).isGreaterThan(position);
                  missed += oldest - position;
                  position = oldest;
                }
                case RingRead.Missing.NOT_YET -> ring.await(position, TimeUnit.SECONDS.toNanos(10));
              }
            }
            return read + missed;
          };
      readers.add(threads.submit(reader));
      readers.add(threads.submit(reader));
      threads
          .submit(
              () -> {
                for (long i = 0; i < entries; i++) {
                  ring.write(entry(i));
                  if (i % 64 == 0) {
                    ring.wake();
                  }
                }
                ring.wake();
              })
          .get();
      for (Future<Long> result : readers) {
        assertThat(result.get()).isEqualTo(entries);
      }
    }
  }
}
