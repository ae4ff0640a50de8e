package io.ovenet.agent;

import io.ovenet.bpf.IpPrefix;
import io.ovenet.bpf.Link;
import io.ovenet.bpf.LinkSpec;
import io.ovenet.bpf.Mounts;
import io.ovenet.bpf.Netlink;
import io.ovenet.bpf.Route;
import io.ovenet.bpf.Sysctl;
import io.ovenet.datapath.ConntrackTimeouts;
import io.ovenet.datapath.Datapath;
import io.ovenet.datapath.DatapathOptions;
import io.ovenet.datapath.NodeNetwork;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashSet;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a node has besides its endpoints: the device that pods' addresses are routed to, sysctls,
 * and the pinned programs. Doing it again changes nothing. Calls come from the node's own network
 * namespace.
 */
final class NodeSetup {
  private static final int FEWEST_NAT_PORTS = 1024;
  static final String HOST_DEVICE = "ovenet_host";
  private static final Logger log = LoggerFactory.getLogger(NodeSetup.class);

  private NodeSetup() {}

  /** Makes the host's device and loads the programs, or adopts both. */
  static Datapath open(AgentConfig config) {
    if (!Mounts.isBpffs(config.bpfRoot())) {
      try {
        Files.createDirectories(config.bpfRoot());
      } catch (IOException e) {
        throw new IllegalStateException("cannot make " + config.bpfRoot(), e);
      }
      Mounts.mountBpffs(config.bpfRoot());
    }
    var device = hostDevice();
    int tunnel = 0;
    if (config.routing().overlay()) {
      tunnel = OverlayDevice.make(config.routing().tunnelPort());
    } else {
      OverlayDevice.remove();
    }
    var network = network(config);
    var options =
        new DatapathOptions(
            device.ifindex(),
            Objects.requireNonNull(device.mac()),
            DatapathOptions.GATEWAY,
            powerOfTwo(config.conntrackEntries()),
            Math.max(1, powerOfTwo(config.conntrackEntries()) / 8),
            ConntrackTimeouts.DEFAULT,
            config.reporting(),
            config.ringBytes(),
            config.policyEntries(),
            DatapathOptions.IDENTITIES,
            DatapathOptions.PREFIXES,
            tunnel,
            network,
            config.answerDenied());
    var datapath = Datapath.open(config.bpfRoot().resolve("ovenet"), options);
    datapath.attachHost(device.ifindex());
    if (network.ifindex() != 0) {
      datapath.attachNetwork(network.ifindex());
    }
    if (tunnel != 0) {
      datapath.attachOverlay(tunnel);
      OverlayDevice.setUp(tunnel);
    }
    Sysctl.write("net/ipv4/ip_forward", "1");
    return datapath;
  }

  /** The device of the default route, and which ports of the node pods may have towards it. */
  private static NodeNetwork network(AgentConfig config) {
    var routing = config.routing();
    var address = primaryAddress();
    int device;
    try (var netlink = Netlink.open()) {
      device = defaultDevice(netlink);
    }
    if (device == 0 || address == null) {
      if (routing.masquerade()) {
        throw new ConfigException(
            "enable-bpf-masquerade",
            "true: this node has no default route, so there is no address to masquerade with",
            "give it one, or set false");
      }
      return NodeNetwork.NONE;
    }
    int first = routing.masquerade() ? firstUnusedPort() : 0;
    int ports = routing.masquerade() ? 65_536 - first : 0;
    return new NodeNetwork(
        device,
        address,
        routing.nativeRoutingCidr(),
        first,
        ports / NodeNetwork.LANES * NodeNetwork.LANES,
        routing.overlay() ? routing.tunnelPort() : 0);
  }

  /** Beyond the ports that the node's own sockets are given, where these leave enough. */
  private static int firstUnusedPort() {
    var range = Sysctl.read("net/ipv4/ip_local_port_range").strip();
    int last = Integer.parseInt(range.substring(range.lastIndexOf('\t') + 1).strip());
    if (65_535 - last < FEWEST_NAT_PORTS) {
      throw new ConfigException(
          "enable-bpf-masquerade",
          "net.ipv4.ip_local_port_range leaves no ports above " + last,
          "set its end to 60999, the kernel's default");
    }
    return last + 1;
  }

  private static int powerOfTwo(int atLeast) {
    return Integer.highestOneBit(Math.max(1, atLeast - 1)) << 1;
  }

  private static Link hostDevice() {
    try (var netlink = Netlink.open()) {
      var device = netlink.links().get(HOST_DEVICE);
      if (device == null) {
        netlink.links().createDummy(LinkSpec.named(HOST_DEVICE));
        device = netlink.links().get(HOST_DEVICE);
      }
      if (device == null || device.mac() == null) {
        throw new IllegalStateException(HOST_DEVICE + " is gone, or no device with an address");
      }
      Sysctl.write("net/ipv4/conf/" + HOST_DEVICE + "/rp_filter", "1");
      Sysctl.write("net/ipv4/conf/" + HOST_DEVICE + "/send_redirects", "0");
      Sysctl.write("net/ipv4/conf/all/send_redirects", "0");
      if (Sysctl.exists("net/ipv6/conf/" + HOST_DEVICE + "/disable_ipv6")) {
        Sysctl.write("net/ipv6/conf/" + HOST_DEVICE + "/disable_ipv6", "1");
      }
      netlink.links().setUp(device.ifindex());
      return device;
    }
  }

