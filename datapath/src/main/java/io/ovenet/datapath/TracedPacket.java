package io.ovenet.datapath;

import io.ovenet.bpf.BpfException;
import io.ovenet.bpf.BpfProgram;
import io.ovenet.bpf.MacAddress;
import java.net.Inet4Address;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A packet as a pod would send it to begin a connection: a TCP SYN, a UDP datagram, an ICMP query
 * or an SCTP chunk, with valid checksums (SCTP's is zero: no program looks at it).
 *
 * @param source of an endpoint of this node
 * @param port destination port; of ICMP the type, 8 (echo) or 13 (timestamp)
 * @param length of the whole frame; what is too little for the headers is made long enough
 */
public record TracedPacket(
    MacAddress sourceMac,
    MacAddress gatewayMac,
    Inet4Address source,
    Inet4Address destination,
    int protocol,
    int sourcePort,
    int port,
    int length) {
  /** Numbers of packets are below it. */
  public static final int NUMBERS = 0x4000;

  /** The longest that the kernel takes for a test run: a page with some room for its own. */
  public static final int LONGEST = 3000;

  static final int MARK = 0x6f76_0000;
  static final int MAC_PREFIX = 0x026f_7674;

  private static final int ETHERNET = 14;
  private static final int IP = 20;
  private static final int TCP = 6;
  private static final int UDP = 17;
  private static final int ICMP = 1;
  private static final int SCTP = 132;
  private static final int DONT_FRAGMENT = 0x4000;
  private static final int TTL = 64;
  private static final int SYN = 2;

  /** {@code struct __sk_buff}, of which the kernel takes the mark at offset 8. */
  private static final int CONTEXT = 192;

  private static final int MARK_AT = 8;

  public TracedPacket {
    if (length > LONGEST) {
      throw new IllegalArgumentException("a traced packet has at most " + LONGEST + " bytes");
    }
    if (protocol != TCP && protocol != UDP && protocol != ICMP && protocol != SCTP) {
      throw new IllegalArgumentException("protocol " + protocol + " cannot be traced");
    }
  }

  /**
   * Sends it in the pod's place, from the calling thread's network namespace, which is the node's.
   * What becomes of it is in {@link Datapath#traceSteps}.
   *
   * @return false: no endpoint of this node has the source address
   * @throws BpfException if the kernel cannot send it: the pod's device is down or gone, say
   */
  boolean send(BpfProgram program, int number) {
    byte[] context =
        ByteBuffer.allocate(CONTEXT)
            .order(ByteOrder.nativeOrder())
            .putInt(MARK_AT, MARK | (number & (NUMBERS - 1)))
            .array();
    int outcome = program.testRun(bytes(), context, /* repeat= */ 1).returnValue();
    if (outcome < 0) {
      throw new BpfException("send a traced packet for " + source.getHostAddress(), -outcome);
    }
    return outcome == 0;
  }

  /** The whole frame. */
  public byte[] bytes() {
    int header = protocol == TCP ? 20 : protocol == SCTP ? 12 : 8;
    int size = Math.max(length, ETHERNET + IP + header);
    ByteBuffer frame = ByteBuffer.allocate(size);
    frame.put(gatewayMac.bytes()).put(sourceMac.bytes()).putShort((short) 0x0800);
    frame.put((byte) 0x45).put((byte) 0).putShort((short) (size - ETHERNET));
    frame.putShort((short) 0).putShort((short) DONT_FRAGMENT);
    frame.put((byte) TTL).put((byte) protocol).putShort((short) 0);
    frame.put(source.getAddress()).put(destination.getAddress());
    putL4(frame, size - ETHERNET - IP);
    frame.putShort(ETHERNET + 10, (short) ~sum(frame, ETHERNET, IP, 0));
    switch (protocol) {
      case TCP -> frame.putShort(ETHERNET + IP + 16, l4Checksum(frame));
      case UDP -> frame.putShort(ETHERNET + IP + 6, l4Checksum(frame));
      case ICMP ->
          frame.putShort(
              ETHERNET + IP + 2, (short) ~sum(frame, ETHERNET + IP, size - ETHERNET - IP, 0));
      default -> {
        // SCTP's is over all, by another rule, and nobody looks at it
      }
    }
    return frame.array();
  }

  private void putL4(ByteBuffer frame, int size) {
    if (protocol == ICMP) {
      frame.put((byte) port).put((byte) 0).putShort((short) 0).putShort((short) sourcePort);
      return;
    }
    frame.putShort((short) sourcePort).putShort((short) port);
    if (protocol == UDP) {
      frame.putShort((short) size);
    } else if (protocol == TCP) {
      frame.putInt(1).putInt(0).put((byte) (5 << 4)).put((byte) SYN).putShort((short) 0xffff);
    }
  }

  private short l4Checksum(ByteBuffer frame) {
    int size = frame.capacity() - ETHERNET - IP;
    int pseudo = sum(frame, ETHERNET + 12, 8, protocol + size);
    int sum = ~sum(frame, ETHERNET + IP, size, pseudo) & 0xffff;
    return (short) (protocol == UDP && sum == 0 ? 0xffff : sum);
  }

  /** RFC 1071's sum, of an odd number of bytes as if a zero followed. */
  private static int sum(ByteBuffer bytes, int offset, int length, int begin) {
    int sum = begin;
    for (int i = 0; i < length; i++) {
      int value = Byte.toUnsignedInt(bytes.get(offset + i));
      sum += i % 2 == 0 ? value << 8 : value;
    }
    while (sum >>> 16 != 0) {
      sum = (sum & 0xffff) + (sum >>> 16);
    }
    return sum;
  }
}
