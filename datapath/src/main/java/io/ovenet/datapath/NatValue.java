package io.ovenet.datapath;

import java.lang.foreign.MemorySegment;
import java.net.InetAddress;

/**
 * {@code struct nat_value}: whose connection has a port of the node's. 32 bytes:
 *
 * <pre>
 *   0     16           24              26
 *   | pod | claimed at | pod port (be) | reserved (6)
 * </pre>
 *
 * @param claimedAtNanos of CLOCK_MONOTONIC, to some milliseconds
 * @param podPort of ICMP the identifier
 */
public record NatValue(InetAddress pod, int podPort, long claimedAtNanos) {
  public static final Codec<NatValue> CODEC =
      new Codec<>() {
        @Override
        public int size() {
          return 32;
        }

        @Override
        public void write(NatValue value, MemorySegment to, long offset) {
          Bytes.putAddress(to, offset, value.pod);
          to.set(Bytes.U64, offset + 16, value.claimedAtNanos);
          to.set(Bytes.U64, offset + 24, 0);
          to.set(Bytes.U16_BE, offset + 24, (short) value.podPort);
        }

        @Override
        public NatValue read(MemorySegment from, long offset) {
          return new NatValue(
              Bytes.address(from, offset),
              Bytes.u16Be(from, offset + 24),
              from.get(Bytes.U64, offset + 16));
        }
      };
}
