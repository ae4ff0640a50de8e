package io.ovenet.datapath;

import io.ovenet.bpf.IpPrefix;
import io.ovenet.bpf.LinkSpec;
import io.ovenet.bpf.Netlink;
import io.ovenet.bpf.NetworkNamespace;
import io.ovenet.bpf.Route;
import io.ovenet.bpf.Sysctl;
import io.ovenet.datapath.TestNode.Pod;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;

/**
 * A {@link TestNode} whose pods are network namespaces, as an agent sets them up, and which has a
 * neighbour outside.
 */
final class LiveNode implements AutoCloseable {
  /** Longer than any answer on one machine takes, however busy. */
  static final Duration ANSWER = Duration.ofSeconds(10);

  /** How long to listen for what must not come. */
  static final Duration SILENCE = Duration.ofMillis(300);

  private static final String HOST_DEVICE = "ovenet_host";
  private static final IpPrefix DEFAULT = IpPrefix.parse("0.0.0.0/0");
  private static final InetAddress GATE = InetAddress.ofLiteral("198.51.100.1");

  final TestNode node;
  private final Map<String, NetworkNamespace> namespaces = new HashMap<>();

  LiveNode() throws IOException {
    this(TestNode.options());
  }

  LiveNode(DatapathOptions options) throws IOException {
    node = new TestNode(options);
    try {
      node.inside(this::setUpHost);
      for (Pod pod : node.pods()) {
        setUp(pod);
      }
      setUpOutside();
      node.inside(this::attach);
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  private boolean setUpHost() {
    Sysctl.write("net/ipv4/ip_forward", "1");
    Sysctl.write("net/ipv4/conf/default/rp_filter", "1");
    Sysctl.write("net/ipv6/conf/default/disable_ipv6", "1");
    try (Netlink netlink = Netlink.open()) {
      netlink.links().setUp(1);
      netlink
          .links()
          .createDummy(
              LinkSpec.named(HOST_DEVICE)
                  .withIfindex(TestNode.HOST_IFINDEX)
                  .withMac(TestNode.HOST_MAC));
      netlink.addresses().add(TestNode.HOST_IFINDEX, IpPrefix.host(TestNode.HOST));
      netlink.links().setUp(TestNode.HOST_IFINDEX);
      netlink.routes().add(Route.direct(IpPrefix.parse("10.0.0.0/24"), TestNode.HOST_IFINDEX));
      for (Pod pod : node.pods()) {
        Sysctl.write("net/ipv4/conf/lxc" + pod.id() + "/rp_filter", "1");
        Sysctl.write("net/ipv6/conf/lxc" + pod.id() + "/disable_ipv6", "1");
        netlink.links().setUp(Endpoint.ifindexOf(pod.id()));
      }
    }
    return true;
  }

  boolean attach() {
    node.datapath.attachHost(TestNode.HOST_IFINDEX);
    for (Pod pod : node.pods()) {
      node.datapath.attachEndpoint(Endpoint.ifindexOf(pod.id()));
    }
    return true;
  }

  private void setUp(Pod pod) {
    NetworkNamespace namespace = NetworkNamespace.create();
    namespaces.put(name(pod), namespace);
    int ifindex = move("eth" + pod.id(), namespace);
    try (Netlink netlink = Netlink.open(namespace)) {
      netlink.links().setMac(ifindex, pod.mac());
      netlink.links().setUp(1);
      netlink.links().setUp(ifindex);
      netlink.addresses().add(ifindex, IpPrefix.host(pod.address()));
      netlink.routes().add(Route.direct(IpPrefix.host(DatapathOptions.GATEWAY), ifindex));
      netlink.routes().add(Route.via(DEFAULT, DatapathOptions.GATEWAY, ifindex));
    }
  }

  private void setUpOutside() {
    NetworkNamespace outside = NetworkNamespace.create();
    namespaces.put("outside", outside);
    // Nobody there asks for IPv6's neighbours and routers whenever it pleases.
    outside.call(
        () -> {
          Sysctl.write("net/ipv6/conf/default/disable_ipv6", "1");
          return true;
        });
    node.inside(
        () -> {
          try (Netlink netlink = Netlink.open()) {
            netlink
                .links()
                .createVeth(
                    LinkSpec.named("up").withIfindex(TestNode.NETWORK.ifindex()),
                    LinkSpec.named("far"));
            int up = ifindex(netlink, "up");
            netlink.addresses().add(up, new IpPrefix(GATE, 24));
            netlink.links().setUp(up);
          }
          return true;
        });
    int ifindex = move("far", outside);
    try (Netlink netlink = Netlink.open(outside)) {
      netlink.links().setUp(1);
      netlink.links().setUp(ifindex);
      netlink.addresses().add(ifindex, new IpPrefix(TestNode.OUTSIDE, 24));
      netlink.routes().add(Route.via(DEFAULT, GATE, ifindex));
    }
  }

  private int move(String device, NetworkNamespace namespace) {
    node.inside(
        () -> {
          try (Netlink netlink = Netlink.open()) {
            netlink.links().moveTo(ifindex(netlink, device), namespace);
          }
          return true;
        });
    try (Netlink netlink = Netlink.open(namespace)) {
      return ifindex(netlink, device);
    }
  }

  private static String name(Pod pod) {
    return "pod" + pod.id();
  }

  private static int ifindex(Netlink netlink, String device) {
    return Objects.requireNonNull(netlink.links().get(device), device).ifindex();
  }

  NetworkNamespace of(Pod pod) {
    return Objects.requireNonNull(namespaces.get(name(pod)));
  }

  NetworkNamespace outside() {
    return Objects.requireNonNull(namespaces.get("outside"));
  }

  /** A UDP socket in a namespace, on a port or (0) any. */
  static DatagramSocket udp(NetworkNamespace namespace, int port) throws IOException {
    return namespace.call(() -> new DatagramSocket(new InetSocketAddress("0.0.0.0", port)));
  }

  DatagramSocket udpOfHost(int port) throws IOException {
    return node.insideIo(() -> new DatagramSocket(new InetSocketAddress("0.0.0.0", port)));
  }

  /** Sends a word from one socket to another's address; whether it came. */
  static boolean passes(
      DatagramSocket from, InetSocketAddress to, DatagramSocket at, Duration patience)
      throws IOException {
    byte[] word = ("word " + System.nanoTime()).getBytes(StandardCharsets.UTF_8);
    from.send(new DatagramPacket(word, word.length, to));
    long deadline = System.nanoTime() + patience.toNanos();
    DatagramPacket packet = new DatagramPacket(new byte[64], 64);
    while (true) {
      long left = (deadline - System.nanoTime()) / 1_000_000;
      if (left <= 0) {
        return false;
      }
      at.setSoTimeout((int) left);
      try {
        packet.setLength(64);
        at.receive(packet);
      } catch (SocketTimeoutException e) {
        return false;
      }
      if (java.util.Arrays.equals(
          word, java.util.Arrays.copyOf(packet.getData(), packet.getLength()))) {
        return true;
      }
    }
  }

  @Override
  public void close() throws IOException {
    namespaces.values().forEach(NetworkNamespace::close);
    node.close();
  }
}
