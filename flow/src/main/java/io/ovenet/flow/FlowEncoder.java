package io.ovenet.flow;

import com.google.protobuf.InvalidProtocolBufferException;
import io.ovenet.api.flow.DNS;
import io.ovenet.api.flow.Flow;
import io.ovenet.api.flow.FlowType;
import io.ovenet.api.flow.IPVersion;
import io.ovenet.api.flow.L7FlowType;
import io.ovenet.api.flow.Layer7;
import io.ovenet.api.flow.LostEventSource;
import io.ovenet.api.flow.TrafficDirection;
import io.ovenet.api.flow.Verdict;
import io.ovenet.datapath.EventKind;
import io.ovenet.datapath.FlowEvent;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * From a record to the bytes of a flow.Flow, or of the observer.GetFlowsResponse around it. Written
 * straight into the wire format: a follower gets every packet's flow, and building messages first
 * costs several times as much.
 *
 * <p>For one thread; each reader has its own.
 */
public final class FlowEncoder {
  private static final long NANOS_PER_SECOND = TimeUnit.SECONDS.toNanos(1);
  private static final int RESPONSE_FLOW = 1;
  private static final int RESPONSE_LOST_EVENTS = 3;
  private static final int RESPONSE_NODE_NAME = 1000;
  private static final int RESPONSE_TIME = 1001;
  private static final int CAPACITY = 4096;

  private static final int[] TCP_FLAG_BITS = {0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80};
  private static final byte[] EMPTY = {};
  private static final byte[][] TCP_FLAGS = new byte[256][];

  static {
    var writer = new ProtoWriter(64);
    for (int flags = 0; flags < TCP_FLAGS.length; flags++) {
      writer.reset();
      for (int i = TCP_FLAG_BITS.length - 1; i >= 0; i--) {
        writer.number(i + 1, (flags & TCP_FLAG_BITS[i]) != 0 ? 1 : 0);
      }
      TCP_FLAGS[flags] = writer.toByteArray();
    }
  }

  private final byte[] nodeName;
  private final FlowUuids uuids;
  private final FlowMask mask;
  private final ProtoWriter response = new ProtoWriter(CAPACITY);
  private final ProtoWriter scratch = new ProtoWriter(CAPACITY);

  /**
   * For one reader.
   *
   * @param nodeName {@code cluster/node}
   * @param mask what of a flow is wanted
   */
  public FlowEncoder(String nodeName, FlowUuids uuids, FlowMask mask) {
    this.nodeName = nodeName.getBytes(StandardCharsets.UTF_8);
    this.uuids = uuids;
    this.mask = mask;
  }

  /** A serialized observer.GetFlowsResponse. */
  public byte[] response(FlowRecord flow) {
    response.reset();
    envelope(flow.time());
    int end = response.length();
    if (mask.isEverything()) {
      write(response, flow);
    } else {
      scratch.reset();
      write(scratch, flow);
      mask.project(scratch.array(), scratch.offset(), scratch.length(), response);
    }
    response.nest(RESPONSE_FLOW, end);
    return response.toByteArray();
  }

  /** A serialized observer.GetFlowsResponse about events that are missing. */
  public byte[] lost(LostEventSource source, long events, long first, long last, long now) {
    response.reset();
    envelope(now);
    int end = response.length();
    timestamp(response, 5, last);
    timestamp(response, 4, first);
    response.number(2, events);
    response.number(1, source.getNumber());
    response.nest(RESPONSE_LOST_EVENTS, end);
    return response.toByteArray();
  }

  private void envelope(long time) {
    timestamp(response, RESPONSE_TIME, time);
    response.bytes(RESPONSE_NODE_NAME, nodeName);
  }

  /** As a message, for those who look into it. */
  public Flow flow(FlowRecord record) {
    scratch.reset();
    write(scratch, record);
    try {
      return Flow.parser().parseFrom(scratch.array(), scratch.offset(), scratch.length());
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException("what the encoder writes is no flow", e);
    }
  }

