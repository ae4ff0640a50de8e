package io.ovenet.cli.hubble;

import io.ovenet.api.flow.EventTypeFilter;
import io.ovenet.api.flow.HTTPHeader;
import io.ovenet.api.flow.IPVersion;
import io.ovenet.api.flow.TCPFlags;
import io.ovenet.api.flow.Workload;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** From what people type to what filters hold; each says what is wrong and what would be right. */
final class FilterValues {
  private static final Map<String, Integer> EVENT_TYPES =
      Map.of(
          "drop", FlowWords.DROP,
          "capture", FlowWords.CAPTURE,
          "trace", FlowWords.TRACE,
          "policy-verdict", FlowWords.POLICY_VERDICT,
          "trace-sock", FlowWords.TRACE_SOCK,
          "l7", FlowWords.L7);

  private static final List<String> RESERVED_IDENTITIES =
      List.of(
          "unknown",
          "host",
          "world",
          "unmanaged",
          "health",
          "init",
          "remote-node",
          "kube-apiserver",
          "ingress");

  private FilterValues() {}

  static <E extends Enum<E>> E named(Class<E> type, String value, String option) {
    try {
      E constant = Enum.valueOf(type, value.toUpperCase(Locale.ROOT));
      if (!constant.name().equals("UNRECOGNIZED")) {
        return constant;
      }
    } catch (IllegalArgumentException e) {
      // said below
    }
    throw new HubbleException(option + ": \"" + value + "\" is none that Hubble knows; see --help");
  }

  static EventTypeFilter eventType(String value) {
    int colon = value.indexOf(':');
    String name = colon < 0 ? value : value.substring(0, colon);
    Integer type = EVENT_TYPES.get(name);
    var filter = EventTypeFilter.newBuilder().setType(type == null ? number(name, value) : type);
    if (colon >= 0) {
      String subtype = value.substring(colon + 1);
      int point = FlowWords.TRACE_POINTS.indexOf(subtype);
      filter
          .setMatchSubType(true)
          .setSubType(point >= 0 && name.equals("trace") ? point : number(subtype, value));
    }
    return filter.build();
  }

  private static int number(String text, String value) {
    try {
      return Integer.parseInt(text);
    } catch (NumberFormatException e) {
      throw new HubbleException(
          "--type: \"" + value + "\" is no type of event: " + EVENT_TYPES.keySet(), e);
    }
  }

  static int identity(String value) {
    int reserved = RESERVED_IDENTITIES.indexOf(value.replaceFirst("^reserved:", ""));
    if (reserved >= 0) {
      return reserved;
    }
    try {
      return Integer.parseUnsignedInt(value);
    } catch (NumberFormatException e) {
      throw new HubbleException(
          "\"" + value + "\" is no identity: a number, or one of " + RESERVED_IDENTITIES, e);
    }
  }

  static Workload workload(String value) {
    int slash = value.indexOf('/');
    return Workload.newBuilder()
        .setKind(slash < 0 ? "" : value.substring(0, slash))
        .setName(value.substring(slash + 1))
        .build();
  }

  static TCPFlags tcpFlags(String value) {
    var flags = TCPFlags.newBuilder();
    for (String name : value.split(",", -1)) {
      var field = TCPFlags.getDescriptor().findFieldByName(name.strip().toUpperCase(Locale.ROOT));
      if (field == null) {
        throw new HubbleException("--tcp-flags: \"" + name + "\" is no TCP flag");
      }
      flags.setField(field, true);
    }
    return flags.build();
  }

  static HTTPHeader header(String text) {
    int colon = text.indexOf(':');
    if (colon < 0) {
      throw new HubbleException("--http-header " + text + ": NAME:VALUE");
    }
    return HTTPHeader.newBuilder()
        .setKey(text.substring(0, colon))
        .setValue(text.substring(colon + 1))
        .build();
  }

  static long ipTrace(String text) {
    try {
      long id = Long.parseUnsignedLong(text);
      if (id != 0) {
        return id;
      }
    } catch (NumberFormatException e) {
      // said below
    }
    throw new HubbleException("--ip-trace-id " + text + ": a number above 0");
  }

  static IPVersion ipVersion(String text) {
    return switch (text.toLowerCase(Locale.ROOT)) {
      case "4", "v4", "ipv4", "ip4" -> IPVersion.IPv4;
      case "6", "v6", "ipv6", "ip6" -> IPVersion.IPv6;
      case "none", "0" -> IPVersion.IP_NOT_USED;
      default -> throw new HubbleException("--ip-version " + text + ": v4, v6 or none");
    };
  }
}
