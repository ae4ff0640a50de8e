package io.ovenet.datapath;

import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import org.jspecify.annotations.Nullable;

/**
 * A view of the events of a record of the ring: {@code struct event}, or {@code struct
 * connection_event}, which is a connection's first trace together with the verdicts that let it.
 * {@code struct event} has 104 bytes, in host order unless marked:
 *
 * <pre>
 *   0      8      9         10          11      12         13          14      15
 *   | time | kind | subtype | direction | flags | protocol | TCP flags | match | trace reason
 *   16            32                 48                 50                      52                54
 *   | source (16) | destination (16) | source port (be) | destination port (be) | source endpoint | destination endpoint
 *   56                60                     64     68        72       76        78
 *   | source identity | destination identity | rule | ifindex | length | network | drop detail
 *   80           86                92      96        100
 *   | source MAC | destination MAC | count | service | reserved (4)
 * </pre>
 *
 * <p>After it {@code struct connection_event} has two verdicts, egress and ingress, each of eight
 * bytes: rule (4), verdict, match, direction (0: that side was not asked), drop detail. All else is
 * the trace's.
 *
 * <p>A cursor: {@link #at}, or {@link #record} and {@link #next}, moves it, nothing is copied or
 * allocated except by the methods that return objects. Not safe for use by several threads; a
 * record of the ring may be overwritten as soon as it is given back, so read before that. Makes no
 * native call.
 */
public final class FlowEvent {
  public static final int SIZE = 104;

  /** The packet answers the one that began its connection. */
  public static final int REPLY = 1;

  /** Whether {@link #REPLY} says anything. */
  public static final int REPLY_KNOWN = 2;

  public static final int IPV6 = 4;
  public static final int HAS_PORTS = 8;

  /** Addresses and protocol are known: not so of a packet dropped for what comes before. */
  public static final int HAS_L3 = 16;

  private static final int VERDICT_KIND = EventKind.POLICY_VERDICT.number();

  /** Bytes of a connection's first record. */
  public static final int CONNECTION_SIZE = SIZE + 2 * Verdicts.SIZE;

  /** {@code struct event_verdict}. */
  private static final class Verdicts {
    static final int SIZE = 8;
    static final int VERDICT = 4;
    static final int MATCH = 5;
    static final int DIRECTION = 6;
    static final int DETAIL = 7;

    private Verdicts() {}
  }

  private MemorySegment segment = MemorySegment.NULL;
  private long offset;

  /** Of the verdict that is looked at; 0: the event itself is. */
  private long verdict;

  /** Of the verdict to be looked at next. */
  private long following;

  /** Where the event itself comes next, once {@link #following} is there; beyond it, the end. */
  private long verdictsEnd;

  private boolean begun;
  private boolean further;

  /** Moves to the event at an offset, alone. */
  public FlowEvent at(MemorySegment segment, long offset) {
    this.segment = segment;
    this.offset = offset;
    begun = false;
    further = false;
    verdict = 0;
    following = Long.MAX_VALUE;
    return this;
  }

  /** Whether a record of the ring is that long. */
  public static boolean isRecord(int length) {
    return length == SIZE || length == CONNECTION_SIZE;
  }

  /**
   * Moves before the first event of a record, for {@link #next}: verdicts come before their trace.
   *
   * @param length one that {@link #isRecord} takes
   */
  public FlowEvent record(MemorySegment segment, long offset, int length) {
    at(segment, offset);
    following = offset + SIZE;
    verdictsEnd = offset + length;
    return this;
  }

  /** Moves to the record's next event; false where there is none. */
  public boolean next() {
    further = begun;
    begun = true;
    while (following < verdictsEnd) {
      verdict = following;
      following += Verdicts.SIZE;
      if (Bytes.u8(segment, verdict + Verdicts.DIRECTION) != 0) {
        return true;
      }
    }
    verdict = 0;
    boolean event = following == verdictsEnd;
    following = Long.MAX_VALUE;
    return event;
  }

  /** Whether it is of the same record, so of the same packet, as the event before it. */
  public boolean isFurther() {
    return further;
  }

  /** Nanoseconds of CLOCK_MONOTONIC. */
  public long time() {
    return segment.get(Bytes.U64, offset);
  }

  /** Number of an {@link EventKind}. */
  public int kind() {
    return verdict == 0 ? Bytes.u8(segment, offset + 8) : VERDICT_KIND;
  }

  /** Number of a {@link DropReason}, {@link ObservationPoint} or {@link Verdict}, by kind. */
  public int subtype() {
    return Bytes.u8(segment, verdict == 0 ? offset + 9 : verdict + Verdicts.VERDICT);
  }

