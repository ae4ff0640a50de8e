package io.ovenet.flow;

import io.ovenet.datapath.EventKind;
import io.ovenet.datapath.FlowEvent;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** The bytes of a {@code struct event}, field by field; by default a TCP SYN between two pods. */
final class Event {
  private static final int SOURCE = 16;
  private static final int DESTINATION = 32;

  private final ByteBuffer bytes =
      ByteBuffer.allocate(FlowEvent.SIZE).order(ByteOrder.LITTLE_ENDIAN);

  Event(EventKind kind, int subtype) {
    bytes.putLong(0, 1_000);
    bytes.put(8, (byte) kind.number()).put(9, (byte) subtype).put(10, (byte) 1);
    flags(FlowEvent.HAS_L3 | FlowEvent.HAS_PORTS);
    protocol(6).tcpFlags(0x02);
    ipv4(SOURCE, 10, 0, 0, 1);
    ipv4(DESTINATION, 10, 0, 0, 2);
    ports(40_000, 80);
    endpoints(1, 2);
    identities(1001, 1002);
    bytes.putInt(72, 74);
    bytes.putInt(92, 1);
  }

  Event time(long nanos) {
    bytes.putLong(0, nanos);
    return this;
  }

  Event kind(int number) {
    bytes.put(8, (byte) number);
    return this;
  }

  Event subtype(int subtype) {
    bytes.put(9, (byte) subtype);
    return this;
  }

  Event copy() {
    Event copy = new Event(EventKind.TRACE, 0);
    copy.bytes.put(0, bytes.array());
    return copy;
  }

  Event direction(int direction) {
    bytes.put(10, (byte) direction);
    return this;
  }

  Event flags(int flags) {
    bytes.put(11, (byte) flags);
    return this;
  }

  Event protocol(int protocol) {
    bytes.put(12, (byte) protocol);
    return this;
  }

  Event tcpFlags(int flags) {
    bytes.put(13, (byte) flags);
    return this;
  }

  Event match(int match) {
    bytes.put(14, (byte) match);
    return this;
  }

  Event reason(int reason) {
    bytes.put(15, (byte) reason);
    return this;
  }

  Event source(int a, int b, int c, int d) {
    return ipv4(SOURCE, a, b, c, d);
  }

  Event destination(int a, int b, int c, int d) {
    return ipv4(DESTINATION, a, b, c, d);
  }

  Event sourceIpv6(long high, long low) {
    bytes.putLong(SOURCE, Long.reverseBytes(high)).putLong(SOURCE + 8, Long.reverseBytes(low));
    return this;
  }

  private Event ipv4(int at, int a, int b, int c, int d) {
    bytes.putLong(at, 0).putInt(at + 8, 0xffff0000);
    bytes.put(at + 12, (byte) a).put(at + 13, (byte) b).put(at + 14, (byte) c);
    bytes.put(at + 15, (byte) d);
    return this;
  }

  Event ports(int source, int destination) {
    bytes.putShort(48, Short.reverseBytes((short) source));
    bytes.putShort(50, Short.reverseBytes((short) destination));
    return this;
  }

  Event endpoints(int source, int destination) {
    bytes.putShort(52, (short) source).putShort(54, (short) destination);
    return this;
  }

  Event identities(int source, int destination) {
    bytes.putInt(56, source).putInt(60, destination);
    return this;
  }

  Event service(int number) {
    bytes.putInt(96, number);
    return this;
  }

  Event rule(int rule) {
    bytes.putInt(64, rule);
    return this;
  }

  Event ifindex(int ifindex) {
    bytes.putInt(68, ifindex);
    return this;
  }

  Event macs(int sourceLast, int destinationLast) {
    bytes.put(80, (byte) 2).put(85, (byte) sourceLast);
    bytes.put(86, (byte) 2).put(91, (byte) destinationLast);
    return this;
  }

  Event count(int count) {
    bytes.putInt(92, count);
    return this;
  }

  MemorySegment segment() {
    return MemorySegment.ofArray(bytes.array());
  }

  FlowEvent view() {
    return new FlowEvent().at(segment(), 0);
  }
}
