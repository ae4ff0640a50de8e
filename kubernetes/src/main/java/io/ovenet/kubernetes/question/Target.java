package io.ovenet.kubernetes.question;

import io.ovenet.policy.NamedPort;
import io.ovenet.policy.PortRange;
import io.ovenet.policy.question.Party;
import java.util.Locale;

/**
 * Where a connection goes, as {@code END:PORT/PROTOCOL}.
 *
 * @param end the part before the port
 * @param protocol IP protocol number
 * @param port as written: a number, a port's name, or an ICMP type
 */
public record Target(String end, int protocol, String port) {
  private static final String REMEDY =
      ": write END:PORT or END:PORT/PROTOCOL, as shop/web:80/TCP, shop/web:http or 10.0.0.1:8/ICMP";

  /** Reads it. */
  public static Target parse(String text) {
    int colon = text.lastIndexOf(':');
    if (colon <= 0 || colon == text.length() - 1 || text.endsWith("]")) {
      throw new IllegalArgumentException("'" + text + "' names no port" + REMEDY);
    }
    String end = text.substring(0, colon);
    if (end.startsWith("[") && end.endsWith("]")) {
      end = end.substring(1, end.length() - 1);
    }
    String port = text.substring(colon + 1);
    int slash = port.indexOf('/');
    String protocol = slash < 0 ? "TCP" : port.substring(slash + 1);
    String number = slash < 0 ? port : port.substring(0, slash);
    if (slash < 0 && number.toUpperCase(Locale.ROOT).startsWith("ICMP")) {
      return new Target(end, protocol(number, text), number.equalsIgnoreCase("icmp") ? "8" : "128");
    }
    return new Target(end, protocol(protocol, text), number);
  }

  private static int protocol(String name, String text) {
    return switch (name.toUpperCase(Locale.ROOT)) {
      case "TCP" -> PortRange.TCP;
      case "UDP" -> PortRange.UDP;
      case "SCTP" -> PortRange.SCTP;
      case "ICMP" -> PortRange.ICMP;
      case "ICMPV6" -> PortRange.ICMPV6;
      default ->
          throw new IllegalArgumentException(
              "unknown protocol '" + name + "' in '" + text + "'" + REMEDY);
    };
  }

  public boolean isIcmp() {
    return protocol == PortRange.ICMP || protocol == PortRange.ICMPV6;
  }

  /** The port's number, or the ICMP type; a name is one of the destination's. */
  public int number(Party destination) {
    if (port.matches("[0-9]{1,5}")) {
      int number = Integer.parseInt(port);
      if (number > (isIcmp() ? 255 : 65535) || (number == 0 && !isIcmp())) {
        throw new IllegalArgumentException(
            isIcmp() ? "ICMP type out of 0-255: " + port : "port out of 1-65535: " + port);
      }
      return number;
    }
    for (NamedPort named : destination.ports().ports()) {
      if (named.name().equalsIgnoreCase(port) && named.protocol() == protocol) {
        return named.port();
      }
    }
    throw new IllegalArgumentException(
        destination.name() + " has no port called '" + port + "': give its number");
  }

  /** {@code 80/TCP}, {@code ICMP type 8}. */
  public String text(int number) {
    return (isIcmp() ? PortRange.icmp(protocol, number) : new PortRange(protocol, number, number))
        .toString();
  }
}
