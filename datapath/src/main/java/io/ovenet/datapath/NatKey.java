package io.ovenet.datapath;

import java.lang.foreign.MemorySegment;
import java.net.InetAddress;

/**
 * {@code struct nat_key}: what somebody outside sees of a pod's connection. 24 bytes:
 *
 * <pre>
 *   0        16                 18          20         21
 *   | remote | remote port (be) | port (be) | protocol | reserved (3)
 * </pre>
 *
 * @param remotePort of ICMP 0
 * @param port the node's; of ICMP the identifier
 * @param protocol IANA's number
 */
public record NatKey(InetAddress remote, int remotePort, int port, int protocol) {
  public static final Codec<NatKey> CODEC =
      new Codec<>() {
        @Override
        public int size() {
          return 24;
        }

        @Override
        public void write(NatKey value, MemorySegment to, long offset) {
          Bytes.putAddress(to, offset, value.remote);
          to.set(Bytes.U64, offset + 16, 0);
          to.set(Bytes.U16_BE, offset + 16, (short) value.remotePort);
          to.set(Bytes.U16_BE, offset + 18, (short) value.port);
          to.set(Bytes.U8, offset + 20, (byte) value.protocol);
        }

        @Override
        public NatKey read(MemorySegment from, long offset) {
          return new NatKey(
              Bytes.address(from, offset),
              Bytes.u16Be(from, offset + 16),
              Bytes.u16Be(from, offset + 18),
              Bytes.u8(from, offset + 20));
        }
      };
}
