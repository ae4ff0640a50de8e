package io.ovenet.datapath;

import io.ovenet.bpf.MacAddress;
import java.lang.foreign.MemorySegment;

/**
 * {@code struct announced}: 32 bytes.
 *
 * <pre>
 *   0          8         16        22
 *   | deadline | answers | MAC (6) | reserved (10)
 * </pre>
 *
 * @param deadlineNanos of CLOCK_BOOTTIME; from then on the kernel is silent
 * @param mac what is answered
 * @param answers how many were given
 */
public record Announced(long deadlineNanos, MacAddress mac, long answers) {
  public static final Codec<Announced> CODEC =
      new Codec<>() {
        @Override
        public int size() {
          return 32;
        }

        @Override
        public void write(Announced value, MemorySegment to, long offset) {
          to.set(Bytes.U64, offset, value.deadlineNanos);
          to.set(Bytes.U64, offset + 8, value.answers);
          to.set(Bytes.U64, offset + 16, 0);
          Bytes.putMac(to, offset + 16, value.mac);
          to.set(Bytes.U64, offset + 24, 0);
        }

        @Override
        public Announced read(MemorySegment from, long offset) {
          return new Announced(
              from.get(Bytes.U64, offset),
              Bytes.mac(from, offset + 16),
              from.get(Bytes.U64, offset + 8));
        }
      };
}
