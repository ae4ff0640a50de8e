package io.ovenet.datapath;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A view of {@code struct dns_message}, a record of the ring {@code dns_messages}: what a pod and a
 * DNS server sent to each other, as it came. In host order unless marked:
 *
 * <pre>
 *   0      8             24                 40                 42
 *   | time | source (16) | destination (16) | source port (be) | destination port (be)
 *   44                46                     48                52
 *   | source endpoint | destination endpoint | source identity | destination identity
 *   56       58         60        62         64
 *   | length | captured | network | reserved | payload (512)
 * </pre>
 *
 * <p>A cursor, as {@link FlowEvent} is one.
 */
public final class DnsMessage {
  /** Bytes of a message that are copied. */
  public static final int PAYLOAD = 512;

  private static final int HEADER = 64;
  public static final int SIZE = HEADER + PAYLOAD;

  private MemorySegment segment = MemorySegment.NULL;
  private long offset;

  /** Moves to the record at an offset. */
  public DnsMessage at(MemorySegment segment, long offset) {
    this.segment = segment;
    this.offset = offset;
    return this;
  }

  /** Nanoseconds of CLOCK_MONOTONIC. */
  public long time() {
    return segment.get(Bytes.U64, offset);
  }

  /** The first eight bytes of the source as a big-endian number; 0 of IPv4. */
  public long sourceHigh() {
    return Long.reverseBytes(segment.get(Bytes.U64, offset + 8));
  }

  public long sourceLow() {
    return Long.reverseBytes(segment.get(Bytes.U64, offset + 16));
  }

  public long destinationHigh() {
    return Long.reverseBytes(segment.get(Bytes.U64, offset + 24));
  }

  public long destinationLow() {
    return Long.reverseBytes(segment.get(Bytes.U64, offset + 32));
  }

  public int sourcePort() {
    return Bytes.u16Be(segment, offset + 40);
  }

  public int destinationPort() {
    return Bytes.u16Be(segment, offset + 42);
  }

  /** Id of the endpoint of this node that sent, or 0, also where the connection stands. */
  public int sourceEndpoint() {
    return Bytes.u16(segment, offset + 44);
  }

  public int destinationEndpoint() {
    return Bytes.u16(segment, offset + 46);
  }

  /** 0: not known. */
  public int sourceIdentity() {
    return segment.get(Bytes.U32, offset + 48);
  }

  public int destinationIdentity() {
    return segment.get(Bytes.U32, offset + 52);
  }

  /** Bytes that UDP carried. */
  public int length() {
    return Bytes.u16(segment, offset + 56);
  }

  /** Bytes of them that are here. */
  public int captured() {
    return Math.min(Bytes.u16(segment, offset + 58), PAYLOAD);
  }

  public int network() {
    return Bytes.u16(segment, offset + 60);
  }

  /** Copies the bytes that are here. */
  public void payload(byte[] to) {
    MemorySegment.copy(segment, ValueLayout.JAVA_BYTE, offset + HEADER, to, 0, captured());
  }
}
