package io.ovenet.datapath;

import static io.ovenet.datapath.LiveNode.ANSWER;
import static io.ovenet.datapath.LiveNode.SILENCE;
import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.bpf.AttachMode;
import io.ovenet.bpf.IpPrefix;
import io.ovenet.bpf.LinkSpec;
import io.ovenet.bpf.MacAddress;
import io.ovenet.bpf.Netlink;
import io.ovenet.datapath.Endpoint.Flag;
import io.ovenet.datapath.TestNode.Pod;
import io.ovenet.datapath.TestNode.Seen;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What comes through the overlay, written by hand as another node, or somebody who would like to be
 * one, sends it.
 */
@ParameterizedClass
@EnumSource
class OverlayKernelIT {
  private static final int PORT = 8472;
  private static final int IN = PolicyKey.INGRESS;
  private static final int UDP = 17;
  private static final int REMOTE_NODE = 6;
  private static final int PREFIX = 1 << 24 | 5;
  private static final InetAddress HERE = InetAddress.ofLiteral("198.51.100.1");
  private static final InetAddress NODE = TestNode.OUTSIDE;
  private static final InetAddress OTHER_NODE = InetAddress.ofLiteral("198.51.100.9");
  private static final InetAddress NO_NODE = InetAddress.ofLiteral("198.51.100.8");
  private static final InetAddress KNOWN_POD = InetAddress.ofLiteral("10.0.1.5");
  private static final InetAddress NEW_POD = InetAddress.ofLiteral("10.0.1.77");
  private static final InetAddress POD_ELSEWHERE = InetAddress.ofLiteral("10.0.2.5");
  private static final InetAddress FAR_AWAY = InetAddress.ofLiteral("203.0.113.9");

  private final LiveNode live;
  private final TestNode node;
  private final Pod web;
  private final MacAddress deviceMac;

  OverlayKernelIT(AttachMode mode) throws IOException {
    String before = System.getProperty(AttachMode.PROPERTY);
    System.setProperty(AttachMode.PROPERTY, mode.name().toLowerCase(Locale.ROOT));
    try {
      live = new LiveNode();
    } finally {
      if (before == null) {
        System.clearProperty(AttachMode.PROPERTY);
      } else {
        System.setProperty(AttachMode.PROPERTY, before);
      }
    }
    node = live.node;
    web = node.web;
    deviceMac = node.inside(this::makeDevice);
    try (Netlink netlink = Netlink.open(live.outside())) {
      int far = Objects.requireNonNull(netlink.links().get("far")).ifindex();
      netlink.addresses().add(far, IpPrefix.host(NO_NODE));
      netlink.addresses().add(far, IpPrefix.host(OTHER_NODE));
    }
    fillTables();
    node.events();
  }

  private MacAddress makeDevice() {
    try (Netlink netlink = Netlink.open()) {
      netlink
          .links()
          .createVxlan(LinkSpec.named("ovenet_vxlan").withIfindex(TestNode.TUNNEL_IFINDEX), PORT);
      netlink.links().setUp(TestNode.TUNNEL_IFINDEX);
      node.datapath.attachOverlay(TestNode.TUNNEL_IFINDEX);
      return Objects.requireNonNull(
          Objects.requireNonNull(netlink.links().get(TestNode.TUNNEL_IFINDEX)).mac());
    }
  }

  private void fillTables() {
    for (int identity : new int[] {3, REMOTE_NODE, PREFIX}) {
      node.datapath.classes().upsert(identity, identity);
    }
    var addresses = node.datapath.ipcache();
    addresses.upsert(IpcacheKey.of(NODE), behind(NODE, REMOTE_NODE, IpcacheValue.NODE));
    addresses.upsert(IpcacheKey.of(OTHER_NODE), behind(OTHER_NODE, REMOTE_NODE, IpcacheValue.NODE));
    addresses.upsert(prefix("10.0.1.0"), behind(NODE, 3, 0));
    addresses.upsert(prefix("10.0.2.0"), behind(OTHER_NODE, 3, 0));
    addresses.upsert(IpcacheKey.of(KNOWN_POD), behind(NODE, TestNode.CLIENT, IpcacheValue.POD));
    addresses.upsert(IpcacheKey.of(FAR_AWAY), new IpcacheValue(PREFIX));
  }

  private static IpcacheKey prefix(String address) {
    return new IpcacheKey(InetAddress.ofLiteral(address), 24);
  }

