package io.ovenet.cli.hubble;

import io.ovenet.api.flow.Flow;
import io.ovenet.api.flow.Layer7;
import io.ovenet.api.flow.Policy;
import io.ovenet.api.flow.Verdict;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Hubble's words for what a flow says. */
final class FlowWords {
  static final int DROP = 1;
  static final int CAPTURE = 3;
  static final int TRACE = 4;
  static final int POLICY_VERDICT = 5;
  static final int TRACE_SOCK = 7;
  static final int L7 = 129;

  /** From 130 on. */
  private static final String[] DROP_REASONS = {
    "Invalid source mac",
    "Invalid destination mac",
    "Invalid source ip",
    "Policy denied",
    "Invalid packet",
    "CT: Truncated or invalid header",
    "Fragmentation needed",
    "CT: Unknown L4 protocol",
    "CT: Can't create entry from packet",
    "Unsupported L3 protocol",
    "Missed tail call",
    "Error writing to packet",
    "Unknown L4 protocol",
    "Unknown ICMPv4 code",
    "Unknown ICMPv4 type",
    "Unknown ICMPv6 code",
    "Unknown ICMPv6 type",
    "Error retrieving tunnel key",
    "Error retrieving tunnel options",
    "Invalid Geneve option",
    "Unknown L3 target address",
    "Stale or unroutable IP",
    "No matching local container found",
    "Error while correcting L3 checksum",
    "Error while correcting L4 checksum",
    "CT: Map insertion failed",
    "Invalid IPv6 extension header",
    "IP fragmentation not supported",
    "Service backend not found",
    "",
    "No tunnel/encapsulation endpoint (datapath BUG!)",
    "NAT 46/64 not enabled",
    "Reached EDT rate-limiting drop horizon",
    "Unknown connection tracking state",
    "Local host is unreachable",
    "No configuration available to perform policy decision",
    "Unsupported L2 protocol",
    "No mapping for NAT masquerade",
    "Unsupported protocol for NAT masquerade",
    "FIB lookup failed",
    "Encapsulation traffic is prohibited",
    "Invalid identity",
    "Unknown sender",
    "NAT not needed",
    "Is a ClusterIP",
    "First logical datagram fragment not found",
    "Forbidden ICMPv6 message",
    "Denied by LB src range check",
    "Socket lookup failed",
    "Socket assign failed",
    "Proxy redirection not supported for protocol",
    "Policy denied by denylist",
    "VLAN traffic disallowed by VLAN filter",
    "Incorrect VNI from VTEP",
    "Failed to update or lookup TC buffer",
    "No SID was found for the IP address",
    "SRv6 state was removed during tail call",
    "L3 translation from IPv4 to IPv6 failed (NAT46)",
    "L3 translation from IPv6 to IPv4 failed (NAT64)",
    "Authentication required",
    "No conntrack map found",
    "No nat map found",
    "Invalid ClusterID",
    "Unsupported packet protocol for DSR encapsulation",
    "No egress gateway found",
    "Traffic is unencrypted",
    "TTL exceeded",
    "No node ID found",
    "Rate limited",
    "IGMP handled",
    "IGMP subscribed",
    "Multicast handled",
    "Host datapath not ready",
    "Endpoint policy program not available",
    "No Egress IP configured",
    "Punt to proxy"
  };

  private static final int FIRST_DROP_REASON = 130;

  /** By the number of the event's subtype. */
  static final List<String> TRACE_POINTS =
      List.of(
          "to-endpoint",
          "to-proxy",
          "to-host",
          "to-stack",
          "to-overlay",
          "from-endpoint",
          "from-proxy",
          "from-host",
          "from-stack",
          "from-overlay",
          "from-network",
          "to-network",
          "from-crypto",
          "to-crypto");

  private static final List<String> MATCHES =
      List.of("none", "L3-Only", "L3-L4", "L4-Only", "all", "L3-Proto", "Proto-Only");

  private static final List<String> RESERVED =
      List.of(
          "unknown",
          "host",
          "world",
          "unmanaged",
          "health",
          "init",
          "remote-node",
          "kube-apiserver",
          "ingress",
          "world-ipv4",
          "world-ipv6",
          "encrypted-overlay");

