package io.ovenet.bpf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class NetlinkKernelIT {
  private static final int IFINDEX = 0x100007;
  private static final MacAddress MAC = MacAddress.parse("02:00:0a:fe:01:01");

  private final NetworkNamespace near = NetworkNamespace.create();
  private final NetworkNamespace far = NetworkNamespace.create();
  private final Netlink netlink = Netlink.open(near);
  private final Netlink remote = Netlink.open(far);

  @AfterEach
  void close() {
    netlink.close();
    remote.close();
    near.close();
    far.close();
  }

  private void createVeth() {
    netlink
        .links()
        .createVeth(
            LinkSpec.named("host7").withIfindex(IFINDEX).withMtu(1400),
            LinkSpec.named("eth0").withMac(MAC).withMtu(1400).in(far));
  }

  private static Link get(Netlink from, String name) {
    return Objects.requireNonNull(from.links().get(name), name);
  }

  @Test
  void vethHasTheChosenIndexAndItsPeerIsElsewhere() {
    createVeth();
    Link host = get(netlink, "host7");
    assertThat(host.ifindex()).isEqualTo(IFINDEX);
    assertThat(host.kind()).isEqualTo("veth");
    assertThat(host.mtu()).isEqualTo(1400);
    assertThat(host.up()).isFalse();
    Link peer = get(remote, "eth0");
    assertThat(peer.mac()).isEqualTo(MAC);
    assertThat(peer.mtu()).isEqualTo(1400);
    assertThat(host.lower()).isEqualTo(peer.ifindex());
    assertThat(netlink.links().get("eth0")).isNull();

    netlink.links().setUp(IFINDEX);
    remote.links().setUp(peer.ifindex());
    assertThat(get(netlink, "host7").running()).isTrue();
    netlink.links().setDown(IFINDEX);
    assertThat(get(netlink, "host7").up()).isFalse();

    assertThat(netlink.links().delete("host7")).isTrue();
    assertThat(netlink.links().delete(IFINDEX)).isFalse();
    assertThat(remote.links().get("eth0")).isNull();
  }

  @Test
  void takenNamesAndIndexesAreErrorsWithTheKernelsWords() {
    createVeth();
    assertThatThrownBy(this::createVeth)
        .isInstanceOfSatisfying(
            NetlinkException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EEXIST))
        .hasMessageContaining("host7");
    assertThatThrownBy(() -> netlink.links().create("nonesuch", LinkSpec.named("x")))
        .hasMessageContaining("Unknown device type");
    assertThatThrownBy(() -> LinkSpec.named("longer-than-15-bytes"))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> netlink.links().setUp(999))
        .isInstanceOfSatisfying(
            NetlinkException.class, e -> assertThat(e.errno()).isEqualTo(Errno.ENODEV));
  }

  @Test
  void linksAreChangedAndListed() {
    createVeth();
    netlink.links().create("bridge", LinkSpec.named("br0"));
    int bridge = get(netlink, "br0").ifindex();
    MacAddress other = MacAddress.parse("02:00:00:00:00:09");
    netlink.links().setMac(IFINDEX, other);
    netlink.links().setMtu(IFINDEX, 9000);
    netlink.links().setMaster(IFINDEX, bridge);
    Link changed = get(netlink, "host7");
    assertThat(changed.mac()).isEqualTo(other);
    assertThat(changed.mtu()).isEqualTo(9000);
    assertThat(changed.master()).isEqualTo(bridge);
    netlink.links().rename(IFINDEX, "renamed");
    assertThat(netlink.links().list()).extracting(Link::name).contains("lo", "br0", "renamed");
    netlink.links().moveTo(IFINDEX, far);
    assertThat(netlink.links().get("renamed")).isNull();
    assertThat(get(remote, "renamed").kind()).isEqualTo("veth");
  }

  @Test
  void dummyHasTheChosenAddressWhateverKindItIs() {
    netlink.links().createDummy(LinkSpec.named("ovenet_host").withMac(MAC));
    Link dummy = get(netlink, "ovenet_host");
    assertThat(dummy.mac()).isEqualTo(MAC);
    assertThat(dummy.kind()).isIn("dummy", "ifb");
    netlink.links().setUp(dummy.ifindex());
    assertThat(get(netlink, "ovenet_host").running()).isTrue();
  }

  @Test
  void manyLinksFillSeveralDatagrams() {
    for (int i = 0; i < 60; i++) {
      netlink.links().createDummy(LinkSpec.named("d" + i));
    }
    List<Link> links = netlink.links().list();
    assertThat(links).hasSize(61).isSortedAccordingTo((a, b) -> a.ifindex() - b.ifindex());
  }

  @Test
  void addressesRoutesAndNeighboursCarryPackets() throws Exception {
    createVeth();
    int peer = get(remote, "eth0").ifindex();
    netlink.links().setUp(IFINDEX);
    remote.links().setUp(peer);
    InetAddress gateway = InetAddress.ofLiteral("169.254.1.1");
    InetAddress pod = InetAddress.ofLiteral("10.9.0.7");
    netlink.addresses().add(IFINDEX, IpPrefix.host(gateway));
    netlink.addresses().add(IFINDEX, IpPrefix.host(gateway)); // once more changes nothing
    netlink.routes().add(Route.direct(IpPrefix.host(pod), IFINDEX).withSource(gateway));
    netlink.neighbours().replace(IFINDEX, pod, MAC);
    remote.addresses().add(peer, IpPrefix.host(pod));
    remote.routes().add(Route.direct(IpPrefix.host(gateway), peer));
    remote.routes().add(Route.via(IpPrefix.parse("0.0.0.0/0"), gateway, peer).withOnlink());

    assertThat(netlink.addresses().list())
        .contains(new Addresses.Assigned(IFINDEX, IpPrefix.host(gateway)));
    assertThat(netlink.neighbours().list())
        .contains(new Neighbours.Neighbour(IFINDEX, pod, MAC, true));
    assertThat(remote.routes().list(Route.MAIN))
        .contains(Route.via(IpPrefix.parse("0.0.0.0/0"), gateway, peer).withOnlink());

    try (DatagramSocket server =
            far.call(() -> new DatagramSocket(new InetSocketAddress(pod, 5300)));
        DatagramSocket client = near.call(() -> new DatagramSocket(0))) {
      server.setSoTimeout(30_000);
      client.send(new DatagramPacket(new byte[] {42}, 1, new InetSocketAddress(pod, 5300)));
      DatagramPacket received = new DatagramPacket(new byte[10], 10);
      server.receive(received);
      assertThat(received.getData()[0]).isEqualTo((byte) 42);
      assertThat(received.getAddress()).isEqualTo(gateway);
    }

    assertThat(netlink.neighbours().delete(IFINDEX, pod)).isTrue();
    assertThat(netlink.routes().delete(Route.direct(IpPrefix.host(pod), IFINDEX))).isTrue();
    assertThat(netlink.routes().delete(Route.direct(IpPrefix.host(pod), IFINDEX))).isFalse();
    assertThat(netlink.addresses().delete(IFINDEX, IpPrefix.host(gateway))).isTrue();
    assertThat(netlink.addresses().delete(IFINDEX, IpPrefix.host(gateway))).isFalse();
  }

  @Test
  void routesAreReplacedPerTableAndMetric() {
    netlink.links().createDummy(LinkSpec.named("a"));
    netlink.links().createDummy(LinkSpec.named("b"));
    int a = get(netlink, "a").ifindex();
    int b = get(netlink, "b").ifindex();
    netlink.links().setUp(a);
    netlink.links().setUp(b);
    IpPrefix prefix = IpPrefix.parse("10.244.0.0/24");
    Route first = Route.direct(prefix, a).withTable(2004).withMtu(1450);
    assertThat(netlink.routes().list(2004)).isEmpty();
    netlink.routes().add(first);
    assertThatThrownBy(() -> netlink.routes().add(first)).hasMessageContaining("EEXIST");
    assertThat(netlink.routes().list(2004)).containsExactly(first);
    Route second = Route.direct(prefix, b).withTable(2004);
    netlink.routes().replace(second);
    assertThat(netlink.routes().list(2004)).containsExactly(second);
    Route blackhole = Route.refused(IpPrefix.parse("10.0.0.0/8"), Route.Type.BLACKHOLE);
    netlink.routes().add(blackhole);
    assertThat(netlink.routes().list(Route.MAIN)).contains(blackhole);
    assertThatThrownBy(
            () -> netlink.routes().add(Route.via(prefix, InetAddress.ofLiteral("192.0.2.1"), a)))
        .isInstanceOf(NetlinkException.class)
        .hasMessageContaining("invalid gateway");
  }

  @Test
  void ipv6AddressesAreUsableAtOnce() throws Exception {
    netlink.links().createDummy(LinkSpec.named("v6"));
    int ifindex = get(netlink, "v6").ifindex();
    netlink.links().setUp(ifindex);
    IpPrefix prefix = IpPrefix.parse("fd00:10::7/128");
    netlink.addresses().add(ifindex, prefix);
    near.call(
        () -> {
          new DatagramSocket(new InetSocketAddress(prefix.address(), 0)).close();
          return true;
        });
    assertThat(netlink.addresses().list()).extracting(Addresses.Assigned::prefix).contains(prefix);
  }

  @Test
  void rulesAreIdempotent() {
    Rules.Rule rule =
        new Rules.Rule(false, 9, IpPrefix.parse("10.0.0.0/8"), null, 0x200, 0xf00, 2005);
    assertThat(netlink.rules().add(rule)).isTrue();
    assertThat(netlink.rules().add(rule)).isFalse();
    assertThat(netlink.rules().list(false)).contains(rule);
    assertThat(netlink.rules().delete(rule)).isTrue();
    assertThat(netlink.rules().delete(rule)).isFalse();
    assertThat(netlink.rules().list(false)).doesNotContain(rule);
  }
}
