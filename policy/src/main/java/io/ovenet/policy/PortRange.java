package io.ovenet.policy;

import org.jspecify.annotations.Nullable;

/**
 * A protocol and the ports of it that a rule names. For ICMP and ICMPv6 the type stands in a port's
 * high byte, as in the kernel's policy_map.
 *
 * @param protocol IP protocol number; 0 = every protocol, then with all ports
 * @param from first port, 0–65535
 * @param to last port, at least {@code from}
 */
public record PortRange(int protocol, int from, int to) implements Comparable<PortRange> {
  public static final int ICMP = 1;
  public static final int TCP = 6;
  public static final int UDP = 17;
  public static final int ICMPV6 = 58;
  public static final int SCTP = 132;

  /** Every protocol: what a rule without ports is about. */
  public static final PortRange EVERYTHING = new PortRange(0, 0, 0xffff);

  public PortRange {
    if (protocol < 0 || protocol > 255 || from < 0 || to > 0xffff || from > to) {
      throw new IllegalArgumentException("protocol " + protocol + " ports " + from + "-" + to);
    }
    if (protocol == 0 && (from != 0 || to != 0xffff)) {
      throw new IllegalArgumentException("ports without a protocol: " + from + "-" + to);
    }
  }

  public static PortRange all(int protocol) {
    return new PortRange(protocol, 0, 0xffff);
  }

  /**
   * One type of ICMP.
   *
   * @param protocol ICMP or ICMPV6
   */
  public static PortRange icmp(int protocol, int type) {
    return new PortRange(protocol, type << 8, type << 8 | 0xff);
  }

  public boolean isWholeProtocol() {
    return from == 0 && to == 0xffff;
  }

  public boolean covers(int otherProtocol, int port) {
    return protocol == 0 || (protocol == otherProtocol && from <= port && port <= to);
  }

  @Override
  public int compareTo(PortRange other) {
    int order = Integer.compare(protocol, other.protocol);
    if (order == 0) {
      order = Integer.compare(from, other.from);
    }
    return order == 0 ? Integer.compare(to, other.to) : order;
  }

  @Override
  public String toString() {
    return switch (protocol) {
      case 0 -> "everything";
      case ICMP -> isWholeProtocol() ? "ICMP" : "ICMP type " + (from >> 8);
      case ICMPV6 -> isWholeProtocol() ? "ICMPv6" : "ICMPv6 type " + (from >> 8);
      case TCP -> ports() + "TCP";
      case UDP -> ports() + "UDP";
      case SCTP -> ports() + "SCTP";
      default -> ports() + "protocol " + protocol;
    };
  }

  private String ports() {
    return isWholeProtocol() ? "" : from == to ? from + "/" : from + "-" + to + "/";
  }

  // Written out: a key's generated methods are many times slower in what the agent's compiler
  // makes.
  @Override
  public boolean equals(@Nullable Object other) {
    return this == other
        || (other instanceof PortRange that
            && protocol == that.protocol
            && from == that.from
            && to == that.to);
  }

  @Override
  public int hashCode() {
    return 31 * (31 * protocol + from) + to;
  }
}
