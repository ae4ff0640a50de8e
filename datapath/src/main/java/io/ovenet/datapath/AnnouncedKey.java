package io.ovenet.datapath;

import java.lang.foreign.MemorySegment;
import java.net.InetAddress;

/**
 * {@code struct announced_key}: 24 bytes.
 *
 * <pre>
 *   0              16        20
 *   | address (16) | ifindex | reserved (4)
 * </pre>
 *
 * @param ifindex of the device on whose network the address is answered for
 */
public record AnnouncedKey(InetAddress address, int ifindex) {
  public static final Codec<AnnouncedKey> CODEC =
      new Codec<>() {
        @Override
        public int size() {
          return 24;
        }

        @Override
        public void write(AnnouncedKey value, MemorySegment to, long offset) {
          Bytes.putAddress(to, offset, value.address);
          to.set(Bytes.U32, offset + 16, value.ifindex);
          to.set(Bytes.U32, offset + 20, 0);
        }

        @Override
        public AnnouncedKey read(MemorySegment from, long offset) {
          return new AnnouncedKey(Bytes.address(from, offset), from.get(Bytes.U32, offset + 16));
        }
      };
}