  private void write(ProtoWriter to, FlowRecord flow) {
    to.bytes(Flow.SUMMARY_FIELD_NUMBER, Summary.of(flow));
    aggregate(to, flow);
    policies(to, flow);
    if (flow.isKind(EventKind.TRACE)) {
      to.number(Flow.TRACE_REASON_FIELD_NUMBER, flow.traceReason());
    }
    uuids.write(to, Flow.UUID_FIELD_NUMBER, flow.sequence());
    if (flow.ifindex() != 0) {
      int end = to.length();
      to.string(2, flow.interfaceName());
      to.number(1, Integer.toUnsignedLong(flow.ifindex()));
      to.nest(Flow.INTERFACE_FIELD_NUMBER, end);
    }
    if (flow.reply() != FlowRecord.REPLY_UNKNOWN) {
      int end = to.length();
      to.number(1, flow.reply() == FlowRecord.REPLY_YES ? 1 : 0);
      to.nest(Flow.IS_REPLY_FIELD_NUMBER, end);
    }
    to.number(Flow.DROP_REASON_DESC_FIELD_NUMBER, flow.dropReason());
    if (flow.isKind(EventKind.TRACE)) {
      to.number(Flow.TRACE_OBSERVATION_POINT_FIELD_NUMBER, flow.subtype());
    }
    if (flow.isKind(EventKind.POLICY_VERDICT)) {
      to.number(Flow.POLICY_MATCH_TYPE_FIELD_NUMBER, Byte.toUnsignedInt(flow.match()));
    }
    to.number(Flow.TRAFFIC_DIRECTION_FIELD_NUMBER, flow.direction());
    service(to, flow);
    int end = to.length();
    to.number(2, flow.eventSubtype());
    to.number(1, flow.eventType());
    to.nest(Flow.EVENT_TYPE_FIELD_NUMBER, end);
    to.number(16, flow.reply() == FlowRecord.REPLY_YES ? 1 : 0);
    if (flow.dns() != null) {
      layer7(to, flow.dns());
    }
    strings(to, Flow.DESTINATION_NAMES_FIELD_NUMBER, flow.destinationNames());
    strings(to, Flow.SOURCE_NAMES_FIELD_NUMBER, flow.sourceNames());
    to.bytes(Flow.NODE_NAME_FIELD_NUMBER, nodeName);
    to.number(
        Flow.TYPE_FIELD_NUMBER, flow.dns() == null ? FlowType.L3_L4_VALUE : FlowType.L7_VALUE);
    to.bytes(Flow.DESTINATION_FIELD_NUMBER, flow.destination().encoded());
    to.bytes(Flow.SOURCE_FIELD_NUMBER, flow.source().encoded());
    if (flow.has(FlowEvent.HAS_L3)) {
      layer4(to, flow);
      ip(to, flow);
    }
    if (flow.sourceMac() != 0 || flow.destinationMac() != 0) {
      end = to.length();
      Addresses.writeMac(to, 2, flow.destinationMac());
      Addresses.writeMac(to, 1, flow.sourceMac());
      to.nest(Flow.ETHERNET_FIELD_NUMBER, end);
    }
    to.number(3, flow.dropReason());
    to.number(Flow.VERDICT_FIELD_NUMBER, flow.verdict());
    timestamp(to, Flow.TIME_FIELD_NUMBER, flow.time());
  }

  /** Which of the four lists it is follows from verdict and direction. */
  private static void policies(ProtoWriter to, FlowRecord flow) {
    boolean ingress = flow.direction() == TrafficDirection.INGRESS_VALUE;
    if (flow.origin() == RuleOrigin.NONE
        || (!ingress && flow.direction() != TrafficDirection.EGRESS_VALUE)) {
      return;
    }
    boolean denied =
        flow.verdict() == Verdict.DROPPED_VALUE || flow.verdict() == Verdict.AUDIT_VALUE;
    int field =
        denied
            ? ingress ? Flow.INGRESS_DENIED_BY_FIELD_NUMBER : Flow.EGRESS_DENIED_BY_FIELD_NUMBER
            : ingress ? Flow.INGRESS_ALLOWED_BY_FIELD_NUMBER : Flow.EGRESS_ALLOWED_BY_FIELD_NUMBER;
    List<byte[]> policies = flow.origin().encoded();
    for (int i = policies.size() - 1; i >= 0; i--) {
      to.bytes(field, policies.get(i));
    }
  }

  /** The service stands where its backend does: at the end that did not ask. */
  private static void service(ProtoWriter to, FlowRecord flow) {
    int slash = flow.service().indexOf('/');
    if (slash < 0) {
      return;
    }
    int end = to.length();
    to.string(2, flow.service().substring(0, slash));
    to.string(1, flow.service().substring(slash + 1));
    to.nest(
        flow.reply() == FlowRecord.REPLY_YES
            ? Flow.SOURCE_SERVICE_FIELD_NUMBER
            : Flow.DESTINATION_SERVICE_FIELD_NUMBER,
        end);
  }

