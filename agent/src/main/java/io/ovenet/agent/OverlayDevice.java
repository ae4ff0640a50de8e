package io.ovenet.agent;

import io.ovenet.bpf.Errno;
import io.ovenet.bpf.Link;
import io.ovenet.bpf.LinkSpec;
import io.ovenet.bpf.Links;
import io.ovenet.bpf.Netlink;
import io.ovenet.bpf.NetlinkException;
import io.ovenet.bpf.Sysctl;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one device of the overlay: where to and with which identity is said of each packet. Calls
 * come from the node's own network namespace.
 */
final class OverlayDevice {
  static final String NAME = "ovenet_vxlan";
  private static final Logger log = LoggerFactory.getLogger(OverlayDevice.class);

  private OverlayDevice() {}

  /**
   * Makes the device, or takes the one that is there if it has that port.
   *
   * @return its interface index
   */
  static int make(int port) {
    try (var netlink = Netlink.open()) {
      var links = netlink.links();
      var device = links.get(NAME);
      if (device != null && links.vxlanPort(device.ifindex()) != port) {
        log.info("{} has another port than {}; it is made anew", NAME, port);
        links.delete(device.ifindex());
        device = null;
      }
      if (device == null) {
        device = create(links, port);
      }
      if (device == null) {
        throw new IllegalStateException(NAME + " is gone again");
      }
      // The stack never takes what comes here: no route leads back.
      Sysctl.write("net/ipv4/conf/" + NAME + "/rp_filter", "1");
      if (Sysctl.exists("net/ipv6/conf/" + NAME + "/disable_ipv6")) {
        Sysctl.write("net/ipv6/conf/" + NAME + "/disable_ipv6", "1");
      }
      return device.ifindex();
    }
  }

  private static @Nullable Link create(Links links, int port) {
    try {
      links.createVxlan(LinkSpec.named(NAME), port);
    } catch (NetlinkException e) {
      if (e.errno() == Errno.EOPNOTSUPP) {
        throw new ConfigException(
            "tunnel-protocol",
            "vxlan: this kernel has no VXLAN devices",
            "load the module vxlan, use a kernel with CONFIG_VXLAN, or set routing-mode=native");
      }
      throw e;
    }
    return links.get(NAME);
  }

  /** Lets packets through: for when the program is attached. */
  static void setUp(int ifindex) {
    try (var netlink = Netlink.open()) {
      netlink.links().setUp(ifindex);
    }
  }

  /** Without an overlay there is no such device; no error if there never was. */
  static void remove() {
    try (var netlink = Netlink.open()) {
      if (netlink.links().delete(NAME)) {
        log.info("{} is gone, since packets between nodes are routed", NAME);
      }
    }
  }
}
