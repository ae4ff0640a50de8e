package io.ovenet.bench;

import io.ovenet.bpf.AttachType;
import io.ovenet.bpf.BpfLink;
import io.ovenet.bpf.BpfMap;
import io.ovenet.bpf.BpfObject;
import io.ovenet.bpf.IpPrefix;
import io.ovenet.bpf.Link;
import io.ovenet.bpf.LinkSpec;
import io.ovenet.bpf.MacAddress;
import io.ovenet.bpf.Netlink;
import io.ovenet.bpf.NetworkNamespace;
import io.ovenet.bpf.Route;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * What eBPF costs without a question asked: two pods whose packets are handed over as they come.
 */
final class RedirectPair extends Network {
  private static final InetAddress CLIENT = InetAddress.ofLiteral("10.98.0.1");
  private static final InetAddress SERVER = InetAddress.ofLiteral("10.98.0.2");
  private static final InetAddress GATEWAY = InetAddress.ofLiteral("169.254.1.1");
  private static final MacAddress GATEWAY_MAC = MacAddress.parse("02:00:0a:fe:01:01");

  private final NetworkNamespace node;
  private final BpfObject limits;
  private final List<BpfLink> links = new ArrayList<>();

  private RedirectPair(NetworkNamespace client, NetworkNamespace server) {
    super("redirect_peer, no policy", client, server, SERVER);
    node = NetworkNamespace.create();
    limits = Limits.load();
    MacAddress clientMac = MacAddress.parse("02:00:00:00:00:01");
    MacAddress serverMac = MacAddress.parse("02:00:00:00:00:02");
    int clientIndex = pod(client, CLIENT, clientMac, "pod1");
    int serverIndex = pod(server, SERVER, serverMac, "pod2");
    deliver(clientIndex, serverIndex, serverMac);
    deliver(serverIndex, clientIndex, clientMac);
    node.call(
        () -> {
          for (int index : List.of(clientIndex, serverIndex)) {
            links.add(
                BpfLink.attachDevice(
                    limits.program("redirect_only"), index, AttachType.TCX_INGRESS));
          }
          return true;
        });
  }

  static RedirectPair make() {
    return new RedirectPair(NetworkNamespace.create(), NetworkNamespace.create());
  }

  /** Makes one pod's interface; the host side's index. */
  private int pod(NetworkNamespace pod, InetAddress address, MacAddress mac, String hostSide) {
    try (Netlink outside = Netlink.open(node);
        Netlink inside = Netlink.open(pod)) {
      outside
          .links()
          .createVeth(
              LinkSpec.named(hostSide).withMac(GATEWAY_MAC),
              LinkSpec.named("eth0").withMac(mac).in(pod));
      Link host = Objects.requireNonNull(outside.links().get(hostSide));
      outside.links().setUp(host.ifindex());
      int eth0 = Objects.requireNonNull(inside.links().get("eth0")).ifindex();
      inside.links().setUp(eth0);
      inside.addresses().add(eth0, IpPrefix.host(address));
      inside.neighbours().replace(eth0, GATEWAY, GATEWAY_MAC);
      inside.routes().add(Route.via(IpPrefix.parse("0.0.0.0/0"), GATEWAY, eth0).withOnlink());
      return host.ifindex();
    }
  }

  private void deliver(int from, int to, MacAddress mac) {
    byte[] key = ByteBuffer.allocate(4).order(ByteOrder.nativeOrder()).putInt(from).array();
    byte[] value =
        ByteBuffer.allocate(12).order(ByteOrder.nativeOrder()).putInt(to).put(mac.bytes()).array();
    BpfMap deliveries = limits.map("deliveries");
    deliveries.update(key, value);
  }

  @Override
  public void close() {
    links.forEach(BpfLink::close);
    limits.close();
    node.close();
    super.close();
  }
}
