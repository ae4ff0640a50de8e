package io.ovenet.policy.naive;

import java.util.List;
import java.util.Locale;
import java.util.Set;

/** {@code toPorts}, {@code icmps} and NetworkPolicy's {@code ports}. */
final class NaivePorts {
  private static final Set<String> V4_ECHO = Set.of("8", "Echo", "EchoRequest");

  private NaivePorts() {}

  /** Whether a protocol as written is meant to hold this one; none or ANY = TCP, UDP, SCTP. */
  static boolean isProtocol(String written, int protocol) {
    return switch (written.toUpperCase(Locale.ROOT)) {
      case "", "ANY" -> protocol == 6 || protocol == 17 || protocol == 132;
      case "TCP" -> protocol == 6;
      case "UDP" -> protocol == 17;
      case "SCTP" -> protocol == 132;
      case "IGMP" -> protocol == 2;
      case "VRRP" -> protocol == 112;
      default -> throw new IllegalArgumentException("protocol " + written);
    };
  }

  static boolean isNumber(Object item) {
    return Doc.text(item, "port").chars().allMatch(Character::isDigit);
  }

  /**
   * Whether an item of Cilium's port list names the port.
   *
   * @param named whose ports a name means
   */
  static boolean names(Object item, int protocol, int port, List<NaiveEvaluator.Port> named) {
    if (!isProtocol(Doc.text(item, "protocol"), protocol)) {
      return false;
    }
    if (!isNumber(item)) {
      return isNamed(Doc.text(item, "port"), protocol, port, named);
    }
    if (protocol == 2 || protocol == 112) {
      return false;
    }
    int first = first(item);
    return first <= port && port <= last(item);
  }

  /** Whether somebody has a port of this name, and it is this one. Names ignore case. */
  static boolean isNamed(String name, int protocol, int port, List<NaiveEvaluator.Port> named) {
    for (NaiveEvaluator.Port candidate : named) {
      if (candidate.name().equalsIgnoreCase(name)
          && candidate.protocol() == protocol
          && candidate.number() == port) {
        return true;
      }
    }
    return false;
  }

  /** Whether two items of Cilium's port lists name the same ports in the same way. */
  static boolean isWrittenAlike(Object item, Object other) {
    if (isNumber(item) && isNumber(other)) {
      return first(item) == first(other) && last(item) == last(other);
    }
    return Doc.text(item, "port").equalsIgnoreCase(Doc.text(other, "port"));
  }

  static int first(Object item) {
    return Integer.parseInt(Doc.text(item, "port"));
  }

  /** "0" is all ports of the protocol, with endPort n it is 0 to n. */
  static int last(Object item) {
    Object end = Doc.get(item, "endPort");
    int last = end == null ? 0 : ((Number) end).intValue();
    return last == 0 ? (first(item) == 0 ? 65535 : first(item)) : last;
  }

  /** Whether the item's protocol is one that is not in force. */
  static boolean isUnknown(Object item, int protocol) {
    return isProtocol(Doc.text(item, "protocol"), protocol) && (protocol == 2 || protocol == 112);
  }

  /** Whether {@code icmps} names the type. */
  static boolean namesIcmp(List<?> icmps, int protocol, int type) {
    for (Object item : icmps) {
      for (Object field : Doc.list(item, "fields")) {
        int family = Doc.text(field, "family").equals("IPv6") ? 58 : 1;
        if (family == protocol && type(Doc.text(field, "type"), family) == type) {
          return true;
        }
      }
    }
    return false;
  }

  private static int type(String written, int family) {
    if (written.chars().allMatch(Character::isDigit)) {
      return Integer.parseInt(written);
    }
    if (family == 1 && V4_ECHO.contains(written)) {
      return 8;
    }
    return switch (written) {
      case "EchoReply" -> family == 1 ? 0 : 129;
      case "DestinationUnreachable" -> family == 1 ? 3 : 1;
      case "TimeExceeded" -> family == 1 ? 11 : 3;
      case "EchoRequest" -> 128;
      case "PacketTooBig" -> 2;
      default -> throw new IllegalArgumentException("ICMP type " + written);
    };
  }
}
