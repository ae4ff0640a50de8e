package io.ovenet.lab;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Connects a guest to its pod's network as KubeVirt does: a bridge k6t-eth0 with the guest's tap0
 * on it and a DHCP server behind it. With masquerade the guest has a private address and nftables
 * in the pod's namespace translate; with a bridge binding the pod's interface joins the bridge and
 * its addresses, MAC included, move to the guest.
 */
final class MachineNetwork {
  /** Where the guest's DNS requests go: the cluster's usual DNS service. */
  private static final String DNS = "10.96.0.10";

  private static final ObjectMapper JSON = new ObjectMapper();

  /**
   * What the guest is given.
   *
   * @param mac of the guest's interface
   * @param mtu of the pod's interface
   * @param dhcp the configuration of the DHCP server
   */
  record Lease(String mac, int mtu, String dhcp) {}

  private MachineNetwork() {}

  /** Prepares the pod's namespace; to be called once, before QEMU starts. */
  static Lease prepare(PodSandbox sandbox, VirtualMachineSpec spec)
      throws IOException, InterruptedException {
    JsonNode eth0 =
        JSON.readTree(run(sandbox, "", "ip", "-json", "addr", "show", "dev", "eth0")).path(0);
    int mtu = eth0.path("mtu").asInt(1500);
    String common =
        """
        link add k6t-eth0 mtu %1$d type bridge stp_state 0 forward_delay 0
        tuntap add dev tap0 mode tap
        link set tap0 mtu %1$d
        link set tap0 master k6t-eth0
        link set tap0 up
        link set k6t-eth0 up
        """
            .formatted(mtu);
    return switch (spec.binding()) {
      case MASQUERADE -> {
        ip(
            sandbox,
            common + "addr add %s/%d dev k6t-eth0\n".formatted(spec.gateway(), spec.prefix()));
        run(sandbox, "", "sysctl", "-qw", "net.ipv4.ip_forward=1");
        run(sandbox, masquerade(spec), "nft", "-f", "-");
        yield new Lease(
            spec.mac(),
            mtu,
            dhcp(spec.guest(), mask(spec.prefix()), spec.gateway(), spec.mac(), mtu));
      }
      case BRIDGE -> {
        String mac = eth0.path("address").asText();
        String address = "";
        int prefix = 32;
        for (JsonNode each : eth0.path("addr_info")) {
          if (each.path("family").asText().equals("inet")) {
            address = each.path("local").asText();
            prefix = each.path("prefixlen").asInt();
          }
        }
        JsonNode routes =
            JSON.readTree(run(sandbox, "", "ip", "-json", "route", "show", "default"));
        String gateway = routes.path(0).path("gateway").asText();
        if (address.isEmpty() || gateway.isEmpty()) {
          throw new LabException(
              "the pod's eth0 has no address or no gateway to give to the guest");
        }
        // The bridge's own address only carries the DHCP server; it is KubeVirt's.
        ip(
            sandbox,
            """
            link set eth0 down
            addr flush dev eth0
            link set eth0 address %s
            """
                    .formatted(other(mac))
                + common
                + """
                link set eth0 master k6t-eth0
                link set eth0 up
                addr add 169.254.75.10/32 dev k6t-eth0
                """);
        yield new Lease(mac, mtu, dhcp(address, mask(prefix), gateway, mac, mtu));
      }
    };
  }

  /** Locally administered, and no other's: the guest has the real one. */
  private static String other(String mac) {
    return "06" + mac.substring(2, 15) + (mac.endsWith("aa") ? "bb" : "aa");
  }

  /** The translation between the pod's address and the guest's. */
  static String masquerade(VirtualMachineSpec spec) {
    String inbound =
        spec.ports().isEmpty()
            ? "    iifname \"eth0\" dnat to " + spec.guest()
            : spec.ports().stream()
                .map(
                    port ->
                        "    iifname \"eth0\" %s dport %d dnat to %s"
                            .formatted(port.protocol(), port.port(), spec.guest()))
                .collect(Collectors.joining("\n"));
    return """
        table ip kubevirt {
          chain prerouting {
            type nat hook prerouting priority -100;
        %s
          }
          chain postrouting {
            type nat hook postrouting priority 100;
            ip saddr %s oifname "eth0" masquerade
          }
        }
        """
        .formatted(inbound, spec.guest());
  }

  private static String dhcp(String guest, String mask, String gateway, String mac, int mtu) {
    return """
        start %1$s
        end %1$s
        interface k6t-eth0
        max_leases 1
        auto_time 0
        lease_file /dev/null
        pidfile /dev/null
        static_lease %2$s %1$s
        option subnet %3$s
        option router %4$s
        option dns %5$s
        option mtu %6$d
        option lease 86313600
        """
        .formatted(guest, mac, mask, gateway, DNS, mtu);
  }

  private static String mask(int prefix) {
    long bits = -1L << (32 - prefix) & 0xffffffffL;
    return (bits >> 24) + "." + (bits >> 16 & 255) + "." + (bits >> 8 & 255) + "." + (bits & 255);
  }

  private static void ip(PodSandbox sandbox, String batch)
      throws IOException, InterruptedException {
    run(sandbox, batch, "ip", "-batch", "-");
  }

  private static String run(PodSandbox sandbox, String input, String... program)
      throws IOException, InterruptedException {
    return Invocation.of(sandbox.beside(List.of(program))).input(input).succeed();
  }
}
