package io.ovenet.policy.naive;

import java.util.List;
import java.util.Locale;
import java.util.Objects;

/** {@code toPorts}, {@code icmps} and NetworkPolicy's {@code ports}. */
final class NaivePorts {
  // IANA's registries of ICMP types, as upstream spells them.
  private static final List<String> V4_TYPES =
      List.of(
          "EchoReply 0",
          "DestinationUnreachable 3",
          "Redirect 5",
          "Echo 8",
          "EchoRequest 8",
          "RouterAdvertisement 9",
          "RouterSelection 10",
          "TimeExceeded 11",
          "ParameterProblem 12",
          "Timestamp 13",
          "TimestampReply 14",
          "Photuris 40",
          "ExtendedEchoRequest 42",
          "ExtendedEchoReply 43");
  private static final List<String> V6_TYPES =
      List.of(
          "DestinationUnreachable 1",
          "PacketTooBig 2",
          "TimeExceeded 3",
          "ParameterProblem 4",
          "EchoRequest 128",
          "EchoReply 129",
          "MulticastListenerQuery 130",
          "MulticastListenerReport 131",
          "MulticastListenerDone 132",
          "RouterSolicitation 133",
          "RouterAdvertisement 134",
          "NeighborSolicitation 135",
          "NeighborAdvertisement 136",
          "RedirectMessage 137",
          "RouterRenumbering 138",
          "ICMPNodeInformationQuery 139",
          "ICMPNodeInformationResponse 140",
          "InverseNeighborDiscoverySolicitation 141",
          "InverseNeighborDiscoveryAdvertisement 142",
          "HomeAgentAddressDiscoveryRequest 144",
          "HomeAgentAddressDiscoveryReply 145",
          "MobilePrefixSolicitation 146",
          "MobilePrefixAdvertisement 147",
          "DuplicateAddressRequestCodeSuffix 157",
          "DuplicateAddressConfirmationCodeSuffix 158",
          "ExtendedEchoRequest 160",
          "ExtendedEchoReply 161");

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
        if (family == protocol
            && type(Objects.requireNonNull(Doc.get(field, "type")), family) == type) {
          return true;
        }
      }
    }
    return false;
  }

  private static int type(Object written, int family) {
    if (written instanceof Number number) {
      return number.intValue();
    }
    String text = written.toString();
    if (text.chars().allMatch(Character::isDigit)) {
      return Integer.parseInt(text);
    }
    for (String line : family == 1 ? V4_TYPES : V6_TYPES) {
      String[] words = line.split(" ", -1);
      if (words[0].equals(text)) {
        return Integer.parseInt(words[1]);
      }
    }
    throw new IllegalArgumentException("ICMP type " + text);
  }
}
