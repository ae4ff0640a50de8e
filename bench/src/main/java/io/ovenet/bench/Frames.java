package io.ovenet.bench;

import io.ovenet.bpf.MacAddress;
import java.net.InetAddress;
import java.nio.ByteBuffer;

/** Ethernet frames with IPv4, as a pod's stack makes them. */
final class Frames {
  static final int SYN = 2;
  static final int ACK = 16;

  /** Ethernet and IPv4 without options. */
  static final int HEADERS = 34;

  private static final int ETHERNET = 14;
  private static final int IP_CHECKSUM = 24;
  private static final int IPV4 = 0x0800;
  private static final int TCP = 6;
  private static final int UDP = 17;
  private static final int TTL = 64;

  private Frames() {}

  /** Who sends or gets a frame. */
  record End(MacAddress mac, InetAddress address, int port) {}

  static byte[] udp(End from, End to) {
    ByteBuffer udp = ByteBuffer.allocate(12);
    udp.putShort((short) from.port).putShort((short) to.port).putShort((short) 12);
    return frame(from, to, UDP, udp.array());
  }

  static byte[] tcp(End from, End to, int flags) {
    ByteBuffer tcp = ByteBuffer.allocate(20);
    tcp.putShort((short) from.port).putShort((short) to.port).putInt(1).putInt(1);
    tcp.put((byte) (5 << 4)).put((byte) flags);
    return frame(from, to, TCP, tcp.array());
  }

  private static byte[] frame(End from, End to, int protocol, byte[] payload) {
    ByteBuffer frame = ByteBuffer.allocate(HEADERS + payload.length);
    frame.put(to.mac.bytes()).put(from.mac.bytes()).putShort((short) IPV4);
    frame.put((byte) 0x45).put((byte) 0).putShort((short) (20 + payload.length)).putInt(0);
    frame.put((byte) TTL).put((byte) protocol).putShort((short) 0);
    frame.put(from.address.getAddress()).put(to.address.getAddress()).put(payload);
    int sum = 0;
    for (int at = ETHERNET; at < HEADERS; at += 2) {
      sum += Short.toUnsignedInt(frame.getShort(at));
    }
    sum = (sum & 0xffff) + (sum >>> 16);
    return frame.putShort(IP_CHECKSUM, (short) ~(sum + (sum >>> 16))).array();
  }
}
