package io.ovenet.datapath;

import java.lang.foreign.MemorySegment;
import java.net.InetAddress;

/**
 * {@code struct socket_frontend}: what a socket called. 32 bytes:
 *
 * <pre>
 *   0              16        20        24          26
 *   | address (16) | service | backend | port (be) | reserved (6)
 * </pre>
 *
 * @param service number of the frontend
 * @param backend number of the backend that it was given
 */
public record SocketFrontend(InetAddress address, int service, int backend, int port) {
  public static final Codec<SocketFrontend> CODEC =
      new Codec<>() {
        @Override
        public int size() {
          return 32;
        }

        @Override
        public void write(SocketFrontend value, MemorySegment to, long offset) {
          Bytes.putAddress(to, offset, value.address);
          to.set(Bytes.U32, offset + 16, value.service);
          to.set(Bytes.U32, offset + 20, value.backend);
          to.set(Bytes.U64, offset + 24, 0);
          to.set(Bytes.U16_BE, offset + 24, (short) value.port);
        }

        @Override
        public SocketFrontend read(MemorySegment from, long offset) {
          return new SocketFrontend(
              Bytes.address(from, offset),
              from.get(Bytes.U32, offset + 16),
              from.get(Bytes.U32, offset + 20),
              Bytes.u16Be(from, offset + 24));
        }
      };
}
