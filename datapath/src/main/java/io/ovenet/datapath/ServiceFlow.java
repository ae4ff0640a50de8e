package io.ovenet.datapath;

import java.lang.foreign.MemorySegment;
import java.net.InetAddress;

/**
 * {@code struct service_flow}: the backend of a connection that is translated packet by packet. 32
 * bytes:
 *
 * <pre>
 *   0              16        20        24           26          28
 *   | address (16) | service | backend | generation | port (be) | reserved (4)
 * </pre>
 *
 * @param address the backend's, and its port
 * @param service number of the frontend
 * @param generation of the backend when it was chosen
 */
public record ServiceFlow(InetAddress address, int port, int service, int backend, int generation) {
  public static final Codec<ServiceFlow> CODEC =
      new Codec<>() {
        @Override
        public int size() {
          return 32;
        }

        @Override
        public void write(ServiceFlow value, MemorySegment to, long offset) {
          Bytes.putAddress(to, offset, value.address);
          to.set(Bytes.U32, offset + 16, value.service);
          to.set(Bytes.U32, offset + 20, value.backend);
          to.set(Bytes.U16, offset + 24, (short) value.generation);
          to.set(Bytes.U16_BE, offset + 26, (short) value.port);
          to.set(Bytes.U32, offset + 28, 0);
        }

        @Override
        public ServiceFlow read(MemorySegment from, long offset) {
          return new ServiceFlow(
              Bytes.address(from, offset),
              Bytes.u16Be(from, offset + 26),
              from.get(Bytes.U32, offset + 16),
              from.get(Bytes.U32, offset + 20),
              Bytes.u16(from, offset + 24));
        }
      };
}
