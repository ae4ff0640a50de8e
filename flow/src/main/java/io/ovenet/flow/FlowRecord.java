package io.ovenet.flow;

import io.ovenet.api.flow.DropReason;
import io.ovenet.api.flow.TrafficDirection;
import io.ovenet.api.flow.Verdict;
import io.ovenet.datapath.EventKind;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A flow as it lies in the ring: the numbers of the kernel's record beside the names that they had
 * when it was read. Immutable; serialized only for those who want to see it.
 *
 * <p>Addresses are 16 bytes as two big-endian numbers, IPv4 mapped.
 *
 * @param time nanoseconds since 1970, UTC
 * @param subtype of {@code kind}: a drop reason, an observation point (101 to an endpoint), or
 *     {@code enum verdict}
 * @param flags {@code enum event_flags}
 * @param verdict Hubble's
 * @param dropReason Hubble's number, or 0
 * @param reply one of {@link #REPLY_UNKNOWN}, {@link #REPLY_NO}, {@link #REPLY_YES}
 * @param sourcePort of ICMP: the type times 256 plus the code
 * @param count packets that it stands for
 * @param service by which the destination, of a reply the source, was called: {@code
 *     namespace/name}; empty: none
 * @param dns what it said, of {@link #LAYER7}; else null
 */
public record FlowRecord(
    long sequence,
    long time,
    byte kind,
    byte verdict,
    short subtype,
    byte direction,
    byte flags,
    short protocol,
    byte tcpFlags,
    byte match,
    byte traceReason,
    short dropReason,
    byte reply,
    long sourceHigh,
    long sourceLow,
    long destinationHigh,
    long destinationLow,
    int sourcePort,
    int destinationPort,
    long sourceMac,
    long destinationMac,
    int ifindex,
    int count,
    int rule,
    FlowEndpoint source,
    FlowEndpoint destination,
    List<String> sourceNames,
    List<String> destinationNames,
    RuleOrigin origin,
    String interfaceName,
    String service,
    @Nullable Dns dns)
    implements RingEntry {
  /** Hubble's event type of layer 7, for {@code kind}; no event of the kernel has it. */
  public static final byte LAYER7 = (byte) 129;

  public static final byte REPLY_UNKNOWN = 0;
  public static final byte REPLY_NO = 1;
  public static final byte REPLY_YES = 2;

  static final int TCP = 6;
  static final int UDP = 17;
  static final int SCTP = 132;
  static final int ICMP = 1;
  static final int ICMPV6 = 58;

  /** Measured, with its place in the ring: see {@code FlowRingTest}. */
  private static final int BYTES = 160;

  private static final int BYTES_OF_NAME = 64;

  @Override
  public int bytes() {
    int names = sourceNames.size() + destinationNames.size();
    return BYTES + names * BYTES_OF_NAME + (dns == null ? 0 : dns.bytes());
  }

  /** Another event of the same packet. */
  FlowRecord also(
      long sequence,
      byte kind,
      byte verdict,
      short subtype,
      byte direction,
      byte match,
      byte traceReason,
      short dropReason,
      byte reply,
      int rule,
      RuleOrigin origin) {
    return new FlowRecord(
        sequence,
        time,
        kind,
        verdict,
        subtype,
        direction,
        flags,
        protocol,
        tcpFlags,
        match,
        traceReason,
        dropReason,
        reply,
        sourceHigh,
        sourceLow,
        destinationHigh,
        destinationLow,
        sourcePort,
        destinationPort,
        sourceMac,
        destinationMac,
        ifindex,
        count,
        rule,
        source,
        destination,
        sourceNames,
        destinationNames,
        origin,
        interfaceName,
        service,
        dns);
  }

  /** The packet went no further. */
  boolean isDropped() {
    return verdict == Verdict.DROPPED_VALUE;
  }

  public boolean has(int flag) {
    return (flags & flag) != 0;
  }

  /** Hubble's event type. */
  int eventType() {
    return Byte.toUnsignedInt(kind);
  }

  boolean isKind(EventKind expected) {
    return kind == expected.number();
  }

  /** Whether ports mean ports. */
  boolean hasPorts() {
    return has(io.ovenet.datapath.FlowEvent.HAS_PORTS)
        && (protocol == TCP || protocol == UDP || protocol == SCTP);
  }

  /** Hubble's subtype of the event's type: of TO_ENDPOINT and of policy verdicts it is 0. */
  int eventSubtype() {
    if (isKind(EventKind.DROP)) {
      return subtype;
    }
    return isKind(EventKind.TRACE) && subtype != FlowDecoder.TO_ENDPOINT ? subtype : 0;
  }

  Verdict verdictEnum() {
    Verdict value = Verdict.forNumber(verdict);
    return value == null ? Verdict.VERDICT_UNKNOWN : value;
  }

  DropReason dropReasonEnum() {
    DropReason value = DropReason.forNumber(dropReason);
    return value == null ? DropReason.DROP_REASON_UNKNOWN : value;
  }

  TrafficDirection directionEnum() {
    TrafficDirection value = TrafficDirection.forNumber(direction);
    return value == null ? TrafficDirection.TRAFFIC_DIRECTION_UNKNOWN : value;
  }
}
