package io.ovenet.datapath;

import java.lang.foreign.MemorySegment;

/** {@code struct counter} of drop_counters: packets at 0, bytes at 8; 16 bytes. */
public record Counter(long packets, long bytes) {
  public static final Codec<Counter> CODEC =
      new Codec<>() {
        @Override
        public int size() {
          return 16;
        }

        @Override
        public void write(Counter value, MemorySegment to, long offset) {
          to.set(Bytes.U64, offset, value.packets);
          to.set(Bytes.U64, offset + 8, value.bytes);
        }

        @Override
        public Counter read(MemorySegment from, long offset) {
          return new Counter(from.get(Bytes.U64, offset), from.get(Bytes.U64, offset + 8));
        }
      };

  Counter plus(Counter other) {
    return new Counter(packets + other.packets, bytes + other.bytes);
  }
}