  private FlowWords() {}

  static String dropReason(int number) {
    int index = number - FIRST_DROP_REASON;
    return index >= 0 && index < DROP_REASONS.length && !DROP_REASONS[index].isEmpty()
        ? DROP_REASONS[index]
        : number + ", 0";
  }

  static String identity(int number) {
    long identity = Integer.toUnsignedLong(number);
    return identity < RESERVED.size()
        ? "(" + RESERVED.get((int) identity) + ")"
        : "(ID:" + identity + ")";
  }

  static String type(Flow flow) {
    if (flow.hasL7()) {
      return layer7(flow.getL7());
    }
    int subtype = flow.getEventType().getSubType() & 0xff;
    return switch (flow.getEventType().getType()) {
      case TRACE -> subtype < TRACE_POINTS.size() ? TRACE_POINTS.get(subtype) : "" + subtype;
      case DROP -> dropReason(subtype);
      case POLICY_VERDICT ->
          "policy-verdict:" + match(flow) + " " + flow.getTrafficDirection().name();
      case CAPTURE -> flow.getDebugCapturePoint().name();
      case TRACE_SOCK ->
          switch (flow.getSockXlatePoint()) {
            case SOCK_XLATE_POINT_PRE_DIRECTION_FWD -> "pre-xlate-fwd";
            case SOCK_XLATE_POINT_POST_DIRECTION_FWD -> "post-xlate-fwd";
            case SOCK_XLATE_POINT_PRE_DIRECTION_REV -> "pre-xlate-rev";
            case SOCK_XLATE_POINT_POST_DIRECTION_REV -> "post-xlate-rev";
            case SOCK_XLATE_POINT_UNKNOWN, UNRECOGNIZED -> "SOCK_XLATE_POINT_UNKNOWN";
          };
      default -> "UNKNOWN";
    };
  }

  private static String match(Flow flow) {
    int match = flow.getPolicyMatchType();
    return match >= 0 && match < MATCHES.size() ? MATCHES.get(match) : "unknown";
  }

  private static String layer7(Layer7 l7) {
    String type = l7.getType().name().toLowerCase(Locale.ROOT);
    return switch (l7.getRecordCase()) {
      case DNS -> "dns-" + type + " " + l7.getDns().getObservationSource();
      case HTTP -> "http-" + type;
      case KAFKA -> "kafka-" + type;
      case RECORD_NOT_SET -> "l7-" + type;
    };
  }

  static String verdict(Flow flow, boolean policyNames) {
    String word = flow.getVerdict().name();
    if (flow.getEventType().getType() != POLICY_VERDICT) {
      return word;
    }
    word =
        switch (flow.getVerdict()) {
          case FORWARDED, REDIRECTED -> "ALLOWED";
          case DROPPED, ERROR -> "DENIED";
          case AUDIT -> "AUDITED";
          case VERDICT_UNKNOWN, TRACED, TRANSLATED, UNRECOGNIZED -> word;
        };
    if (!policyNames) {
      return word;
    }
    var names = new ArrayList<String>();
    for (Policy policy : policies(flow)) {
      if (!policy.getName().isEmpty() && !policy.getKind().isEmpty()) {
        names.add(policy.getName() + " (" + policy.getKind() + ")");
      }
    }
    return names.isEmpty() ? word : word + " BY " + String.join(", ", names);
  }

  /** Those that decided in the flow's own direction. */
  static List<Policy> policies(Flow flow) {
    boolean denied = flow.getVerdict() == Verdict.DROPPED || flow.getVerdict() == Verdict.ERROR;
    boolean allowed =
        flow.getVerdict() == Verdict.FORWARDED || flow.getVerdict() == Verdict.REDIRECTED;
    return switch (flow.getTrafficDirection()) {
      case EGRESS ->
          denied
              ? flow.getEgressDeniedByList()
              : allowed ? flow.getEgressAllowedByList() : List.of();
      case INGRESS ->
          denied
              ? flow.getIngressDeniedByList()
              : allowed ? flow.getIngressAllowedByList() : List.of();
      case TRAFFIC_DIRECTION_UNKNOWN, UNRECOGNIZED -> List.of();
    };
  }
}
