package io.ovenet.agent;

import io.ovenet.bpf.IpPrefix;
import java.net.Inet4Address;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * How packets get from node to node.
 *
 * @param overlay through VXLAN; else by the network between the nodes, which has to know where pods
 *     are
 * @param tunnelPort UDP port of VXLAN, the same on all nodes
 * @param directNodeRoutes without the overlay: routes to the pods of nodes on the same network are
 *     this agent's
 * @param nativeRoutingCidr where addresses of pods are understood without masquerading; null:
 *     nowhere
 * @param masquerade whether pods have the node's address for who is outside
 */
public record RoutingConfig(
    boolean overlay,
    int tunnelPort,
    boolean directNodeRoutes,
    @Nullable IpPrefix nativeRoutingCidr,
    boolean masquerade) {
  /** IANA's port of VXLAN, which the platforms below and above us already use. */
  private static final int VXLAN_STANDARD_PORT = 4789;

  /** Upstream's. */
  private static final int DEFAULT_PORT = 8472;

  /** What VXLAN over IPv4 adds: Ethernet 14, IP 20, UDP 8, VXLAN 8. */
  private static final int OVERHEAD = 50;

  static RoutingConfig parse(ConfigValues values, List<String> warnings) {
    var mode = values.text("routing-mode", "tunnel").toLowerCase(Locale.ROOT);
    boolean overlay =
        switch (mode) {
          case "tunnel" -> true;
          case "native" -> false;
          default ->
              throw new ConfigException(
                  "routing-mode", "'" + mode + "' is unknown", "set tunnel or native");
        };
    var protocol = values.text("tunnel-protocol", "vxlan").toLowerCase(Locale.ROOT);
    if (overlay && !protocol.equals("vxlan")) {
      throw new ConfigException(
          "tunnel-protocol",
          "'" + protocol + "' is not supported by this agent",
          "set vxlan, or routing-mode=native");
    }
    int port = values.number("tunnel-port", DEFAULT_PORT, 0, 65_535);
    port = port == 0 ? DEFAULT_PORT : port;
    if (overlay && port == VXLAN_STANDARD_PORT) {
      warnings.add(
          "tunnel-port="
              + port
              + ": a network below that uses VXLAN, too, may take packets between nodes for its own;"
              + " leave it out for "
              + DEFAULT_PORT);
    }
    boolean direct = values.flag("auto-direct-node-routes", false);
    if (overlay && direct) {
      throw new ConfigException(
          "auto-direct-node-routes",
          "'true' makes no sense in the overlay",
          "set routing-mode=native or leave it out");
    }
    boolean bpf = values.flag("enable-bpf-masquerade", false);
    boolean ipv4 = values.flag("enable-ipv4-masquerade", true);
    return new RoutingConfig(
        overlay, port, direct, prefix(values.take("ipv4-native-routing-cidr")), bpf && ipv4);
  }

  private static @Nullable IpPrefix prefix(@Nullable String text) {
    if (text == null || text.isEmpty()) {
      return null;
    }
    try {
      var prefix = IpPrefix.parse(text);
      if (prefix.address() instanceof Inet4Address) {
        return prefix;
      }
    } catch (IllegalArgumentException _) {
      // Answered below, as an address of the other family is.
    }
    throw new ConfigException(
        "ipv4-native-routing-cidr",
        "'" + text + "' is no IPv4 prefix",
        "set one such as 10.0.0.0/8");
  }

  /** What fits into a packet of a pod, given what fits into one of the node. */
  int podMtu(int nodeMtu) {
    return overlay ? nodeMtu - OVERHEAD : nodeMtu;
  }
}
