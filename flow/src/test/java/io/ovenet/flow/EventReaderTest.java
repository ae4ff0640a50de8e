package io.ovenet.flow;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.api.flow.Verdict;
import io.ovenet.datapath.FlowEvent;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class EventReaderTest {
  /** A ring in memory. */
  static final class Events implements EventSource {
    final ArrayDeque<MemorySegment> events = new ArrayDeque<>();
    long lost = 5;

    @Override
    public int drain(EventConsumer consumer, int limit) {
      int count = 0;
      while (count < limit && !events.isEmpty()) {
        MemorySegment event = events.remove();
        consumer.accept(event, 0, (int) event.byteSize());
        count++;
      }
      return count;
    }

    @Override
    public long lost() {
      return lost;
    }

    @Override
    public void await(Duration timeout) {
      Thread.onSpinWait();
    }
  }

  /** Verdicts of a connection come before its trace, and share all that is the packet's. */
  @Test
  void aConnectionsRecordIsSeveralFlows() {
    var clock = new MonotonicClock(() -> 0, () -> Flows.BOOT);
    var events = new Events();
    var ring = new FlowRing(63);
    var statistics = new FlowStatistics(Flows.BOOT);
    var reader = new EventReader(events, Flows.decoder(Flows.NAMES), ring, statistics, clock);
    byte[] trace = Flows.trace().segment().toArray(ValueLayout.JAVA_BYTE);
    ByteBuffer record =
        ByteBuffer.allocate(FlowEvent.CONNECTION_SIZE).order(ByteOrder.LITTLE_ENDIAN).put(trace);
    record.putInt(0).put((byte) 1).put((byte) 0).put((byte) 2).put((byte) 0); // allowed, egress
    record.putInt(0).put((byte) 5).put((byte) 2).put((byte) 1).put((byte) 0); // audited, ingress
    events.events.add(MemorySegment.ofArray(record.array()));

    assertThat(reader.drain()).isEqualTo(1);

    List<FlowRecord> flows = new ArrayList<>();
    for (long i = 0; i < ring.next(); i++) {
      flows.add((FlowRecord) ring.read(i));
    }
    assertThat(flows).extracting(FlowRecord::kind).containsExactly((byte) 5, (byte) 5, (byte) 4);
    assertThat(flows.subList(0, 2))
        .extracting(FlowRecord::verdict)
        .containsExactly((byte) Verdict.FORWARDED_VALUE, (byte) Verdict.AUDIT_VALUE);
    assertThat(flows.subList(0, 2))
        .extracting(FlowRecord::direction)
        .containsExactly((byte) 2, (byte) 1);
    assertThat(flows).extracting(FlowRecord::sourceLow).containsOnly(flows.get(2).sourceLow());
    assertThat(statistics.total()).isEqualTo(3);
  }

  @Test
  void eventsLossesAndBytesThatMeanNothing() {
    var clock = new MonotonicClock(() -> 0, () -> Flows.BOOT);
    var events = new Events();
    var ring = new FlowRing(63);
    var statistics = new FlowStatistics(Flows.BOOT);
    var reader = new EventReader(events, Flows.decoder(Flows.NAMES), ring, statistics, clock);

    events.events.add(Flows.trace().segment());
    events.events.add(MemorySegment.ofArray(new byte[FlowEvent.SIZE - 1]));
    events.events.add(Flows.drop().kind(99).segment());
    events.events.add(Flows.drop().segment());
    events.lost = 12;
    assertThat(reader.drain()).isEqualTo(4);
    assertThat(reader.drain()).isZero();
    events.lost = 13;
    reader.drain();

    List<RingRead> entries = new ArrayList<>();
    for (long i = 0; i < ring.next(); i++) {
      entries.add(ring.read(i));
    }
    assertThat(entries).hasSize(4);
    assertThat(entries.get(0)).isInstanceOf(FlowRecord.class);
    assertThat(entries.get(1)).isInstanceOf(FlowRecord.class);
    assertThat(((KernelLoss) entries.get(2)).events()).isEqualTo(7);
    assertThat(((KernelLoss) entries.get(3)).events()).isEqualTo(1);
    assertThat(statistics.total()).isEqualTo(2);
    assertThat(statistics.namespaces(Flows.BOOT))
        .containsExactly(
            new FlowStatistics.Place("default", "app-database-prod"),
            new FlowStatistics.Place("default", "app-web-prod"));
    assertThat(statistics.namespaces(Flows.BOOT + Duration.ofHours(2).toNanos())).isEmpty();
    assertThat(statistics.rate(Flows.BOOT + Duration.ofSeconds(4).toNanos())).isEqualTo(0.5);
  }

  @Test
  void theClockFollowsTheTimeOfDay() {
    long[] wall = {1_000_000};
    long[] monotonic = {10};
    var clock = new MonotonicClock(() -> monotonic[0], () -> wall[0]);
    assertThat(clock.wallNanos(20)).isEqualTo(1_000_010);
    wall[0] = 9_000_000;
    clock.refresh();
    assertThat(clock.wallNanos(20)).isEqualTo(1_000_010); // not within the same second
    monotonic[0] += Duration.ofSeconds(2).toNanos();
    clock.refresh();
    assertThat(clock.wallNanos(monotonic[0])).isEqualTo(9_000_000);
  }
}
