package io.ovenet.prove;

import io.ovenet.bpf.MacAddress;
import java.net.Inet4Address;
import java.nio.ByteBuffer;

/** The first packet of a connection as an Ethernet frame with an IPv4 header (RFC 791). */
final class Packet {
  static final int ICMP = 1;
  static final int TCP = 6;
  static final int UDP = 17;
  static final int SCTP = 132;

  private static final int ETHERNET = 14;
  private static final int IPV4 = 20;
  private static final int L4 = 20;

  private Packet() {}

  /**
   * The frame.
   *
   * @param sourcePort or ICMP's identifier
   * @param port destination port, or ICMP's type
   */
  static byte[] frame(
      MacAddress from,
      MacAddress to,
      Inet4Address source,
      Inet4Address destination,
      int protocol,
      int sourcePort,
      int port) {
    var frame = ByteBuffer.allocate(ETHERNET + IPV4 + L4);
    frame.put(to.bytes()).put(from.bytes()).putShort((short) 0x0800);
    frame.put((byte) 0x45).put((byte) 0).putShort((short) (IPV4 + L4));
    frame.putInt(0).put((byte) 64).put((byte) protocol).putShort((short) 0);
    frame.put(source.getAddress()).put(destination.getAddress());
    frame.putShort(ETHERNET + 10, checksum(frame));
    if (protocol == ICMP) {
      frame.put((byte) port).put((byte) 0).putShort((short) 0).putShort((short) sourcePort);
    } else {
      frame.putShort((short) sourcePort).putShort((short) port);
    }
    if (protocol == TCP) {
      // A SYN whose header has no options.
      frame.putInt(1).putInt(0).put((byte) 0x50).put((byte) 2);
    } else if (protocol == UDP) {
      frame.putShort((short) L4);
    }
    return frame.array();
  }

  private static short checksum(ByteBuffer frame) {
    var sum = 0;
    for (var at = ETHERNET; at < ETHERNET + IPV4; at += 2) {
      sum += frame.getShort(at) & 0xffff;
    }
    sum = (sum & 0xffff) + (sum >>> 16);
    return (short) ~(sum + (sum >>> 16));
  }
}
