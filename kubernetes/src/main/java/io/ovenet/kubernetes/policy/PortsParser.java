package io.ovenet.kubernetes.policy;

import io.ovenet.policy.PortName;
import io.ovenet.policy.PortRange;
import io.ovenet.policy.RuleEffect;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/** {@code toPorts} and {@code icmps} of Cilium's policies. */
final class PortsParser {
  private static final int MAX_PORTS = 40;
  private static final int IGMP = 2;
  private static final int VRRP = 112;
  private static final Pattern NUMBER = Pattern.compile("[0-9]+");
  // RFC 6335, 5.1: at most 15, a letter in it, no '-' at the ends and no two of them together.
  private static final Pattern NAME =
      Pattern.compile("(?=.{1,15}$)(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*");

  private final Notices notices;

  PortsParser(Notices notices) {
    this.notices = notices;
  }

  /**
   * What one {@code toPorts} item names.
   *
   * @param allowed what is granted (an allow) or named (else)
   * @param whole the same with protocols that are not in force: what has to be kept shut to be sure
   * @param names ports by name
   */
  record Ports(List<PortRange> allowed, List<PortRange> whole, List<PortName> names) {}

  /**
   * The {@code ports} of an item.
   *
   * @param dns whether they are for the DNS proxy: then ANY is TCP and UDP
   */
  Ports ports(Field ports, boolean dns) {
    List<Field> items = ports.items();
    if (items.size() > MAX_PORTS) {
      throw ports.error(
          items.size() + " ports are more than " + MAX_PORTS, "split the rule into several");
    }
    List<PortRange> allowed = new ArrayList<>();
    List<PortRange> whole = new ArrayList<>();
    List<PortName> names = new ArrayList<>();
    for (Field item : items) {
      item.only(Set.of("port", "endPort", "protocol"));
      boolean known = range(item, dns, allowed, names);
      if (!known) {
        for (int protocol : protocols(item.get("protocol"), dns)) {
          whole.add(PortRange.all(protocol));
        }
      }
    }
    whole.addAll(allowed);
    return new Ports(allowed, whole, names);
  }

  /** Adds what an item names; false if its protocol is not in force. */
  private boolean range(Field item, boolean dns, List<PortRange> ranges, List<PortName> names) {
    Field port = item.get("port");
    String text = port.string();
    List<Integer> protocols = protocols(item.get("protocol"), dns);
    Field endPort = item.get("endPort");
    if (!NUMBER.matcher(text).matches()) {
      if (!isName(text)) {
        throw port.error(
            "neither a port number nor a port name: '" + text + "'",
            "give a number from 0 to 65535, or a name of at most 15 letters, digits and '-'");
      }
      if (endPort.present() && endPort.integer(0, 0xffff) != 0) {
        throw endPort.error("a named port has no end", "give port as a number");
      }
      if (isNotInForce(item, protocols)) {
        return false;
      }
      for (int protocol : protocols) {
        names.add(new PortName(protocol, text));
      }
      return true;
    }
    if (text.length() > 1 && text.charAt(0) == '0') {
      throw port.error(
          "leading zero: '" + text + "' could be meant as octal", "write it without the zero");
    }
    if (text.length() > 5 || Integer.parseInt(text) > 0xffff) {
      throw port.error("no such port: " + text, "give a number from 0 to 65535");
    }
    int from = Integer.parseInt(text);
    int to = endPort.present() ? endPort.integer(0, 0xffff) : 0;
    if (to != 0 && to < from) {
      throw endPort.error(
          "endPort " + to + " is below port " + from, "give an endPort that is not below port");
    }
    if (isNotInForce(item, protocols)) {
      return false;
    }
    int end = from == 0 ? (to == 0 ? 0xffff : to) : Math.max(from, to);
    for (int protocol : protocols) {
      ranges.add(new PortRange(protocol, from, end));
    }
    return true;
  }

  static boolean isName(String text) {
    return NAME.matcher(text.toLowerCase(Locale.ROOT)).matches();
  }

  private boolean isNotInForce(Field item, List<Integer> protocols) {
    if (!protocols.contains(IGMP) && !protocols.contains(VRRP)) {
      return false;
    }
    notices.add(
        item.get("protocol"),
        "VRRP and IGMP are not in force: an allow grants nothing, a deny denies the protocol",
        "use TCP, UDP, SCTP or ANY");
    return true;
  }

  private static List<Integer> protocols(Field protocol, boolean dns) {
    return switch (protocol.stringOr("").toUpperCase(Locale.ROOT)) {
      case "", "ANY" ->
          dns
              ? List.of(PortRange.TCP, PortRange.UDP)
              : List.of(PortRange.TCP, PortRange.UDP, PortRange.SCTP);
      case "TCP" -> List.of(PortRange.TCP);
      case "UDP" -> List.of(PortRange.UDP);
      case "SCTP" -> List.of(PortRange.SCTP);
      case "IGMP" -> List.of(IGMP);
      case "VRRP" -> List.of(VRRP);
      default ->
          throw protocol.error(
              "unknown protocol '" + protocol.string() + "'", "use TCP, UDP, SCTP or ANY");
    };
  }

  /** The ICMP types that {@code icmps} names. */
  List<PortRange> icmps(Field icmps) {
    List<PortRange> ranges = new ArrayList<>();
    for (Field item : icmps.items()) {
      item.only(Set.of("fields"));
      Field fields = item.get("fields");
      if (fields.items().size() > MAX_PORTS) {
        throw fields.error(
            fields.items().size() + " types are more than " + MAX_PORTS, "split the rule");
      }
      for (Field field : fields.items()) {
        field.only(Set.of("family", "type"));
        Field family = field.get("family");
        boolean ipv6 =
            switch (family.stringOr("IPv4")) {
              case "", "IPv4" -> false;
              case "IPv6" -> true;
              default ->
                  throw family.error(
                      "unknown family '" + family.string() + "'", "use IPv4 or IPv6");
            };
        Field type = field.get("type");
        if (!type.present()) {
          throw type.error("missing", "give a number from 0 to 255, or a name");
        }
        ranges.add(
            PortRange.icmp(ipv6 ? PortRange.ICMPV6 : PortRange.ICMP, IcmpTypes.type(type, ipv6)));
      }
    }
    return ranges;
  }

  /** What an effect has to be about: what is sure for an allow, what is possible for all else. */
  static List<PortRange> of(RuleEffect effect, Ports ports) {
    return effect == RuleEffect.ALLOW ? ports.allowed : ports.whole;
  }
}