  /** {@link PolicyKey#INGRESS}, {@link PolicyKey#EGRESS}, or 0: unknown. */
  public int direction() {
    return Bytes.u8(segment, verdict == 0 ? offset + 10 : verdict + Verdicts.DIRECTION);
  }

  public int flags() {
    return Bytes.u8(segment, offset + 11);
  }

  public boolean has(int flag) {
    return (flags() & flag) != 0;
  }

  /** IANA's number. */
  public int protocol() {
    return Bytes.u8(segment, offset + 12);
  }

  /** The 14th byte of the TCP header: CWR ECE URG ACK PSH RST SYN FIN. */
  public int tcpFlags() {
    return Bytes.u8(segment, offset + 13);
  }

  /** Hubble's policy_match_type. */
  public int match() {
    return Bytes.u8(segment, verdict == 0 ? offset + 14 : verdict + Verdicts.MATCH);
  }

  /** Number of a {@link TraceReason}, or 0. */
  public int traceReason() {
    return verdict == 0 ? Bytes.u8(segment, offset + 15) : 0;
  }

  public InetAddress source() {
    return Bytes.address(segment, offset + 16);
  }

  public InetAddress destination() {
    return Bytes.address(segment, offset + 32);
  }

  /** The first eight bytes of the source as a big-endian number; 0 of IPv4. */
  public long sourceHigh() {
    return Long.reverseBytes(segment.get(Bytes.U64, offset + 16));
  }

  /** The last eight bytes of the source as a big-endian number; its low half is an IPv4 address. */
  public long sourceLow() {
    return Long.reverseBytes(segment.get(Bytes.U64, offset + 24));
  }

  public long destinationHigh() {
    return Long.reverseBytes(segment.get(Bytes.U64, offset + 32));
  }

  public long destinationLow() {
    return Long.reverseBytes(segment.get(Bytes.U64, offset + 40));
  }

  /** Of ICMP: the type times 256 plus the code. */
  public int sourcePort() {
    return Bytes.u16Be(segment, offset + 48);
  }

  public int destinationPort() {
    return Bytes.u16Be(segment, offset + 50);
  }

  /** Id of the endpoint of this node that sent, or 0. */
  public int sourceEndpoint() {
    return Bytes.u16(segment, offset + 52);
  }

  public int destinationEndpoint() {
    return Bytes.u16(segment, offset + 54);
  }

  /** 0: not known when the event was written. */
  public int sourceIdentity() {
    return segment.get(Bytes.U32, offset + 56);
  }

  public int destinationIdentity() {
    return segment.get(Bytes.U32, offset + 60);
  }

  /** Node-local number of the rule that decided, or 0. */
  public int rule() {
    return segment.get(Bytes.U32, verdict == 0 ? offset + 64 : verdict);
  }

  /** Of the interface that the packet was seen on. */
  public int ifindex() {
    return segment.get(Bytes.U32, offset + 68);
  }

  /** Bytes of the packet, its Ethernet header included. */
  public int length() {
    return segment.get(Bytes.U32, offset + 72);
  }

  public int network() {
    return Bytes.u16(segment, offset + 76);
  }

  /** Number of a {@link DropDetail}. */
  public int dropDetail() {
    return verdict == 0
        ? Bytes.u16(segment, offset + 78)
        : Bytes.u8(segment, verdict + Verdicts.DETAIL);
  }

  /** See {@link io.ovenet.bpf.MacAddress#bits}. */
  public long sourceMac() {
    return Bytes.macBits(segment, offset + 80);
  }

  public long destinationMac() {
    return Bytes.macBits(segment, offset + 86);
  }

  /** Packets that the event stands for, at least 1. */
  public int count() {
    return segment.get(Bytes.U32, offset + 92);
  }

  /**
   * Number of the frontend by which the destination, of a reply the source, was called; 0: none, or
   * not known.
   */
  public int service() {
    return segment.get(Bytes.U32, offset + 96);
  }

  /** Null of another kind of event, and of a number without a name. */
  public @Nullable DropReason dropReason() {
    return kind() == EventKind.DROP.number() ? DropReason.of(subtype()) : null;
  }

  @Override
  public String toString() {
    return EventKind.of(kind())
        + " "
        + subtype()
        + (direction() == PolicyKey.INGRESS
            ? " ingress "
            : direction() == PolicyKey.EGRESS ? " egress " : " ")
        + source().getHostAddress()
        + ":"
        + sourcePort()
        + " ("
        + sourceIdentity()
        + ") -> "
        + destination().getHostAddress()
        + ":"
        + destinationPort()
        + " ("
        + destinationIdentity()
        + ") protocol "
        + protocol()
        + " flags "
        + flags()
        + " rule "
        + rule()
        + " detail "
        + dropDetail();
  }
}
