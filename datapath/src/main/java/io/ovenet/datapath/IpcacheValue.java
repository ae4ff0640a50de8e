package io.ovenet.datapath;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * {@code struct ipcache_value}: 16 bytes.
 *
 * <pre>
 *   0          4                      8                9       10             12
 *   | identity | tunnel endpoint (be) | encryption key | flags | reserved (2) | variant
 * </pre>
 *
 * @param tunnelEndpoint IPv4 address of the node behind which the address is; 0: none
 * @param variant what stands in class_map for the identity; 0: the identity itself
 */
public record IpcacheValue(
    int identity, int tunnelEndpoint, int encryptionKey, int flags, int variant) {
  public static final Codec<IpcacheValue> CODEC =
      new Codec<>() {
        @Override
        public int size() {
          return 16;
        }

        @Override
        public void write(IpcacheValue value, MemorySegment to, long offset) {
          to.set(Bytes.U32, offset, value.identity);
          to.set(Bytes.U32_BE, offset + 4, value.tunnelEndpoint);
          to.set(Bytes.U32, offset + 8, 0);
          to.set(Bytes.U8, offset + 8, (byte) value.encryptionKey);
          to.set(Bytes.U8, offset + 9, (byte) value.flags);
          to.set(Bytes.U32, offset + 12, value.variant);
        }

        @Override
        public IpcacheValue read(MemorySegment from, long offset) {
          return new IpcacheValue(
              from.get(Bytes.U32, offset),
              from.get(Bytes.U32_BE, offset + 4),
              Bytes.u8(from, offset + 8),
              Bytes.u8(from, offset + 9),
              from.get(Bytes.U32, offset + 12));
        }
      };

  /** Of {@code flags}: an address of a cluster node itself. */
  public static final int NODE = 1;

  /** Of {@code flags}: a pod's own address, not a prefix that pods have theirs of. */
  public static final int POD = 2;

  /** An identity without tunnel, encryption or flags. */
  public IpcacheValue(int identity) {
    this(identity, 0);
  }

  /** The same with a variant, 0 for none. */
  public IpcacheValue(int identity, int variant) {
    this(identity, 0, 0, 0, variant);
  }

  // Written out: a key's generated methods are many times slower in what the agent's compiler
  // makes.
  @Override
  public boolean equals(@Nullable Object other) {
    return this == other
        || (other instanceof IpcacheValue that
            && identity == that.identity
            && tunnelEndpoint == that.tunnelEndpoint
            && encryptionKey == that.encryptionKey
            && flags == that.flags
            && variant == that.variant);
  }

  @Override
  public int hashCode() {
    return 31 * (31 * (31 * (31 * identity + tunnelEndpoint) + encryptionKey) + flags) + variant;
  }
}
