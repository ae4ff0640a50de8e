package io.ovenet.datapath;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * Bytes that nobody wrote, in the place of what a map or the ring holds: they are read as something
 * or refused in words, and what was read is written so that it reads the same. {@code
 * -Dovenet.seed=N} begins with the same bytes, {@code -Dovenet.fuzz.seconds=N} goes on for longer.
 */
class CodecFuzzTest {
  private static final long SEED = Long.getLong("ovenet.seed", System.nanoTime());
  private static final Duration TIME =
      Duration.ofSeconds(Long.getLong("ovenet.fuzz.seconds", 20)).dividedBy(2);
  private static final List<Codec<?>> CODECS =
      List.of(
          AddressKey.CODEC,
          Backend.CODEC,
          ConntrackEntry.CODEC,
          ConntrackKey.CODEC,
          Counter.CODEC,
          Endpoint.CODEC,
          EndpointRef.CODEC,
          EventCounter.CODEC,
          IpcacheKey.CODEC,
          IpcacheValue.CODEC,
          PolicyKey.CODEC,
          PolicyValue.CODEC,
          RedirectSkipKey.CODEC,
          NatKey.CODEC,
          NatValue.CODEC,
          ServiceFlow.CODEC,
          ServiceFlowKey.CODEC,
          ServiceKey.CODEC,
          ServiceValue.CODEC,
          SocketFrontend.CODEC,
          SocketKey.CODEC,
          SourceRangeKey.CODEC,
          U32.CODEC,
          U64.CODEC);

  private final Random random = new Random(SEED);

  @Test
  void whatACodecReadsItWritesSoThatItReadsTheSame() {
    System.out.println("CodecFuzzTest: -Dovenet.seed=" + SEED);
    long end = System.nanoTime() + TIME.toNanos();
    long read = 0;
    long refused = 0;
    byte[][] last = new byte[CODECS.size()][];
    while (System.nanoTime() - end < 0) {
      for (int i = 0; i < CODECS.size(); i++) {
        Codec<?> codec = CODECS.get(i);
        byte[] bytes = bytes(codec.size(), last[i]);
        if (reads(codec, bytes)) {
          read++;
          last[i] = bytes;
        } else {
          refused++;
        }
      }
    }
    System.out.printf("CodecFuzzTest: %d read, %d refused%n", read, refused);
    assertThat(read).isGreaterThan(refused);
    assertThat(refused).as("keys that no agent writes").isPositive();
  }

  /** At an odd place among other bytes, as a batch has them. */
  private <T> boolean reads(Codec<T> codec, byte[] bytes) {
    byte[] around = bytes(codec.size() + 3, null);
    System.arraycopy(bytes, 0, around, 1, bytes.length);
    byte[] before = around.clone();
    MemorySegment segment = MemorySegment.ofArray(around);
    T value;
    try {
      value = codec.read(segment, 1);
    } catch (IllegalArgumentException e) {
      assertThat(e.getMessage()).as(Arrays.toString(bytes)).isNotBlank();
      return false;
    }
    assertThat(value.toString()).isNotEmpty();
    codec.write(value, segment, 1);
    assertThat(codec.read(segment, 1)).as(Arrays.toString(bytes)).isEqualTo(value);
    byte[] written = around.clone();
    codec.write(value, segment, 1);
    assertThat(around).as("written again").isEqualTo(written);
    assertThat(around[0]).as("before it").isEqualTo(before[0]);
    assertThat(around[around.length - 2]).as("after it").isEqualTo(before[before.length - 2]);
    return true;
  }

  @Test
  void anyRecordOfTheRingIsReadToItsEnd() {
    FlowEvent event = new FlowEvent();
    long end = System.nanoTime() + TIME.toNanos();
    long events = 0;
    while (System.nanoTime() - end < 0) {
      int length = random.nextBoolean() ? FlowEvent.SIZE : FlowEvent.CONNECTION_SIZE;
      assertThat(FlowEvent.isRecord(length)).isTrue();
      event.record(MemorySegment.ofArray(bytes(length, null)), 0, length);
      int seen = 0;
      while (event.next()) {
        seen++;
        assertThat(event.toString()).isNotEmpty();
        if (event.kind() == EventKind.DROP.number()) {
          assertThat(event.dropReason()).isEqualTo(DropReason.of(event.subtype()));
        }
      }
      assertThat(seen).isBetween(1, 3);
      assertThat(event.next()).as("after the end").isFalse();
      events += seen;
    }
    System.out.printf("CodecFuzzTest: %d events of records%n", events);
  }

  /** By chance, of few values, or like the last that could be read. */
  private byte[] bytes(int size, byte @org.jspecify.annotations.Nullable [] last) {
    byte[] bytes = new byte[size];
    switch (random.nextInt(last == null ? 3 : 6)) {
      case 0 -> random.nextBytes(bytes);
      case 1 -> {
        for (int i = 0; i < size; i++) {
          bytes[i] = (byte) random.nextInt(3);
        }
      }
      case 2 -> {
        Arrays.fill(bytes, (byte) (random.nextBoolean() ? 0 : -1));
        bytes[random.nextInt(size)] = (byte) random.nextInt(256);
      }
      default -> {
        System.arraycopy(java.util.Objects.requireNonNull(last), 0, bytes, 0, size);
        for (int flips = random.nextInt(4); flips >= 0; flips--) {
          bytes[random.nextInt(size)] ^= (byte) (1 << random.nextInt(8));
        }
      }
    }
    return bytes;
  }
}
