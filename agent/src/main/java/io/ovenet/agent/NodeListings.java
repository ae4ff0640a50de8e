package io.ovenet.agent;

import io.ovenet.bpf.Netlink;
import io.ovenet.bpf.Route;
import io.ovenet.kubernetes.CiliumNodeRecord;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;

/**
 * What this node knows of others, over the {@link AdminServer}: {@code list-node}, {@code
 * list-route} as it should be and {@code list-route-kernel} as it is. Safe for any thread.
 */
final class NodeListings {
  private final String own;
  private final ClusterNodes nodes;
  private final NodeRoutes routes;

  NodeListings(String own, ClusterNodes nodes, NodeRoutes routes) {
    this.own = own;
    this.nodes = nodes;
    this.routes = routes;
  }

  void offer(AdminServer server) {
    server.offerList("list-node", to -> nodes.all().forEach(node -> to.accept(describe(node))));
    server.offerList("list-route", this::wanted);
    server.offerList("list-route-kernel", this::kernel);
  }

  private Map<String, ?> describe(CiliumNodeRecord node) {
    var one = new LinkedHashMap<String, Object>();
    one.put("name", node.name());
    one.put("own", node.name().equals(own));
    one.put(
        "addresses",
        node.addresses().stream()
            .map(address -> Map.of("type", address.type(), "address", address.address()))
            .toList());
    one.put("podCidrs", node.podCidrs());
    one.put("policyRevision", node.policyRevision());
    if (!node.operatorError().isEmpty()) {
      one.put("error", node.operatorError());
    }
    return one;
  }

  private void wanted(Consumer<Map<String, ?>> to) {
    for (var wanted : routes.wanted()) {
      var one = new LinkedHashMap<String, Object>();
      one.put("destination", wanted.destination().toString());
      one.put("node", wanted.node());
      if (wanted.gateway() == null) {
        one.put("device", NodeSetup.HOST_DEVICE);
      } else {
        one.put("gateway", wanted.gateway().getHostAddress());
      }
      to.accept(one);
    }
  }

  private void kernel(Consumer<Map<String, ?>> to) {
    try (var netlink = Netlink.open()) {
      var devices = new HashMap<Integer, String>();
      netlink.links().list().forEach(link -> devices.put(link.ifindex(), link.name()));
      for (var route : netlink.routes().list(Route.MAIN)) {
        var one = new LinkedHashMap<String, Object>();
        one.put("destination", route.destination().toString());
        if (route.gateway() != null) {
          one.put("gateway", route.gateway().getHostAddress());
        }
        if (route.ifindex() != 0) {
          one.put("device", devices.getOrDefault(route.ifindex(), "ifindex " + route.ifindex()));
        }
        if (route.source() != null) {
          one.put("source", route.source().getHostAddress());
        }
        one.put("type", route.type().toString());
        one.put("mtu", route.mtu());
        to.accept(one);
      }
    }
  }
}