  private static IpcacheValue behind(InetAddress tunnel, int identity, int flags) {
    int address = ByteBuffer.wrap(tunnel.getAddress()).getInt();
    return new IpcacheValue(identity, address, 0, flags, 0);
  }

  @AfterEach
  void stop() throws IOException {
    live.close();
  }

  private Frame inner(InetAddress from) {
    return Frame.of(DatapathOptions.GATEWAY_MAC, deviceMac, from, web.address());
  }

  private static byte[] vxlan(int identity, byte[] frame) {
    return ByteBuffer.allocate(8 + frame.length)
        .putInt(0x08000000)
        .putInt(identity << 8)
        .put(frame)
        .array();
  }

  private void send(InetAddress outer, int identity, Frame frame) throws IOException {
    byte[] packet = vxlan(identity, frame.bytes());
    try (DatagramSocket socket =
        live.outside().call(() -> new DatagramSocket(new InetSocketAddress(outer, 0)))) {
      socket.send(new DatagramPacket(packet, packet.length, HERE, PORT));
    }
  }

  /** Sends, and waits until its end is told of. */
  private List<Seen> sendAndSee(InetAddress outer, int identity, Frame frame) throws IOException {
    send(outer, identity, frame);
    return see();
  }

  private List<Seen> see() {
    var seen = new ArrayList<Seen>();
    long deadline = System.nanoTime() + ANSWER.toNanos();
    while (seen.stream().noneMatch(s -> s.what().matches("drop .*|TO_.*"))) {
      assertThat(System.nanoTime()).as("nothing but " + seen).isLessThan(deadline);
      for (Seen each : node.events()) {
        if (isOfTheTest(each)) {
          seen.add(each);
        }
      }
      Thread.onSpinWait();
    }
    return seen;
  }

  /** Neither what the namespaces say by themselves, nor their answer that nobody listens. */
  private static boolean isOfTheTest(Seen seen) {
    return !seen.event().has(FlowEvent.IPV6) && !seen.what().endsWith(" RELATED");
  }

  private static List<String> what(List<Seen> seen) {
    return seen.stream().filter(OverlayKernelIT::isOfTheTest).map(Seen::what).toList();
  }

  private void allow(int identity) {
    node.enforce(web, Flag.ENFORCE_INGRESS);
    node.rule(web, IN, identity, UDP, 53, Verdict.ALLOW, 5);
  }

  @Test
  void aNodeIsBelievedOfItsPodsAlsoOfNewOnes() throws IOException {
    allow(TestNode.CLIENT);
    for (InetAddress pod : new InetAddress[] {KNOWN_POD, NEW_POD}) {
      var seen = sendAndSee(NODE, TestNode.CLIENT, inner(pod).udp(4000, 53));
      assertThat(what(seen)).startsWith("ALLOW in", "TO_ENDPOINT NEW");
      assertThat(seen.get(1).event().sourceIdentity()).isEqualTo(TestNode.CLIENT);
    }
    assertThat(what(sendAndSee(NODE, TestNode.STRANGER, inner(NEW_POD).udp(4001, 53))))
        .containsExactly("DEFAULT in", "drop POLICY_DENIED NONE");
    assertThat(node.datapath.disagreements().values()).containsOnly(0L);
  }

  @Test
  void theHeadersIdentityCountsAlsoInAConnectionThatStands() throws IOException {
    allow(TestNode.CLIENT);
    sendAndSee(NODE, TestNode.CLIENT, inner(KNOWN_POD).udp(4000, 53));
    assertThat(what(sendAndSee(NODE, TestNode.STRANGER, inner(KNOWN_POD).udp(4000, 53))))
        .containsExactly("DEFAULT in", "drop POLICY_DENIED NONE");
    assertThat(node.datapath.disagreements().get(Disagreement.IDENTITY)).isEqualTo(1);
  }

