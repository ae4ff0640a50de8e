package io.ovenet.datapath;

import io.ovenet.bpf.MacAddress;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.Arrays;

/** An Ethernet frame in the making: valid unless told otherwise. */
final class Frame {
  static final int SYN = 2;
  static final int ACK = 16;
  static final int FIN = 1;
  static final int RST = 4;

  private static final int ETHERNET = 14;
  private static final int TCP = 6;
  private static final int UDP = 17;
  private static final int ICMP = 1;
  private static final int SCTP = 132;

  private MacAddress source;
  private MacAddress destination;
  private int etherType = 0x0800;
  private InetAddress from;
  private InetAddress to;
  private int version = 4;
  private byte[] options = new byte[0];
  private int headerWords = -1;
  private int totalLength = -1;
  private int fragment;
  private int ttl = 64;
  private boolean spoiltChecksum;
  private int protocol = UDP;
  private byte[] payload = new byte[0];
  private int cutTo = Integer.MAX_VALUE;
  private boolean checksummed;

  private Frame(MacAddress source, MacAddress destination, InetAddress from, InetAddress to) {
    this.source = source;
    this.destination = destination;
    this.from = from;
    this.to = to;
  }

  static Frame of(MacAddress source, MacAddress destination, InetAddress from, InetAddress to) {
    return new Frame(source, destination, from, to);
  }

  Frame sourceMac(MacAddress mac) {
    source = mac;
    return this;
  }

  Frame destinationMac(MacAddress mac) {
    destination = mac;
    return this;
  }

  Frame from(InetAddress address) {
    from = address;
    return this;
  }

  Frame to(InetAddress address) {
    to = address;
    return this;
  }

  Frame etherType(int type) {
    etherType = type;
    return this;
  }

  Frame version(int value) {
    version = value;
    return this;
  }

  Frame headerWords(int words) {
    headerWords = words;
    return this;
  }

  Frame totalLength(int bytes) {
    totalLength = bytes;
    return this;
  }

  Frame options(int... bytes) {
    options = new byte[bytes.length];
    for (int i = 0; i < bytes.length; i++) {
      options[i] = (byte) bytes[i];
    }
    return this;
  }

  /** Flags and offset as they stand in the header: 0x2000 more fragments. */
  Frame fragment(int bits) {
    fragment = bits;
    return this;
  }

  Frame ttl(int hops) {
    ttl = hops;
    return this;
  }

  Frame spoiltChecksum() {
    spoiltChecksum = true;
    return this;
  }

  /** With TCP's, UDP's or ICMP's own checksum, which is zero otherwise. */
  Frame checksummed() {
    checksummed = true;
    return this;
  }

  Frame cutTo(int bytes) {
    cutTo = bytes;
    return this;
  }

  Frame tcp(int sourcePort, int destinationPort, int flags) {
    return tcp(sourcePort, destinationPort, flags, 5);
  }

  Frame tcp(int sourcePort, int destinationPort, int flags, int headerWords) {
    ByteBuffer tcp = ByteBuffer.allocate(24);
    tcp.putShort((short) sourcePort).putShort((short) destinationPort).putInt(1).putInt(1);
    tcp.put((byte) (headerWords << 4)).put((byte) flags);
    return l4(TCP, tcp.array());
  }

  Frame udp(int sourcePort, int destinationPort) {
    return udp(sourcePort, destinationPort, 12);
  }

  Frame udp(int sourcePort, int destinationPort, int length) {
    ByteBuffer udp = ByteBuffer.allocate(12);
    udp.putShort((short) sourcePort).putShort((short) destinationPort).putShort((short) length);
    return l4(UDP, udp.array());
  }

  Frame sctp(int sourcePort, int destinationPort) {
    ByteBuffer sctp = ByteBuffer.allocate(16);
    sctp.putShort((short) sourcePort).putShort((short) destinationPort);
    return l4(SCTP, sctp.array());
  }

