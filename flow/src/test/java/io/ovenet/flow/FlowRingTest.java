package io.ovenet.flow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import javax.management.ObjectName;
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
  void dropsAreKeptWhenTheyGo() {
    FlowRing ring = new FlowRing(7);
    int flood = 5000;
    for (int i = 0; i < flood; i++) {
      Event event = i < 100 && i % 2 == 0 ? Flows.drop() : Flows.trace();
      ring.write(Flows.record(event.time(i + 1), i));
    }
    var found = new ArrayList<Long>();
    long position = 0;
    FlowRecord drop;
    while ((drop = ring.drop(position, ring.next())) != null) {
      found.add(drop.sequence());
      position = drop.sequence() + 1;
    }
    assertThat(found).isEqualTo(LongStream.range(0, 50).map(i -> i * 2).boxed().toList());
    for (int i = 0; i < flood; i++) {
      ring.write(Flows.record(Flows.drop().time(flood + i + 1), flood + i));
    }
    assertThat(ring.drops().next() - ring.drops().oldest()).as("bounded").isEqualTo(127);
    assertThat(ring.drop(0, ring.next()))
        .isNotNull()
        .extracting(FlowRecord::sequence)
        .isEqualTo(2 * flood - 7 - 127L);
  }

  /** What one reads while drops move from one ring to the other: each once, none missed. */
  @Test
  @Timeout(60)
  void aReaderOfDropsMissesNoneWhileTheyMove() throws Exception {
    FlowRing ring = new FlowRing(255);
    int flows = 200_000;
    var read = new java.util.concurrent.atomic.AtomicLong(-1);
    try (var threads = Executors.newSingleThreadExecutor()) {
      Future<?> writer =
          threads.submit(
              () -> {
                for (int i = 0; i < flows; i++) {
                  // No drop may be older than what both rings hold.
                  while (i - read.get() > 100 * 100) {
                    Thread.onSpinWait();
                  }
                  ring.write(Flows.record(i % 100 == 0 ? Flows.drop() : Flows.trace(), i));
                }
              });
      long position = 0;
      for (long expected = 0; expected < flows; expected += 100) {
        FlowRecord drop = ring.drop(position, flows);
        while (drop == null) {
          drop = ring.drop(position, flows);
        }
        assertThat(drop.sequence()).isEqualTo(expected);
        position = expected + 1;
        read.set(expected);
      }
      writer.get();
    }
  }

  @Test
  @Timeout(60)
  void isBoundedInBytes() throws Exception {
    FlowRing ring = new FlowRing(FlowRing.MAX_CAPACITY);
    long before = used();
    var text = "x".repeat(250);
    for (int i = 0; i < 200_000; i++) {
      FlowRecord plain = Flows.record(i % 2 == 0 ? Flows.drop() : Flows.trace(), i);
      ring.write(i % 3 == 0 ? new FlowRecordBuilder(plain).dns(text + i).build() : plain);
    }
    long bytes = used() - before;
    assertThat(ring.next() - ring.oldest()).isBetween(20_000L, 65_534L);
    assertThat(bytes).as("of both rings").isLessThanOrEqualTo(32L << 20);
    for (int i = 200_000; i < 300_000; i++) {
      ring.write(Flows.record(Flows.trace(), i));
    }
    assertThat(ring.next() - ring.oldest()).as("of plain ones all").isEqualTo(65_535);
  }

  /** Bytes of all objects that are reachable, without what a collector fills gaps with. */
  private static long used() throws Exception {
    var histogram =
        (String)
            ManagementFactory.getPlatformMBeanServer()
                .invoke(
                    new ObjectName("com.sun.management:type=DiagnosticCommand"),
                    "gcClassHistogram",
                    new Object[] {new String[0]},
                    new String[] {String[].class.getName()});
    long bytes = 0;
    for (String line : histogram.lines().toList()) {
      String[] words = line.strip().split("\\s+", -1);
      if (words.length >= 4 && words[0].endsWith(":") && !words[3].contains("FillerElement")) {
        bytes += Long.parseLong(words[2]);
      }
    }
    return bytes;
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
