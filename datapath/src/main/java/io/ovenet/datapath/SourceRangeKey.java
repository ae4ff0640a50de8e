package io.ovenet.datapath;

import java.lang.foreign.MemorySegment;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;

/**
 * {@code struct source_range_key}: a prefix from which a service may be called. 24 bytes:
 *
 * <pre>
 *   0               4         8
 *   | prefix length | service | address (16)
 * </pre>
 *
 * The kernel's prefix length counts from {@code service} on: 32 more than that of the mapped
 * address.
 *
 * @param service number of the frontend
 * @param prefixLength of the address in its own family
 */
public record SourceRangeKey(int service, InetAddress address, int prefixLength) {
  private static final int BITS_BEFORE_ADDRESS = 32;
  private static final int BITS_BEFORE_IPV4 = 96;

  public static final Codec<SourceRangeKey> CODEC =
      new Codec<>() {
        @Override
        public int size() {
          return 24;
        }

        @Override
        public void write(SourceRangeKey value, MemorySegment to, long offset) {
          to.set(Bytes.U32, offset, before(value.address) + value.prefixLength);
          to.set(Bytes.U32, offset + 4, value.service);
          Bytes.putAddress(to, offset + 8, value.address);
        }

        @Override
        public SourceRangeKey read(MemorySegment from, long offset) {
          InetAddress address = Bytes.address(from, offset + 8);
          return new SourceRangeKey(
              from.get(Bytes.U32, offset + 4),
              address,
              from.get(Bytes.U32, offset) - before(address));
        }
      };

  public SourceRangeKey {
    int bits = address instanceof Inet6Address ? 128 : 32;
    if (prefixLength < 0 || prefixLength > bits) {
      throw new IllegalArgumentException(
          "no prefix: " + address.getHostAddress() + "/" + prefixLength);
    }
  }

  private static int before(InetAddress address) {
    return BITS_BEFORE_ADDRESS + (address instanceof Inet4Address ? BITS_BEFORE_IPV4 : 0);
  }
}