  Frame icmp(int type, int code, int identifier) {
    ByteBuffer icmp = ByteBuffer.allocate(16);
    icmp.put((byte) type).put((byte) code).putShort((short) 0).putShort((short) identifier);
    return l4(ICMP, icmp.array());
  }

  /** An ICMP error about another frame, of which it returns 28 bytes. */
  Frame icmpError(int type, int code, Frame about) {
    byte[] inner = about.bytes();
    ByteBuffer icmp = ByteBuffer.allocate(8 + 28);
    icmp.put((byte) type).put((byte) code).position(8);
    icmp.put(inner, ETHERNET, Math.min(28, inner.length - ETHERNET));
    return l4(ICMP, icmp.array());
  }

  Frame l4(int number, byte[] bytes) {
    protocol = number;
    payload = bytes;
    return this;
  }

  byte[] bytes() {
    ByteBuffer frame = ByteBuffer.allocate(ETHERNET + 20 + options.length + payload.length);
    frame.put(destination.bytes()).put(source.bytes()).putShort((short) etherType);
    int words = headerWords >= 0 ? headerWords : 5 + options.length / 4;
    int total = totalLength >= 0 ? totalLength : 20 + options.length + payload.length;
    frame.put((byte) (version << 4 | words)).put((byte) 0).putShort((short) total);
    frame.putShort((short) 7).putShort((short) fragment).put((byte) ttl).put((byte) protocol);
    frame.putShort((short) 0).put(from.getAddress()).put(to.getAddress()).put(options).put(payload);
    byte[] bytes = frame.array();
    int checksum = checksum(bytes, ETHERNET, 20 + options.length) ^ (spoiltChecksum ? 1 : 0);
    frame.putShort(ETHERNET + 10, (short) checksum);
    if (checksummed) {
      int l4 = ETHERNET + 20 + options.length;
      int at = protocol == TCP ? 16 : protocol == UDP ? 6 : 2;
      int sum = protocol == ICMP ? checksum(bytes, l4, bytes.length - l4) : l4Checksum(bytes, l4);
      frame.putShort(l4 + at, (short) sum);
    }
    return cutTo < bytes.length ? Arrays.copyOf(bytes, cutTo) : bytes;
  }

  /** RFC 1071, over bytes whose checksum field is zero; 0 where it is there and holds. */
  static int checksum(byte[] bytes, int offset, int length) {
    int sum = 0;
    for (int i = offset; i < offset + length; i += 2) {
      sum += Byte.toUnsignedInt(bytes[i]) << 8 | Byte.toUnsignedInt(bytes[i + 1]);
    }
    while (sum >>> 16 != 0) {
      sum = (sum & 0xffff) + (sum >>> 16);
    }
    return ~sum & 0xffff;
  }

  /**
   * TCP's or UDP's checksum of a frame that has no other payload than L4; 0 where it is there and
   * holds.
   */
  static int l4Checksum(byte[] frame, int l4) {
    int length = frame.length - l4;
    ByteBuffer sum = ByteBuffer.allocate(12 + length + length % 2);
    sum.put(frame, ETHERNET + 12, 8)
        .put((byte) 0)
        .put(frame[ETHERNET + 9])
        .putShort((short) length);
    sum.put(frame, l4, length);
    return checksum(sum.array(), 0, sum.capacity());
  }

  /** An ARP packet of a pod. */
  static byte[] arp(
      MacAddress ethernetSource,
      int operation,
      MacAddress sender,
      InetAddress from,
      InetAddress asked) {
    ByteBuffer frame = ByteBuffer.allocate(42);
    frame.put(MacAddress.parse("ff:ff:ff:ff:ff:ff").bytes()).put(ethernetSource.bytes());
    frame.putShort((short) 0x0806).putShort((short) 1).putShort((short) 0x0800);
    frame.put((byte) 6).put((byte) 4).putShort((short) operation);
    frame.put(sender.bytes()).put(from.getAddress()).put(new byte[6]).put(asked.getAddress());
    return frame.array();
  }
}
