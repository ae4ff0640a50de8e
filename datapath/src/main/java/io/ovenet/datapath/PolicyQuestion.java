package io.ovenet.datapath;

import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import org.jspecify.annotations.Nullable;

/**
 * How does the policy of an endpoint of this node decide about a peer? The first 26 bytes of {@code
 * struct policy_question}, whose other 30 are the {@link Answer}.
 *
 * @param endpoint id of whose policy decides
 * @param direction {@link PolicyKey#INGRESS}: the peer opens a connection to the endpoint; or
 *     {@link PolicyKey#EGRESS}
 * @param address of the peer; null: it is known by its number
 * @param number what stands in class_map for the peer; 0: whatever its address has
 * @param port destination port; for ICMP the type times 256
 */
public record PolicyQuestion(
    int endpoint,
    int direction,
    @Nullable InetAddress address,
    int number,
    int protocol,
    int port) {
  /** Size of question and answer. */
  static final int SIZE = 56;

  /** Where a test run's frame has the first one, and how many it takes. */
  static final int FIRST = 16;

  static final int MOST = 48;

  private static final int NO_CLASS = -1;

  /**
   * What the kernel's lookups say.
   *
   * @param verdict null where nothing was decided, since nobody is known to be at the address
   * @param match Hubble's policy_match_type
   * @param dropReason 0: it passes
   * @param detail {@link DropDetail}'s number
   * @param rule node-local number of what decided; 0: none
   * @param identity of the peer; 0: unknown
   * @param number what stands in class_map for the peer
   * @param identityClass its class there; null: it has none
   * @param policy the endpoint's number in policy_map; 0: it has none
   */
  public record Answer(
      @Nullable Verdict verdict,
      int match,
      int dropReason,
      int detail,
      int rule,
      int identity,
      int number,
      @Nullable Integer identityClass,
      int policy) {

    static Answer read(MemorySegment from, long offset) {
      int identityClass = from.get(Bytes.U32, offset + 44);
      return new Answer(
          Verdict.of(Bytes.u8(from, offset + 27)),
          Bytes.u8(from, offset + 28),
          Bytes.u8(from, offset + 29),
          Bytes.u8(from, offset + 30),
          from.get(Bytes.U32, offset + 32),
          from.get(Bytes.U32, offset + 36),
          from.get(Bytes.U32, offset + 40),
          identityClass == NO_CLASS ? null : identityClass,
          from.get(Bytes.U32, offset + 48));
    }
  }

  /** About who is at an address. */
  public static PolicyQuestion at(
      int endpoint, int direction, InetAddress peer, int protocol, int port) {
    return new PolicyQuestion(endpoint, direction, peer, 0, protocol, port);
  }

  /** About whom class_map knows by a number: an identity, or a part of one. */
  public static PolicyQuestion of(int endpoint, int direction, int number, int protocol, int port) {
    return new PolicyQuestion(endpoint, direction, null, number, protocol, port);
  }

  public PolicyQuestion {
    if ((address == null) == (number == 0)) {
      throw new IllegalArgumentException("a peer has either an address or a number");
    }
    if (direction != PolicyKey.INGRESS && direction != PolicyKey.EGRESS) {
      throw new IllegalArgumentException("no direction: " + direction);
    }
    if (protocol < 0 || protocol > 255 || port < 0 || port > 0xffff) {
      throw new IllegalArgumentException("no protocol and port: " + protocol + ", " + port);
    }
  }

  void write(MemorySegment to, long offset) {
    to.asSlice(offset, SIZE).fill((byte) 0);
    if (address != null) {
      Bytes.putAddress(to, offset, address);
    }
    to.set(Bytes.U32, offset + 16, number);
    to.set(Bytes.U16, offset + 20, (short) endpoint);
    to.set(Bytes.U16_BE, offset + 22, (short) port);
    to.set(Bytes.U8, offset + 24, (byte) protocol);
    to.set(Bytes.U8, offset + 25, (byte) direction);
  }

  static boolean isAnswered(MemorySegment from, long offset) {
    return Bytes.u8(from, offset + 26) == 1;
  }
}
