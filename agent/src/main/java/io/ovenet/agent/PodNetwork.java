package io.ovenet.agent;

import io.ovenet.bpf.IpPrefix;
import io.ovenet.bpf.LinkSpec;
import io.ovenet.bpf.Netlink;
import io.ovenet.bpf.NetworkNamespace;
import io.ovenet.bpf.Route;
import io.ovenet.bpf.Sysctl;
import io.ovenet.datapath.Datapath;
import io.ovenet.datapath.DatapathOptions;
import io.ovenet.datapath.Endpoint;
import java.nio.file.Path;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An endpoint's devices: a veth whose one end is in the container, with its address and routes, and
 * whose other end is here, with the programs. Calls come from the node's network namespace; safe
 * for use by several threads for different endpoints.
 */
public final class PodNetwork {
  private static final Logger log = LoggerFactory.getLogger(PodNetwork.class);

  private final Datapath datapath;

  public PodNetwork(Datapath datapath) {
    this.datapath = datapath;
  }

  /** Makes the veth with the container's end in place, both ends down. */
  void createLink(LocalEndpoint endpoint) {
    try (var namespace = NetworkNamespace.open(Path.of(endpoint.netns()));
        var netlink = Netlink.open()) {
      if (netlink.links().delete(endpoint.hostIfindex())) {
        log.warn("a device left behind had index {}; it is deleted", endpoint.hostIfindex());
      }
      netlink
          .links()
          .createVeth(
              LinkSpec.named(endpoint.hostInterface())
                  .withIfindex(endpoint.hostIfindex())
                  .withMac(DatapathOptions.GATEWAY_MAC)
                  .withMtu(endpoint.mtu()),
              LinkSpec.named(endpoint.key().ifname())
                  .withMac(endpoint.mac())
                  .withMtu(endpoint.mtu())
                  .in(namespace));
    }
    // The stack on the host's side must never take a packet by itself: of what a pod sends only
    // what from_pod gives to ovenet_host is for it.
    var name = endpoint.hostInterface();
    Sysctl.write("net/ipv4/conf/" + name + "/rp_filter", "1");
    disableIpv6(name);
  }

  /** Attaches the programs. */
  void attach(LocalEndpoint endpoint) {
    datapath.attachEndpoint(endpoint.hostIfindex());
  }

  /** Whether both programs of this process run there. */
  boolean isAttached(LocalEndpoint endpoint) {
    return datapath.isEndpointAttached(endpoint.hostIfindex());
  }

  /** Whether they run there as they are to in the long run; else {@link #settle} is due. */
  boolean isSettled(LocalEndpoint endpoint) {
    return datapath.isEndpointSettled(endpoint.hostIfindex());
  }

  /** See {@link Datapath#settleEndpoint}. */
  void settle(LocalEndpoint endpoint) {
    datapath.settleEndpoint(endpoint.hostIfindex());
  }

  /** Gives the container's end its address and routes. */
  void configure(LocalEndpoint endpoint) {
    try (var netlink = Netlink.open()) {
      netlink.links().setUp(endpoint.hostIfindex());
    }
    try (var namespace = NetworkNamespace.open(Path.of(endpoint.netns()));
        var netlink = namespace.call(() -> openWithoutIpv6(endpoint.key().ifname()))) {
      var link = netlink.links().get(endpoint.key().ifname());
      if (link == null) {
        throw new IllegalStateException(
            "interface " + endpoint.key().ifname() + " is not in " + endpoint.netns());
      }
      netlink.addresses().add(link.ifindex(), IpPrefix.host(endpoint.address()));
      netlink.links().setUp(link.ifindex());
      // Neighbours that are asked for count against one limit of the machine, 1,024 unless it is
      // set higher (net.ipv4.neigh.default.gc_thresh3): pods beyond it would reach nobody.
      netlink
          .neighbours()
          .replace(link.ifindex(), DatapathOptions.GATEWAY, DatapathOptions.GATEWAY_MAC);
      netlink
          .routes()
          .add(
              Route.direct(IpPrefix.host(DatapathOptions.GATEWAY), link.ifindex())
                  .withMetric(metricOf(endpoint)));
      netlink
          .routes()
          .add(
              Route.via(IpPrefix.parse("0.0.0.0/0"), DatapathOptions.GATEWAY, link.ifindex())
                  .withOnlink()
                  .withMetric(metricOf(endpoint)));
    }
  }

