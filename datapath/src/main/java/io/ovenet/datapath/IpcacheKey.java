package io.ovenet.datapath;

import java.lang.foreign.MemorySegment;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import org.jspecify.annotations.Nullable;

/**
 * {@code struct ipcache_key}: a prefix of addresses. 23 bytes, packed:
 *
 * <pre>
 *   0               4         6        7
 *   | prefix length | network | family | address (16)
 * </pre>
 *
 * The kernel's prefix length counts from {@code network} on: 24 more than that of the mapped
 * address.
 *
 * @param address host bits may be set, and are ignored by the kernel
 * @param prefixLength of the address in its own family: 0 to 32 for IPv4, 0 to 128 for IPv6
 * @param network 0: the pod network
 */
public record IpcacheKey(InetAddress address, int prefixLength, int network) {
  static final int FAMILY = 6;
  private static final int BITS_BEFORE_ADDRESS = 24;
  private static final int BITS_BEFORE_IPV4 = 96;

  public static final Codec<IpcacheKey> CODEC =
      new Codec<>() {
        @Override
        public int size() {
          return 23;
        }

        @Override
        public void write(IpcacheKey value, MemorySegment to, long offset) {
          int mapped = value.address instanceof Inet4Address ? BITS_BEFORE_IPV4 : 0;
          to.set(Bytes.U32, offset, BITS_BEFORE_ADDRESS + mapped + value.prefixLength);
          to.set(Bytes.U16, offset + 4, (short) value.network);
          to.set(Bytes.U8, offset + 6, (byte) FAMILY);
          Bytes.putAddress(to, offset + 7, value.address);
        }

        @Override
        public IpcacheKey read(MemorySegment from, long offset) {
          InetAddress address = Bytes.address(from, offset + 7);
          int mapped = address instanceof Inet4Address ? BITS_BEFORE_IPV4 : 0;
          return new IpcacheKey(
              address,
              from.get(Bytes.U32, offset) - BITS_BEFORE_ADDRESS - mapped,
              Bytes.u16(from, offset + 4));
        }
      };

  public IpcacheKey {
    int bits = address instanceof Inet6Address ? 128 : 32;
    if (prefixLength < 0 || prefixLength > bits) {
      throw new IllegalArgumentException(
          "no prefix: " + address.getHostAddress() + "/" + prefixLength);
    }
  }

  /** In the pod network. */
  public IpcacheKey(InetAddress address, int prefixLength) {
    this(address, prefixLength, 0);
  }

  /** A single address of the pod network. */
  public static IpcacheKey of(InetAddress address) {
    return new IpcacheKey(address, address instanceof Inet6Address ? 128 : 32, 0);
  }

  // Written out: a key's generated methods are many times slower in what the agent's compiler
  // makes.
  @Override
  public boolean equals(@Nullable Object other) {
    return this == other
        || (other instanceof IpcacheKey that
            && prefixLength == that.prefixLength
            && network == that.network
            && address.equals(that.address));
  }

  @Override
  public int hashCode() {
    return 31 * (31 * address.hashCode() + prefixLength) + network;
  }
}
