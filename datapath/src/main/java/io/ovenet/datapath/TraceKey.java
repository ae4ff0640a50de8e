package io.ovenet.datapath;

import java.lang.foreign.MemorySegment;

/**
 * {@code struct trace_key}: 8 bytes.
 *
 * <pre>
 *   0             4        6       7
 *   | sender (be) | number | place | reserved
 * </pre>
 *
 * @param sender IPv4 address of the node through whose header the packet came; 0: it began here, or
 *     whoever sent it is no node
 * @param number of the packet, below {@link TracedPacket#NUMBERS}
 */
public record TraceKey(int sender, int number, Place place) {
  /** {@code enum trace_place}: the program that tells of it. */
  public enum Place {
    /** {@code from_pod}, where the packet begins. */
    AT_POD(1),
    /** {@code from_overlay}, on another node. */
    AT_OVERLAY(2);

    private final int number;

    Place(int number) {
      this.number = number;
    }

    int number() {
      return number;
    }
  }

  public static final Codec<TraceKey> CODEC =
      new Codec<>() {
        @Override
        public int size() {
          return 8;
        }

        @Override
        public void write(TraceKey key, MemorySegment to, long offset) {
          to.set(Bytes.U32_BE, offset, key.sender);
          to.set(Bytes.U16, offset + 4, (short) key.number);
          to.set(Bytes.U8, offset + 6, (byte) key.place.number);
          to.set(Bytes.U8, offset + 7, (byte) 0);
        }

        @Override
        public TraceKey read(MemorySegment from, long offset) {
          int place = Bytes.u8(from, offset + 6);
          return new TraceKey(
              from.get(Bytes.U32_BE, offset),
              Bytes.u16(from, offset + 4),
              place == Place.AT_POD.number ? Place.AT_POD : Place.AT_OVERLAY);
        }
      };
}