  /**
   * IPv6 is off: without it on the interface a pod's stack asks for no routers and neighbours,
   * which would only be dropped. A pod's other interfaces are its own.
   */
  private static Netlink openWithoutIpv6(String ifname) {
    disableIpv6(ifname);
    return Netlink.open();
  }

  /** Of the calling thread's namespace; nothing to do where the kernel has no IPv6. */
  private static void disableIpv6(String ifname) {
    var setting = "net/ipv6/conf/" + ifname + "/disable_ipv6";
    if (Sysctl.exists(setting)) {
      Sysctl.write(setting, "1");
    }
  }

  /** The first interface is the one that a container uses if nothing else is said. */
  private static int metricOf(LocalEndpoint endpoint) {
    return endpoint.key().ifname().equals("eth0") ? 0 : 1000 + endpoint.id();
  }

  /**
   * Deletes the veth, and with it the programs; no error if there is none. The device first: taking
   * the programs off by themselves has the kernel wait twice more.
   */
  void remove(LocalEndpoint endpoint) {
    try (var netlink = Netlink.open()) {
      netlink.links().delete(endpoint.hostIfindex());
    }
    datapath.detachEndpoint(endpoint.hostIfindex());
  }

  /** Whether the host's side is there. */
  boolean exists(LocalEndpoint endpoint) {
    try (var netlink = Netlink.open()) {
      var link = netlink.links().get(endpoint.hostIfindex());
      return link != null && link.name().equals(endpoint.hostInterface());
    }
  }

  /** What is amiss with an endpoint that was added, in words; null: nothing. */
  @Nullable String check(LocalEndpoint endpoint, String netns) {
    try (var netlink = Netlink.open()) {
      var link = netlink.links().get(endpoint.hostIfindex());
      if (link == null || !link.name().equals(endpoint.hostInterface())) {
        return "the host's interface " + endpoint.hostInterface() + " is gone";
      }
      if (!link.up()) {
        return "the host's interface " + endpoint.hostInterface() + " is down";
      }
    }
    if (!isAttached(endpoint)) {
      return "programs are missing at " + endpoint.hostInterface();
    }
    var found = datapath.endpoints().get(endpoint.id());
    if (found == null
        || found.generation() != endpoint.generation()
        || !found.flags().contains(Endpoint.Flag.PRESENT)) {
      return "endpoint " + endpoint.id() + " is not in the packet path's tables";
    }
    try (var namespace = NetworkNamespace.open(Path.of(netns));
        var inside = Netlink.open(namespace)) {
      return checkInside(endpoint, inside);
    } catch (RuntimeException e) {
      return "cannot look into " + netns + ": " + e.getMessage();
    }
  }

  private static @Nullable String checkInside(LocalEndpoint endpoint, Netlink inside) {
    var ifname = endpoint.key().ifname();
    var link = inside.links().get(ifname);
    if (link == null) {
      return "interface " + ifname + " is not in the container";
    }
    // A virtual machine's bridge binding moves MAC and address to the guest: not amiss.
    var wanted = IpPrefix.host(endpoint.address());
    boolean moved = !endpoint.mac().equals(link.mac());
    for (var assigned : inside.addresses().list()) {
      if (assigned.prefix().equals(wanted)) {
        return null;
      }
    }
    return moved ? null : "address " + wanted + " is not on " + ifname;
  }

  /** Deletes devices with indexes of endpoints that nobody remembers. */
  void removeStrangers(Set<Integer> known) {
    try (var netlink = Netlink.open()) {
      for (var link : netlink.links().list()) {
        int id = link.ifindex() - Endpoint.IFINDEX_BASE;
        if (isEndpoint(link.ifindex()) && link.name().equals("ove" + id) && !known.contains(id)) {
          log.warn("{} belongs to no endpoint that is remembered; it is deleted", link.name());
          netlink.links().delete(link.ifindex());
          datapath.detachEndpoint(link.ifindex());
        }
      }
    }
  }

  private static boolean isEndpoint(int ifindex) {
    return ifindex > Endpoint.IFINDEX_BASE
        && ifindex < Endpoint.IFINDEX_BASE + Endpoint.MAX_ENDPOINTS;
  }
}
