package io.ovenet.datapath;

import java.lang.foreign.MemorySegment;
import java.net.InetAddress;

/**
 * {@code struct conntrack_key}: both ends of a connection, the smaller (address, port) first. 40
 * bytes:
 *
 * <pre>
 *   0    16   32             34             36         37      38
 *   | lo | hi | lo port (be) | hi port (be) | protocol | flags | network
 * </pre>
 *
 * @param loPort of ICMP both ports are the identifier
 * @param flags of ICMP: the request's type, plus 0x80 if {@code hi} asked; else 0
 */
public record ConntrackKey(
    InetAddress lo, InetAddress hi, int loPort, int hiPort, int protocol, int flags, int network) {
  public static final Codec<ConntrackKey> CODEC =
      new Codec<>() {
        @Override
        public int size() {
          return 40;
        }

        @Override
        public void write(ConntrackKey value, MemorySegment to, long offset) {
          Bytes.putAddress(to, offset, value.lo);
          Bytes.putAddress(to, offset + 16, value.hi);
          to.set(Bytes.U16_BE, offset + 32, (short) value.loPort);
          to.set(Bytes.U16_BE, offset + 34, (short) value.hiPort);
          to.set(Bytes.U8, offset + 36, (byte) value.protocol);
          to.set(Bytes.U8, offset + 37, (byte) value.flags);
          to.set(Bytes.U16, offset + 38, (short) value.network);
        }

        @Override
        public ConntrackKey read(MemorySegment from, long offset) {
          return new ConntrackKey(
              Bytes.address(from, offset),
              Bytes.address(from, offset + 16),
              Bytes.u16Be(from, offset + 32),
              Bytes.u16Be(from, offset + 34),
              Bytes.u8(from, offset + 36),
              Bytes.u8(from, offset + 37),
              Bytes.u16(from, offset + 38));
        }
      };
}
