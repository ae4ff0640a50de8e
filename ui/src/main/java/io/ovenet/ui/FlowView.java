package io.ovenet.ui;

import com.google.protobuf.Timestamp;
import io.ovenet.api.flow.Endpoint;
import io.ovenet.api.flow.Flow;
import io.ovenet.api.flow.Layer4;
import io.ovenet.api.flow.Policy;
import io.ovenet.api.flow.TrafficDirection;
import io.ovenet.api.flow.Verdict;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * A flow as the page shows it. Immutable.
 *
 * @param sequence counts the flows of this process from 1
 * @param millis since 1970, by the node's clock
 */
record FlowView(
    long sequence,
    Flow flow,
    long millis,
    End source,
    End destination,
    String protocol,
    int sourcePort,
    int destinationPort) {
  private static final int DROP = 1;
  private static final int TRACE = 4;
  private static final int POLICY_VERDICT = 5;

  static FlowView of(long sequence, Flow flow) {
    Layer4 l4 = flow.getL4();
    String protocol;
    int from = 0;
    int to = 0;
    switch (l4.getProtocolCase()) {
      case TCP -> {
        protocol = "TCP";
        from = l4.getTCP().getSourcePort();
        to = l4.getTCP().getDestinationPort();
      }
      case UDP -> {
        protocol = "UDP";
        from = l4.getUDP().getSourcePort();
        to = l4.getUDP().getDestinationPort();
      }
      case SCTP -> {
        protocol = "SCTP";
        from = l4.getSCTP().getSourcePort();
        to = l4.getSCTP().getDestinationPort();
      }
      case ICMPV4 -> {
        protocol = "ICMP";
        to = l4.getICMPv4().getType();
      }
      case ICMPV6 -> {
        protocol = "ICMPv6";
        to = l4.getICMPv6().getType();
      }
      case VRRP -> protocol = "VRRP";
      case IGMP -> protocol = "IGMP";
      case PROTOCOL_NOT_SET -> protocol = "";
      default -> protocol = "";
    }
    return new FlowView(
        sequence,
        flow,
        millis(flow.getTime()),
        End.of(flow.getSource()),
        End.of(flow.getDestination()),
        protocol,
        from,
        to);
  }

  static long millis(Timestamp time) {
    return TimeUnit.NANOSECONDS.toMillis(
        TimeUnit.SECONDS.toNanos(time.getSeconds()) + time.getNanos());
  }

  /** What its address on the page ends with: the server's own name for it, else our number. */
  String id() {
    return flow.getUuid().isEmpty() ? "n" + sequence : flow.getUuid();
  }

  /** An answer, or an error about something sent before, which is no connection of its own. */
  boolean isReply() {
    return (flow.hasIsReply() && flow.getIsReply().getValue()) || (isIcmpError() && !isDropped());
  }

  /** RFC 792: destination unreachable, redirect, time exceeded, bad parameter; RFC 4443 §2.1. */
  private boolean isIcmpError() {
    return switch (protocol) {
      case "ICMP" -> destinationPort == 3 || destinationPort == 5 || isOf(destinationPort, 11, 12);
      case "ICMPv6" -> isOf(destinationPort, 1, 127);
      default -> false;
    };
  }

  private static boolean isOf(int type, int first, int last) {
    return first <= type && type <= last;
  }

  boolean isDropped() {
    return flow.getVerdict() == Verdict.DROPPED || flow.getVerdict() == Verdict.ERROR;
  }

  /** Whether it was seen at its source's side alone, where its destination's still decides. */
  boolean isLeaving() {
    return !isDropped() && flow.getTrafficDirection() == TrafficDirection.EGRESS;
  }

  /** Hubble's word for what was seen. */
  String type() {
    if (flow.hasL7()) {
      String record = flow.getL7().hasDns() ? "dns-" : flow.getL7().hasHttp() ? "http-" : "l7-";
      return record + flow.getL7().getType().name().toLowerCase(Locale.ROOT);
    }
    return switch (flow.getEventType().getType()) {
      case DROP -> reason();
      case TRACE -> dashed(flow.getTraceObservationPoint().name());
      case POLICY_VERDICT -> "policy-verdict";
      default -> "event " + flow.getEventType().getType();
    };
  }

  /** Why it was dropped, in words; empty if it was not. */
  String reason() {
    return isDropped() ? sentence(flow.getDropReasonDesc().name()) : "";
  }

  private static String dashed(String name) {
    return name.toLowerCase(Locale.ROOT).replace('_', '-');
  }

  private static String sentence(String name) {
    String words = name.toLowerCase(Locale.ROOT).replace('_', ' ');
    return words.isEmpty() ? "" : Character.toUpperCase(words.charAt(0)) + words.substring(1);
  }

  /** The policies that decided, in this flow's direction or both. */
  List<Policy> policies() {
    List<Policy> all = new ArrayList<>();
    if (isDropped()) {
      all.addAll(flow.getEgressDeniedByList());
      all.addAll(flow.getIngressDeniedByList());
    } else {
      all.addAll(flow.getEgressAllowedByList());
      all.addAll(flow.getIngressAllowedByList());
    }
    return all;
  }

  /** A row of the table. */
  @SuppressWarnings("deprecation") // what upstream's clients show too
  Map<String, Object> json() {
    Map<String, Object> row = new LinkedHashMap<>();
    row.put("seq", sequence);
    row.put("id", id());
    row.put("time", millis);
    row.put("node", flow.getNodeName());
    row.put("verdict", flow.getVerdict().name());
    row.put("type", type());
    row.put("direction", flow.getTrafficDirection().name());
    row.put("protocol", protocol);
    row.put("source", end(true));
    row.put("destination", end(false));
    if (flow.hasIsReply()) {
      row.put("reply", flow.getIsReply().getValue());
    }
    if (isDropped()) {
      row.put("reason", reason());
    }
    row.put("summary", flow.getSummary());
    List<Object> names = new ArrayList<>();
    for (Policy policy : policies()) {
      names.add(
          policy.getNamespace().isEmpty()
              ? policy.getName()
              : policy.getNamespace() + "/" + policy.getName());
    }
    if (!names.isEmpty()) {
      row.put("policies", names);
    }
    return row;
  }

  private Map<String, Object> end(boolean ofSource) {
    End end = ofSource ? source : destination;
    Endpoint endpoint = ofSource ? flow.getSource() : flow.getDestination();
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("kind", end.kind());
    object.put("name", name(end, ofSource));
    object.put("namespace", end.namespace());
    object.put("application", end.application());
    object.put("pod", end.pod());
    object.put("machine", end.machine());
    object.put("address", ofSource ? flow.getIP().getSource() : flow.getIP().getDestination());
    object.put("port", (long) (ofSource ? sourcePort : destinationPort));
    object.put("identity", Integer.toUnsignedLong(endpoint.getIdentity()));
    return object;
  }

  private String name(End end, boolean ofSource) {
    if (end.isPod()) {
      return end.machine().isEmpty() ? end.pod() : end.machine();
    }
    List<String> names = ofSource ? flow.getSourceNamesList() : flow.getDestinationNamesList();
    return names.isEmpty() ? end.entity() : String.join(", ", names);
  }
}
