package io.ovenet.datapath;

import java.lang.foreign.MemorySegment;
import java.net.InetAddress;

/**
 * {@code struct socket_key}: a socket that called a service, and with whom it speaks instead. 32
 * bytes:
 *
 * <pre>
 *   0              16       24          26         27
 *   | backend (16) | cookie | port (be) | protocol | reserved (5)
 * </pre>
 *
 * @param backend address of the backend
 * @param cookie of the socket
 * @param port of the backend
 * @param protocol IANA's number
 */
public record SocketKey(InetAddress backend, long cookie, int port, int protocol) {
  public static final Codec<SocketKey> CODEC =
      new Codec<>() {
        @Override
        public int size() {
          return 32;
        }

        @Override
        public void write(SocketKey value, MemorySegment to, long offset) {
          Bytes.putAddress(to, offset, value.backend);
          to.set(Bytes.U64, offset + 16, value.cookie);
          to.set(Bytes.U64, offset + 24, 0);
          to.set(Bytes.U16_BE, offset + 24, (short) value.port);
          to.set(Bytes.U8, offset + 26, (byte) value.protocol);
        }

        @Override
        public SocketKey read(MemorySegment from, long offset) {
          return new SocketKey(
              Bytes.address(from, offset),
              from.get(Bytes.U64, offset + 16),
              Bytes.u16Be(from, offset + 24),
              Bytes.u8(from, offset + 26));
        }
      };
}
