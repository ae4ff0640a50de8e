package io.ovenet.datapath;

import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import org.jspecify.annotations.Nullable;

/**
 * {@code struct address_key}, of endpoint_by_address: 24 bytes.
 *
 * <pre>
 *   0              16        18
 *   | address (16) | network | reserved (6)
 * </pre>
 *
 * @param network 0: the pod network
 */
public record AddressKey(InetAddress address, int network) {
  public static final Codec<AddressKey> CODEC =
      new Codec<>() {
        @Override
        public int size() {
          return 24;
        }

        @Override
        public void write(AddressKey value, MemorySegment to, long offset) {
          Bytes.putAddress(to, offset, value.address);
          to.set(Bytes.U64, offset + 16, 0);
          to.set(Bytes.U16, offset + 16, (short) value.network);
        }

        @Override
        public AddressKey read(MemorySegment from, long offset) {
          return new AddressKey(Bytes.address(from, offset), Bytes.u16(from, offset + 16));
        }
      };

  /** In the pod network. */
  public AddressKey(InetAddress address) {
    this(address, 0);
  }

  // Written out: a key's generated methods are many times slower in what the agent's compiler
  // makes.
  @Override
  public boolean equals(@Nullable Object other) {
    return this == other
        || (other instanceof AddressKey that
            && network == that.network
            && address.equals(that.address));
  }

  @Override
  public int hashCode() {
    return 31 * address.hashCode() + network;
  }
}
