package io.ovenet.agent;

import io.ovenet.flow.Addresses;
import io.ovenet.flow.FlowEndpoint;
import io.ovenet.flow.FlowNames;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What numbers of the kernel are called in lists, by the names that flows have. */
final class ListedNames {
  private final FlowNames names;

  ListedNames(FlowNames names) {
    this.names = names;
  }

  /**
   * One end of a connection, under its own names.
   *
   * @param endpoint its id on this node, or 0
   * @param since nanoseconds of CLOCK_MONOTONIC: whose the address was by then
   */
  Map<String, Object> end(InetAddress address, int port, int endpoint, int identity, long since) {
    var halves = Addresses.halves(address);
    var one = new LinkedHashMap<String, Object>();
    one.put("address", address.getHostAddress());
    one.put("port", port);
    describe(names.end(since, endpoint, identity, true, 0, halves[0], halves[1]), one);
    return one;
  }

  /** Adds who has an address, or all of a prefix, now. */
  void describe(InetAddress address, int prefixLength, int identity, Map<String, Object> to) {
    var halves = Addresses.halves(address);
    boolean single = prefixLength == (address instanceof Inet4Address ? 32 : 128);
    describe(names.end(System.nanoTime(), 0, identity, single, 0, halves[0], halves[1]), to);
  }

  private static void describe(FlowEndpoint who, Map<String, Object> to) {
    if (who.id() != 0) {
      to.put("endpoint", who.id());
    }
    if (!who.podName().isEmpty()) {
      to.put("namespace", who.namespace());
      to.put("pod", who.podName());
    }
    for (var workload : who.workloads()) {
      if (workload.getKind().equals("Node")) {
        to.put("node", workload.getName());
      } else {
        to.put("workload", workload.getKind() + "/" + workload.getName());
      }
    }
    to.put("identity", who.identity());
    to.put("labels", who.labels().texts());
  }

  /** Where the rule that decided stands; empty where none did. */
  List<String> rules(int rule) {
    if (rule == 0) {
      return List.of();
    }
    var origin = names.rule(rule);
    return origin == null ? List.of("a rule that is gone (" + rule + ")") : origin.texts();
  }

  /** {@code namespace/name}, or the number where the service is gone. */
  String service(int number) {
    var name = names.service(number);
    return name == null ? "a service that is gone (" + number + ")" : name;
  }

  String interfaceName(int ifindex) {
    var name = names.interfaceName(ifindex);
    return name.isEmpty() ? "ifindex " + ifindex : name;
  }

  /** By IANA's number. */
  static String protocol(int number) {
    return switch (number) {
      case 1 -> "ICMP";
      case 6 -> "TCP";
      case 17 -> "UDP";
      case 58 -> "ICMPv6";
      case 132 -> "SCTP";
      default -> Integer.toString(number);
    };
  }

  /** An IPv4 address as maps have it; empty for 0. */
  static String ipv4(int address) {
    return address == 0
        ? ""
        : (address >>> 24)
            + "."
            + (address >>> 16 & 0xff)
            + "."
            + (address >>> 8 & 0xff)
            + "."
            + (address & 0xff);
  }
}
