package io.ovenet.datapath;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * {@code struct policy_key}: which packets of a policy and class an entry is for. 20 bytes, packed:
 *
 * <pre>
 *   0               4        8       12          13       14         15          17
 *   | prefix length | policy | class | direction | family | protocol | port (be) | reserved (3)
 * </pre>
 *
 * The kernel's prefix length is 80 for any protocol, 88 for any port, and 88 plus the bits of the
 * port otherwise.
 *
 * @param policy from 1
 * @param identityClass {@link #CLASS_ANY} for what the policy says nothing of in particular
 * @param direction {@link #INGRESS} or {@link #EGRESS}
 * @param protocol IANA's number; {@link #ANY_PROTOCOL} (and then any port)
 * @param port the range's first port; of ICMP the type times 256
 * @param portBits how many leading bits of the port count: 0 any, 16 exactly this one; 8 for one
 *     type of ICMP
 */
public record PolicyKey(
    int policy, int identityClass, int direction, int protocol, int port, int portBits) {
  public static final int CLASS_ANY = 0;
  public static final int INGRESS = 1;
  public static final int EGRESS = 2;
  public static final int ANY_PROTOCOL = 0;

  private static final int PREFIX_ANY_PROTOCOL = 80;
  private static final int PREFIX_ANY_PORT = 88;

  public static final Codec<PolicyKey> CODEC =
      new Codec<>() {
        @Override
        public int size() {
          return 20;
        }

        @Override
        public void write(PolicyKey value, MemorySegment to, long offset) {
          to.set(Bytes.U32, offset, value.kernelPrefixLength());
          to.set(Bytes.U32, offset + 4, value.policy);
          to.set(Bytes.U32, offset + 8, value.identityClass);
          to.set(Bytes.U64, offset + 12, 0);
          to.set(Bytes.U8, offset + 12, (byte) value.direction);
          to.set(Bytes.U8, offset + 14, (byte) value.protocol);
          to.set(Bytes.U16_BE, offset + 15, (short) value.port);
        }

        @Override
        public PolicyKey read(MemorySegment from, long offset) {
          int prefix = from.get(Bytes.U32, offset);
          return new PolicyKey(
              from.get(Bytes.U32, offset + 4),
              from.get(Bytes.U32, offset + 8),
              Bytes.u8(from, offset + 12),
              Bytes.u8(from, offset + 14),
              Bytes.u16Be(from, offset + 15),
              Math.max(0, prefix - PREFIX_ANY_PORT));
        }
      };

  public PolicyKey {
    if (direction != INGRESS && direction != EGRESS) {
      throw new IllegalArgumentException("no direction: " + direction);
    }
    if (protocol < 0 || protocol > 255 || portBits < 0 || portBits > 16) {
      throw new IllegalArgumentException(
          "no protocol and port prefix: " + protocol + ", " + portBits);
    }
    if (port < 0 || port > 0xffff || (port & (0xffff >> portBits)) != 0) {
      throw new IllegalArgumentException("port " + port + " has bits beyond the first " + portBits);
    }
    if (protocol == ANY_PROTOCOL && portBits != 0) {
      throw new IllegalArgumentException("a port of any protocol");
    }
  }

  /** Every protocol and port. */
  public static PolicyKey any(int policy, int identityClass, int direction) {
    return new PolicyKey(policy, identityClass, direction, ANY_PROTOCOL, 0, 0);
  }

  /** One port of one protocol. */
  public static PolicyKey port(
      int policy, int identityClass, int direction, int protocol, int port) {
    return new PolicyKey(policy, identityClass, direction, protocol, port, 16);
  }

  private int kernelPrefixLength() {
    return protocol == ANY_PROTOCOL ? PREFIX_ANY_PROTOCOL : PREFIX_ANY_PORT + portBits;
  }

  // Written out: a key's generated methods are many times slower in what the agent's compiler
  // makes.
  @Override
  public boolean equals(@Nullable Object other) {
    return this == other
        || (other instanceof PolicyKey that
            && policy == that.policy
            && identityClass == that.identityClass
            && direction == that.direction
            && protocol == that.protocol
            && port == that.port
            && portBits == that.portBits);
  }

  @Override
  public int hashCode() {
    return 31 * (31 * (31 * (31 * (31 * policy + identityClass) + direction) + protocol) + port)
        + portBits;
  }
}
