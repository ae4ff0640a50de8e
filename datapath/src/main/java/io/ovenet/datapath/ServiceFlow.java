package io.ovenet.datapath;

import java.lang.foreign.MemorySegment;

/**
 * {@code struct service_flow}: the backend of a connection that is translated packet by packet. 12
 * bytes: service and backend (4 each), generation (2), reserved (2).
 *
 * @param service number of the frontend
 * @param generation of the backend when it was chosen
 */
public record ServiceFlow(int service, int backend, int generation) {
  public static final Codec<ServiceFlow> CODEC =
      new Codec<>() {
        @Override
        public int size() {
          return 12;
        }

        @Override
        public void write(ServiceFlow value, MemorySegment to, long offset) {
          to.set(Bytes.U32, offset, value.service);
          to.set(Bytes.U32, offset + 4, value.backend);
          to.set(Bytes.U32, offset + 8, 0);
          to.set(Bytes.U16, offset + 8, (short) value.generation);
        }

        @Override
        public ServiceFlow read(MemorySegment from, long offset) {
          return new ServiceFlow(
              from.get(Bytes.U32, offset),
              from.get(Bytes.U32, offset + 4),
              Bytes.u16(from, offset + 8));
        }
      };
}