  /** Gives the host's device the node's pod CIDRs. */
  static void route(Ipam ipam, int podMtu) {
    try (var netlink = Netlink.open()) {
      var device = netlink.links().get(HOST_DEVICE);
      if (device == null) {
        throw new IllegalStateException(HOST_DEVICE + " is gone: restart the agent");
      }
      var router = IpPrefix.host(ipam.router());
      boolean there = false;
      for (var assigned : netlink.addresses().list()) {
        if (assigned.ifindex() == device.ifindex()
            && assigned.prefix().address() instanceof Inet4Address) {
          if (assigned.prefix().equals(router)) {
            there = true;
          } else {
            log.info("{} loses address {}", HOST_DEVICE, assigned.prefix());
            netlink.addresses().delete(device.ifindex(), assigned.prefix());
          }
        }
      }
      if (!there) {
        netlink.addresses().add(device.ifindex(), router);
      }
      // What is too big for a pod the stack refuses, and says so to who sent it.
      netlink.links().setMtu(device.ifindex(), podMtu);
      for (var cidr : ipam.cidrs()) {
        netlink
            .routes()
            .replace(
                Route.direct(IpPrefix.parse(cidr), device.ifindex()).withSource(ipam.router()));
      }
    }
  }

  /** The node's own IPv4 addresses. */
  static Set<InetAddress> addresses() {
    var addresses = new LinkedHashSet<InetAddress>();
    try (var netlink = Netlink.open()) {
      for (var assigned : netlink.addresses().list()) {
        var address = assigned.prefix().address();
        if (address instanceof Inet4Address && !address.isLoopbackAddress()) {
          addresses.add(address);
        }
      }
    }
    return addresses;
  }

  /** The address that the node has on the device of its default route; null if it has none. */
  static @Nullable InetAddress primaryAddress() {
    try (var netlink = Netlink.open()) {
      int device = defaultDevice(netlink);
      InetAddress first = null;
      for (var assigned : netlink.addresses().list()) {
        var address = assigned.prefix().address();
        if (address instanceof Inet4Address && !address.isLoopbackAddress()) {
          if (assigned.ifindex() == device) {
            return address;
          }
          first = first == null ? address : first;
        }
      }
      return first;
    }
  }

  /** What fits into a packet of a pod: as configured, or as found out from the node's device. */
  static int podMtu(AgentConfig config) {
    return config.mtu() != 0 ? config.mtu() : config.routing().podMtu(mtu());
  }

  /** MTU of the device of the default route; 1500 where there is none. */
  private static int mtu() {
    try (var netlink = Netlink.open()) {
      int ifindex = defaultDevice(netlink);
      var device = ifindex == 0 ? null : netlink.links().get(ifindex);
      return device == null ? 1500 : device.mtu();
    }
  }

  /** The device of the default route; null where there is none. */
  static @Nullable Link networkDevice() {
    try (var netlink = Netlink.open()) {
      int ifindex = defaultDevice(netlink);
      return ifindex == 0 ? null : netlink.links().get(ifindex);
    }
  }

  /** Interface index of the device of the default route; 0 where there is none. */
  static int defaultDevice(Netlink netlink) {
    for (var route : netlink.routes().list(Route.MAIN)) {
      if (route.destination().length() == 0
          && route.destination().address() instanceof Inet4Address) {
        return route.ifindex();
      }
    }
    return 0;
  }

  /**
   * Puts the plugin and its configuration where container runtimes look for them: by renaming, as
   * one may be running. The configuration last, since it is what makes a node ready.
   */
  static void installPlugin(AgentConfig config) throws IOException {
    Files.createDirectories(config.cniBinaries());
    byte[] program;
    try (var resource = NodeSetup.class.getResourceAsStream("/io/ovenet/cni/cilium-cni")) {
      if (resource == null) {
        throw new IOException(
            "the CNI plugin is missing from the class path: build the cni module");
      }
      program = resource.readAllBytes();
    }
    for (var name : new String[] {"cilium-cni", "ovenet-cni"}) {
      install(config.cniBinaries().resolve(name), program, true);
    }
    Files.createDirectories(config.cniConfiguration());
    var list =
        """
        {
          "cniVersion": "0.3.1",
          "name": "cilium",
          "plugins": [
            {
              "type": "cilium-cni",
              "enable-debug": false
            }
          ]
        }
        """;
    install(
        config.cniConfiguration().resolve("05-cilium.conflist"),
        list.getBytes(StandardCharsets.UTF_8),
        false);
  }

  private static void install(Path target, byte[] content, boolean executable) throws IOException {
    var fresh = target.resolveSibling("." + target.getFileName() + ".new");
    Files.write(fresh, content);
    if (executable && !fresh.toFile().setExecutable(true, false)) {
      throw new IOException("cannot make " + fresh + " executable");
    }
    Files.move(fresh, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }
}
