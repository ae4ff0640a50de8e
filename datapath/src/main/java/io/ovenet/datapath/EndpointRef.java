package io.ovenet.datapath;

import java.lang.foreign.MemorySegment;

/**
 * {@code struct endpoint_ref}: four bytes, id at 0, generation at 2; 16 bits each. A reference
 * whose generation is not the endpoint's own leads nowhere.
 */
public record EndpointRef(int id, int generation) {
  public static final Codec<EndpointRef> CODEC =
      new Codec<>() {
        @Override
        public int size() {
          return 4;
        }

        @Override
        public void write(EndpointRef value, MemorySegment to, long offset) {
          to.set(Bytes.U16, offset, (short) value.id);
          to.set(Bytes.U16, offset + 2, (short) value.generation);
        }

        @Override
        public EndpointRef read(MemorySegment from, long offset) {
          return new EndpointRef(Bytes.u16(from, offset), Bytes.u16(from, offset + 2));
        }
      };
}
