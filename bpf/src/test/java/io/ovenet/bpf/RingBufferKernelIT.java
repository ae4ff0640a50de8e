package io.ovenet.bpf;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class RingBufferKernelIT {
  private static final int RECORD = 40;
  private static final int RING = 4096;

  /**
   * What a record takes with its header, which is a multiple of 8 that does not divide the ring.
   */
  private static final int SPACE = RECORD + 8;

  private static final int WRITTEN = 0;
  private static final int LOST = 2;
  private static final int DISCARDED = 3;

  private final BpfObject object = TestObject.open("write_ring").load();
  private final BpfMap map = object.map("ring");
  private final BpfMap counters = object.map("counters");
  private final BpfProgram program = object.program("write_ring");
  private final RingBuffer ring = new RingBuffer(map);

  @AfterEach
  void close() {
    ring.close();
    program.close();
    counters.close();
    map.close();
    object.close();
  }

  /** cb[0], cb[1] and cb[2] of struct __sk_buff are at 48, 52 and 56. */
  private int write(int sequence, boolean discard, boolean quietly) {
    byte[] context = new byte[192];
    MemorySegment skb = MemorySegment.ofArray(context);
    skb.set(JAVA_INT.withByteAlignment(1), 48, sequence);
    skb.set(JAVA_INT.withByteAlignment(1), 52, discard ? 1 : 0);
    skb.set(JAVA_INT.withByteAlignment(1), 56, quietly ? 1 : 0);
    return program.testRun(TestObject.PACKET, context, 1).returnValue();
  }

  private List<Long> drained(int limit) {
    List<Long> sequences = new ArrayList<>();
    int count =
        ring.drain(
            (data, offset, length) -> {
              assertThat(length).isEqualTo(RECORD);
              long sequence = data.get(JAVA_LONG, offset);
              assertThat(data.get(JAVA_LONG, offset + 32)).isEqualTo(~sequence);
              sequences.add(sequence);
            },
            limit);
    assertThat(count).isEqualTo(sequences.size());
    return sequences;
  }

  @Test
  void recordsComeInOrderAcrossTheWrap() {
    int sequence = 0;
    for (int round = 0; round < 100; round++) {
      List<Long> expected = new ArrayList<>();
      for (int i = 0; i < 1 + round % 80; i++) {
        assertThat(write(sequence, false, true)).isEqualTo(WRITTEN);
        expected.add((long) sequence++);
      }
      assertThat(drained(Integer.MAX_VALUE)).isEqualTo(expected);
      assertThat(ring.available()).isZero();
    }
    assertThat((long) sequence * SPACE).as("the ring was gone round").isGreaterThan(10L * RING);
  }

  @Test
  void fullRingLosesWhatTheProgramCounts() {
    int fit = (RING - 1) / SPACE;
    int lost = 0;
    for (int i = 0; i < fit + 10; i++) {
      int outcome = write(i, false, true);
      assertThat(outcome).isEqualTo(i < fit ? WRITTEN : LOST);
      lost += outcome == LOST ? 1 : 0;
    }
    assertThat(counter(1)).isEqualTo(lost).isEqualTo(10);
    assertThat(drained(3)).containsExactly(0L, 1L, 2L);
    assertThat(write(1000, false, true)).isEqualTo(WRITTEN);
    List<Long> rest = drained(Integer.MAX_VALUE);
    assertThat(rest).hasSize(fit - 2).endsWith(1000L);
    assertThat(counter(0)).isEqualTo(fit + 1);
  }

  private long counter(int index) {
    byte[] values = counters.lookup(new byte[] {(byte) index, 0, 0, 0});
    assertThat(values).isNotNull();
    long sum = 0;
    for (int cpu = 0; cpu < Cpus.possible(); cpu++) {
      sum += MemorySegment.ofArray(values).get(JAVA_LONG.withByteAlignment(1), 8L * cpu);
    }
    return sum;
  }

  @Test
  void discardedRecordsAreSkipped() {
    assertThat(write(1, false, true)).isEqualTo(WRITTEN);
    assertThat(write(2, true, true)).isEqualTo(DISCARDED);
    assertThat(write(3, false, true)).isEqualTo(WRITTEN);
    assertThat(drained(Integer.MAX_VALUE)).containsExactly(1L, 3L);
    assertThat(ring.available()).isZero();
  }

  @Test
  void consumerThatThrowsDoesNotBlockTheRing() {
    write(1, false, true);
    write(2, false, true);
    assertThatThrownBy(
            () ->
                ring.drain(
                    (data, offset, length) -> {
                      throw new IllegalStateException("bad record");
                    }))
        .hasMessage("bad record");
    assertThat(drained(Integer.MAX_VALUE)).containsExactly(2L);
  }

  @Test
  void recordsCannotBeWrittenByTheReader() {
    write(1, false, true);
    assertThatThrownBy(() -> ring.drain((data, offset, length) -> data.set(JAVA_LONG, offset, 0)))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void waitingEndsWithARecordOrTheTime() {
    assertThat(ring.await(Duration.ofMillis(1))).isFalse();
    Thread writer = Thread.ofPlatform().start(() -> write(1, false, false));
    assertThat(ring.await(Duration.ofSeconds(30))).isTrue();
    assertThat(drained(Integer.MAX_VALUE)).containsExactly(1L);
    while (writer.isAlive()) {
      Thread.onSpinWait();
    }
    assertThat(ring.await(Duration.ZERO)).isFalse();
  }

  @Test
  void closedRingIsRefused() {
    ring.close();
    ring.close();
    assertThatThrownBy(() -> ring.drain((data, offset, length) -> {}))
        .isInstanceOf(IllegalStateException.class);
  }
}