  private static void aggregate(ProtoWriter to, FlowRecord flow) {
    if (Integer.compareUnsigned(flow.count(), 1) <= 0) {
      return;
    }
    int field =
        switch (flow.direction()) {
          case TrafficDirection.INGRESS_VALUE -> 1;
          case TrafficDirection.EGRESS_VALUE -> 2;
          default -> 3;
        };
    int end = to.length();
    to.number(field, Integer.toUnsignedLong(flow.count()));
    to.nest(Flow.AGGREGATE_FIELD_NUMBER, end);
  }

  private static void layer7(ProtoWriter to, Dns dns) {
    int end = to.length();
    strings(to, DNS.RRTYPES_FIELD_NUMBER, dns.recordTypes());
    strings(to, DNS.QTYPES_FIELD_NUMBER, dns.types());
    to.number(DNS.RCODE_FIELD_NUMBER, dns.rcode());
    to.string(DNS.OBSERVATION_SOURCE_FIELD_NUMBER, "passive");
    strings(to, DNS.CNAMES_FIELD_NUMBER, dns.aliases());
    to.number(DNS.TTL_FIELD_NUMBER, dns.ttl());
    for (int i = dns.ips().size() - 1; i >= 0; i--) {
      to.string(DNS.IPS_FIELD_NUMBER, dns.ips().get(i).text());
    }
    to.string(DNS.QUERY_FIELD_NUMBER, dns.query());
    to.nest(Layer7.DNS_FIELD_NUMBER, end);
    to.number(Layer7.LATENCY_NS_FIELD_NUMBER, dns.latencyNanos());
    to.number(
        Layer7.TYPE_FIELD_NUMBER,
        dns.response() ? L7FlowType.RESPONSE_VALUE : L7FlowType.REQUEST_VALUE);
    to.nest(Flow.L7_FIELD_NUMBER, end);
  }

  private static void layer4(ProtoWriter to, FlowRecord flow) {
    int field =
        switch (flow.protocol()) {
          case FlowRecord.TCP -> 1;
          case FlowRecord.UDP -> 2;
          case FlowRecord.ICMP -> 3;
          case FlowRecord.ICMPV6 -> 4;
          case FlowRecord.SCTP -> 5;
          default -> 0;
        };
    if (field == 0 || !flow.has(FlowEvent.HAS_PORTS)) {
      return;
    }
    int end = to.length();
    if (flow.protocol() == FlowRecord.ICMP || flow.protocol() == FlowRecord.ICMPV6) {
      to.number(2, flow.sourcePort() & 0xff);
      to.number(1, flow.sourcePort() >> 8);
    } else {
      if (flow.protocol() == FlowRecord.TCP) {
        byte[] flags = TCP_FLAGS[Byte.toUnsignedInt(flow.tcpFlags())];
        to.bytes(3, flags == null ? EMPTY : flags);
      }
      to.number(2, flow.destinationPort());
      to.number(1, flow.sourcePort());
    }
    to.nest(field, end);
    to.nest(Flow.L4_FIELD_NUMBER, end);
  }

  private static void ip(ProtoWriter to, FlowRecord flow) {
    int end = to.length();
    to.number(3, flow.has(FlowEvent.IPV6) ? IPVersion.IPv6_VALUE : IPVersion.IPv4_VALUE);
    if ((flow.destinationHigh() | flow.destinationLow()) != 0) { // else it is not shown
      Addresses.writeText(to, 2, flow.destinationHigh(), flow.destinationLow());
    }
    if ((flow.sourceHigh() | flow.sourceLow()) != 0) {
      Addresses.writeText(to, 1, flow.sourceHigh(), flow.sourceLow());
    }
    to.nest(Flow.IP_FIELD_NUMBER, end);
  }

  private static void strings(ProtoWriter to, int field, List<String> values) {
    for (int i = values.size() - 1; i >= 0; i--) {
      to.bytes(field, values.get(i).getBytes(StandardCharsets.UTF_8));
    }
  }

  private static void timestamp(ProtoWriter to, int field, long nanos) {
    int end = to.length();
    to.number(2, Math.floorMod(nanos, NANOS_PER_SECOND));
    to.number(1, Math.floorDiv(nanos, NANOS_PER_SECOND));
    to.nest(field, end);
  }
}