  @Test
  void whatIsDeliveredIsAnsweredThroughTheOverlay() throws IOException {
    allow(TestNode.CLIENT);
    try (DatagramSocket in = LiveNode.udp(live.of(web), 53);
        DatagramSocket far = LiveNode.udp(live.outside(), PORT)) {
      for (InetAddress pod : new InetAddress[] {KNOWN_POD, NEW_POD}) {
        send(NODE, TestNode.CLIENT, inner(pod).udp(4000, 53));
        in.setSoTimeout((int) ANSWER.toMillis());
        var got = new DatagramPacket(new byte[64], 64);
        in.receive(got);
        assertThat(got.getAddress()).isEqualTo(pod);
        if (pod.equals(NEW_POD)) { // between question and answer of others some address is learnt
          node.datapath.revisions().setCurrent(node.datapath.revisions().current() + 1);
          node.datapath.revisions().setRemote(node.datapath.revisions().current());
        }
        in.send(new DatagramPacket(new byte[4], 4, got.getSocketAddress()));
        far.setSoTimeout((int) ANSWER.toMillis());
        var back = new DatagramPacket(new byte[256], 256);
        far.receive(back);
        var bytes = ByteBuffer.wrap(back.getData(), 0, back.getLength());
        assertThat(bytes.getInt(4) >>> 8).as("identity").isEqualTo(TestNode.WEB);
        assertThat(bytes.getInt(8 + 14 + 12)).as("inner source").isEqualTo(number(web.address()));
        assertThat(bytes.getInt(8 + 14 + 16)).as("inner destination").isEqualTo(number(pod));
        assertThat(bytes.get(8 + 14 + 8)).as("a hop less").isEqualTo((byte) 63);
      }
    }
    assertThat(what(node.events())).contains("TO_OVERLAY REPLY");
  }

  private static int number(InetAddress address) {
    return ByteBuffer.wrap(address.getAddress()).getInt();
  }

  @Test
  void whoIsNotToBeBelievedIsNot() throws IOException {
    record Lie(
        String what,
        InetAddress outer,
        int identity,
        InetAddress inner,
        String drop,
        Disagreement which) {}
    var lies =
        List.of(
            new Lie(
                "no node",
                NO_NODE,
                TestNode.CLIENT,
                KNOWN_POD,
                "INVALID_IDENTITY NOT_A_NODE",
                Disagreement.SENDER),
            new Lie(
                "another node's pod",
                NODE,
                TestNode.CLIENT,
                POD_ELSEWHERE,
                "INVALID_SOURCE_IP CLAIMS_POD",
                Disagreement.POD),
            new Lie(
                "a pod of ours",
                NODE,
                TestNode.CLIENT,
                node.client.address(),
                "INVALID_SOURCE_IP CLAIMS_ENDPOINT",
                Disagreement.POD),
            new Lie(
                "another node",
                NODE,
                REMOTE_NODE,
                OTHER_NODE,
                "INVALID_SOURCE_IP CLAIMS_NODE",
                Disagreement.NODE),
            new Lie(
                "this node",
                NODE,
                REMOTE_NODE,
                TestNode.HOST,
                "INVALID_SOURCE_IP CLAIMS_HOST",
                Disagreement.NODE),
            new Lie(
                "a node with a pod's identity",
                NODE,
                TestNode.CLIENT,
                NODE,
                "INVALID_SOURCE_IP CLAIMS_NODE",
                Disagreement.NODE),
            new Lie(
                "a pod with a node's identity",
                NODE,
                REMOTE_NODE,
                KNOWN_POD,
                "INVALID_SOURCE_IP CLAIMS_NODE",
                Disagreement.NODE),
            new Lie(
                "a pod as the world",
                NODE,
                2,
                KNOWN_POD,
                "INVALID_SOURCE_IP CLAIMS_POD",
                Disagreement.POD),
            new Lie(
                "this host's identity",
                NODE,
                1,
                KNOWN_POD,
                "INVALID_IDENTITY HEADER",
                Disagreement.HEADER),
            new Lie(
                "none at all", NODE, 0, KNOWN_POD, "INVALID_IDENTITY HEADER", Disagreement.HEADER));
    int port = 4000;
    for (Lie lie : lies) {
      long before = node.datapath.disagreements().getOrDefault(lie.which, 0L);
      var seen = sendAndSee(lie.outer, lie.identity, inner(lie.inner).udp(port++, 53));
      assertThat(what(seen)).as(lie.what).containsExactly("drop " + lie.drop);
      assertThat(node.datapath.disagreements().getOrDefault(lie.which, 0L))
          .as(lie.what)
          .isEqualTo(before + 1);
    }
    assertThat(node.connections()).isZero();
  }

