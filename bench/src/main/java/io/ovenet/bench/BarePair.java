package io.ovenet.bench;

import io.ovenet.bpf.IpPrefix;
import io.ovenet.bpf.Link;
import io.ovenet.bpf.LinkSpec;
import io.ovenet.bpf.Netlink;
import io.ovenet.bpf.NetworkNamespace;
import java.net.InetAddress;
import java.util.Objects;

/** The limit: two namespaces joined by one veth pair, and nothing else. */
final class BarePair extends Network {
  private static final InetAddress SERVER = InetAddress.ofLiteral("10.99.0.2");

  private BarePair(NetworkNamespace client, NetworkNamespace server) {
    super("bare veth pair", client, server, SERVER);
  }

  static BarePair make() {
    NetworkNamespace client = NetworkNamespace.create();
    NetworkNamespace server = NetworkNamespace.create();
    try (Netlink netlink = Netlink.open(client)) {
      netlink.links().createVeth(LinkSpec.named("eth0"), LinkSpec.named("eth0").in(server));
    }
    configure(client, "10.99.0.1/24");
    configure(server, SERVER.getHostAddress() + "/24");
    return new BarePair(client, server);
  }

  private static void configure(NetworkNamespace namespace, String address) {
    try (Netlink netlink = Netlink.open(namespace)) {
      Link link = Objects.requireNonNull(netlink.links().get("eth0"));
      netlink.addresses().add(link.ifindex(), IpPrefix.parse(address));
      netlink.links().setUp(link.ifindex());
    }
  }
}
