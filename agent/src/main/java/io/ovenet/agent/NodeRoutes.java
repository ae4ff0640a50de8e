package io.ovenet.agent;

import io.ovenet.bpf.IpPrefix;
import io.ovenet.bpf.Netlink;
import io.ovenet.bpf.NetlinkException;
import io.ovenet.bpf.Route;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The routes of this node to the pods of others: to the host's device, whose program sends them
 * through the overlay; or to the other node itself, where it is a neighbour. What was routed is
 * written down before it is, so that a restarted agent takes away what nobody wants any more.
 * Thread-safe. Uses the network namespace of the calling thread, the node's own.
 */
final class NodeRoutes {
  private static final Logger log = LoggerFactory.getLogger(NodeRoutes.class);
  private static final String FILE = "node-routes";

  private final RoutingConfig config;
  private final StateFiles state;
  private final int podMtu;
  private final Map<String, List<IpPrefix>> prefixes = new TreeMap<>();
  private final Map<String, InetAddress> gateways = new TreeMap<>();
  private final TreeSet<String> written = new TreeSet<>();
  private @Nullable InetAddress router;
  private boolean complete;

  NodeRoutes(RoutingConfig config, StateFiles state, int podMtu) throws IOException {
    this.config = config;
    this.state = state;
    this.podMtu = podMtu;
    var before = state.readAll().get(FILE);
    if (before != null) {
      new String(before, StandardCharsets.US_ASCII).lines().forEach(written::add);
    }
  }

  /** Another node, as it is now. */
  synchronized void upsert(String node, InetAddress address, List<IpPrefix> podCidrs) {
    prefixes.put(node, List.copyOf(podCidrs));
    gateways.put(node, address);
    realize();
  }

  synchronized void remove(String node) {
    prefixes.remove(node);
    gateways.remove(node);
    realize();
  }

  /**
   * From here on routes are made, and those taken away that nobody wants.
   *
   * @param ownRouter source address of what the node itself sends to pods
   */
  synchronized void begin(InetAddress ownRouter) {
    router = ownRouter;
    complete = true;
    realize();
  }

  /**
   * A way to other nodes' pods that there should be.
   *
   * @param node behind which the prefix is
   * @param gateway null: through the overlay
   */
  record Way(IpPrefix destination, String node, @Nullable InetAddress gateway) {}

  /** All that there should be; none where the network routes. */
  synchronized List<Way> wanted() {
    var all = new ArrayList<Way>();
    if (config.overlay() || config.directNodeRoutes()) {
      prefixes.forEach(
          (node, list) ->
              list.forEach(
                  prefix ->
                      all.add(
                          new Way(prefix, node, config.overlay() ? null : gateways.get(node)))));
    }
    return all;
  }

  private void realize() {
    if (!complete || !(config.overlay() || config.directNodeRoutes())) {
      return;
    }
    try (var netlink = Netlink.open()) {
      var wanted = new TreeMap<String, Route>();
      for (var node : prefixes.entrySet()) {
        for (var prefix : node.getValue()) {
          var route = route(netlink, prefix, gateways.get(node.getKey()));
          if (route != null) {
            wanted.put(prefix.toString(), route);
          }
        }
      }
      written.addAll(wanted.keySet());
      write();
      for (var route : wanted.values()) {
        replace(netlink, route);
      }
      for (var prefix : new ArrayList<>(written)) {
        if (!wanted.containsKey(prefix)) {
          delete(netlink, IpPrefix.parse(prefix));
          written.remove(prefix);
        }
      }
      write();
    } catch (IOException | NetlinkException e) {
      log.error("routes to other nodes' pods are not as they should be", e);
    }
  }

  private @Nullable Route route(Netlink netlink, IpPrefix prefix, @Nullable InetAddress gateway) {
    if (config.overlay()) {
      var device = netlink.links().get(NodeSetup.HOST_DEVICE);
      return device == null || router == null
          ? null
          : Route.direct(prefix, device.ifindex()).withSource(router).withMtu(podMtu);
    }
    return gateway == null ? null : Route.via(prefix, gateway, NodeSetup.defaultDevice(netlink));
  }

  private void replace(Netlink netlink, Route route) {
    try {
      netlink.routes().replace(route);
    } catch (NetlinkException e) {
      log.error(
          "no route to {}: its node {} is not on the same network ({}); leave"
              + " auto-direct-node-routes out and let the network route it",
          route.destination(),
          route.gateway(),
          e.getMessage());
    }
  }

  private static void delete(Netlink netlink, IpPrefix prefix) {
    for (var route : netlink.routes().list(Route.MAIN)) {
      if (route.destination().equals(prefix)) {
        netlink.routes().delete(route);
        log.info("no route to {} any more: its node is gone", prefix);
      }
    }
  }

  private void write() throws IOException {
    state.write(FILE, String.join("\n", written).getBytes(StandardCharsets.US_ASCII));
  }
}