  @Test
  void aNodesOwnAddressIsARemoteNodesAndOfTheWorldThisNodeKnowsBest() throws IOException {
    allow(REMOTE_NODE);
    assertThat(what(sendAndSee(NODE, REMOTE_NODE, inner(NODE).udp(4000, 53))))
        .startsWith("ALLOW in", "TO_ENDPOINT NEW");
    assertThat(what(sendAndSee(NODE, 2, inner(NODE).udp(4001, 53))))
        .as("the world by way of a node is not the node")
        .containsExactly("DEFAULT in", "drop POLICY_DENIED NONE");
    var seen = sendAndSee(NODE, 2, inner(FAR_AWAY).udp(4002, 53));
    assertThat(seen.getLast().event().sourceIdentity()).isEqualTo(PREFIX);
    node.rule(web, IN, PREFIX, UDP, 53, Verdict.ALLOW, 6);
    assertThat(what(sendAndSee(NODE, 2, inner(FAR_AWAY).udp(4003, 53))))
        .startsWith("ALLOW in", "TO_ENDPOINT NEW");
  }

  @Test
  void aPodThatSpeaksVxlanIsAPod() throws IOException {
    byte[] packet = vxlan(TestNode.CLIENT, inner(KNOWN_POD).udp(4000, 53).bytes());
    allow(TestNode.CLIENT);
    try (DatagramSocket socket = LiveNode.udp(live.of(node.stranger), 0)) {
      for (InetAddress to : new InetAddress[] {HERE, TestNode.HOST}) {
        node.datapath.ipcache().upsert(IpcacheKey.of(HERE), new IpcacheValue(1));
        socket.send(new DatagramPacket(packet, packet.length, to, PORT));
        var seen = new ArrayList<>(see());
        while (seen.stream().noneMatch(s -> s.what().startsWith("drop"))) {
          seen.addAll(see());
        }
        assertThat(what(seen))
            .containsExactly("ALLOW out", "TO_HOST NEW", "drop INVALID_IDENTITY NOT_A_NODE");
      }
    }
  }

  @Test
  void brokenInnerPacketsAreDropped() throws IOException {
    assertThat(
            what(sendAndSee(NODE, TestNode.CLIENT, inner(KNOWN_POD).spoiltChecksum().udp(1, 53))))
        .containsExactly("drop INVALID_PACKET_DROPPED IP_CHECKSUM");
    assertThat(what(sendAndSee(NODE, TestNode.CLIENT, inner(KNOWN_POD).ttl(1).udp(1, 53))))
        .containsExactly("drop TTL_EXCEEDED NONE");
    assertThat(
            what(
                sendAndSee(NODE, TestNode.CLIENT, inner(KNOWN_POD).to(TestNode.NOBODY).udp(1, 53))))
        .containsExactly("drop NO_MATCHING_LOCAL_CONTAINER_FOUND NONE");
    assertThat(
            what(sendAndSee(NODE, TestNode.CLIENT, inner(KNOWN_POD).to(POD_ELSEWHERE).udp(1, 53))))
        .as("nothing goes on to a third node")
        .containsExactly("drop NO_MATCHING_LOCAL_CONTAINER_FOUND NONE");
  }

  @Test
  void pastTheOverlayNobodyBehindItIsBelieved() throws IOException {
    assertThat(what(node.hear(web, web.hears(KNOWN_POD).udp(1, 53)).events()))
        .containsExactly("drop INVALID_SOURCE_IP CLAIMS_POD");
    sendAndSee(NODE, TestNode.CLIENT, inner(KNOWN_POD).udp(4000, 53));
    assertThat(what(node.hear(web, web.hears(KNOWN_POD).udp(4000, 53)).events()))
        .as("nor within a connection")
        .containsExactly("drop INVALID_SOURCE_IP CLAIMS_POD");
  }

  @Test
  void noProgramNoWay() throws IOException {
    try (DatagramSocket in = LiveNode.udp(live.of(web), 53)) {
      send(NODE, TestNode.CLIENT, inner(KNOWN_POD).udp(4000, 53));
      in.setSoTimeout((int) ANSWER.toMillis());
      in.receive(new DatagramPacket(new byte[64], 64));
      node.inside(
          () -> {
            node.datapath.detach(TestNode.TUNNEL_IFINDEX, Datapath.FROM_OVERLAY);
            return true;
          });
      send(NODE, TestNode.CLIENT, inner(KNOWN_POD).udp(4000, 53));
      in.setSoTimeout((int) SILENCE.toMillis());
      org.assertj.core.api.Assertions.assertThatThrownBy(
              () -> in.receive(new DatagramPacket(new byte[64], 64)))
          .isInstanceOf(java.net.SocketTimeoutException.class);
    }
  }
}
