package io.ovenet.datapath;

import static io.ovenet.datapath.LiveNode.ANSWER;
import static io.ovenet.datapath.LiveNode.SILENCE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ovenet.bpf.LinkSpec;
import io.ovenet.bpf.MacAddress;
import io.ovenet.bpf.Netlink;
import io.ovenet.datapath.Endpoint.Flag;
import io.ovenet.datapath.TestNode.Pod;
import io.ovenet.datapath.TraceKey.Place;
import io.ovenet.datapath.TraceStep.End;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Packets that are traced: told of step by step, delivered to nobody, and nothing is left. */
class TraceKernelIT {
  private static final int TCP = 6;
  private static final int UDP = 17;
  private static final int TUNNEL_PORT = 8472;
  private static final int LONG_ENOUGH = 60;
  private static final InetAddress NODE = TestNode.OUTSIDE;
  private static final InetAddress HERE = TestNode.NETWORK.address();
  private static final InetAddress REMOTE_POD = InetAddress.ofLiteral("10.0.1.5");
  private static final InetAddress SERVICE = InetAddress.ofLiteral("10.96.0.1");

  private final LiveNode live = new LiveNode(TestNode.options().withNetwork(TestNode.NETWORK));
  private final TestNode node = live.node;
  private int lastNumber;

  TraceKernelIT() throws IOException {
    node.inside(this::makeTunnel);
    node.datapath.ipcache().upsert(IpcacheKey.of(HERE), new IpcacheValue(1));
    node.datapath.classes().upsert(6, 6);
    node.datapath.ipcache().upsert(IpcacheKey.of(NODE), behind(6, IpcacheValue.NODE));
    node.datapath
        .ipcache()
        .upsert(IpcacheKey.of(REMOTE_POD), behind(TestNode.STRANGER, IpcacheValue.POD));
    node.events();
  }

  private boolean makeTunnel() {
    try (Netlink netlink = Netlink.open()) {
      netlink
          .links()
          .createVxlan(
              LinkSpec.named("ovenet_vxlan").withIfindex(TestNode.TUNNEL_IFINDEX), TUNNEL_PORT);
      netlink.links().setUp(TestNode.TUNNEL_IFINDEX);
      node.datapath.attachOverlay(TestNode.TUNNEL_IFINDEX);
    }
    return true;
  }

  private static IpcacheValue behind(int identity, int flags) {
    return new IpcacheValue(identity, number(NODE), 0, flags, 0);
  }

  private static int number(InetAddress address) {
    return ByteBuffer.wrap(address.getAddress()).getInt();
  }

  @AfterEach
  void stop() throws IOException {
    live.close();
  }

  private static TracedPacket packet(Pod from, InetAddress to, int protocol, int port, int length) {
    return new TracedPacket(
        from.mac(),
        DatapathOptions.GATEWAY_MAC,
        (Inet4Address) from.address(),
        (Inet4Address) to,
        protocol,
        40_000,
        port,
        length);
  }

  private TraceStep trace(Pod from, InetAddress to, int protocol, int port) {
    return trace(packet(from, to, protocol, port, LONG_ENOUGH));
  }

  private TraceStep trace(TracedPacket packet) {
    int number = ++lastNumber;
    assertThat(node.<Boolean>inside(() -> node.datapath.trace(packet, number))).isTrue();
    return await(new TraceKey(0, number, Place.AT_POD));
  }

  private TraceStep await(TraceKey key) {
    long deadline = System.nanoTime() + ANSWER.toNanos();
    @Nullable TraceStep step = null;
    while (step == null) {
      assertThat(System.nanoTime()).as("no step " + key).isLessThan(deadline);
      step = node.datapath.traceSteps().get(key);
      Thread.onSpinWait();
    }
    return step;
  }

  private int entries(String map) {
    int[] count = new int[1];
    node.datapath.map(map).forEach((_, _) -> count[0]++);
    return count[0];
  }

  private void nothingIsLeft() {
    assertThat(node.connections()).isZero();
    for (String map :
        new String[] {"service_flow_map", "nat_map", "affinity_map", "fragment_map"}) {
      assertThat(entries(map)).as(map).isZero();
    }
    assertThat(
            node.events().stream()
                .filter(seen -> !seen.event().has(FlowEvent.IPV6))
                .map(TestNode.Seen::what))
        .isEmpty();
  }

  @Test
  void eachSideIsToldAndNobodyGetsThePacket() throws IOException {
    node.enforce(node.web, Flag.ENFORCE_INGRESS);
    node.enforce(node.client, Flag.ENFORCE_EGRESS);
    node.rule(node.client, PolicyKey.EGRESS, TestNode.WEB, UDP, 53, Verdict.ALLOW, 4);
    node.rule(node.web, PolicyKey.INGRESS, TestNode.CLIENT, UDP, 53, Verdict.ALLOW, 5);
    try (DatagramSocket in = LiveNode.udp(live.of(node.web), 53)) {
      TraceStep step = trace(node.client, node.web.address(), UDP, 53);
      assertThat(step.end()).isEqualTo(End.DELIVERED);
      assertThat(step.egress()).isEqualTo(new TraceStep.Judgement(4, Verdict.ALLOW, 2, 0));
      assertThat(step.ingress()).isEqualTo(new TraceStep.Judgement(5, Verdict.ALLOW, 2, 0));
      assertThat(step.sourceIdentity()).isEqualTo(TestNode.CLIENT);
      assertThat(step.destinationEndpoint()).isEqualTo(node.web.id());
      in.setSoTimeout((int) SILENCE.toMillis());
      assertThatThrownBy(() -> in.receive(new DatagramPacket(new byte[64], 64)))
          .isInstanceOf(SocketTimeoutException.class);
    }
    TraceStep denied = trace(node.stranger, node.web.address(), UDP, 53);
    assertThat(denied.end()).isEqualTo(End.REFUSED);
    assertThat(DropReason.of(denied.reason())).isEqualTo(DropReason.POLICY_DENIED);
    assertThat(denied.egress()).as("no policy of its own").isNotNull();
    assertThat(denied.ingress()).isNotNull();
    TraceStep out = trace(node.client, node.web.address(), TCP, 80);
    assertThat(DropReason.of(out.reason())).isEqualTo(DropReason.POLICY_DENIED);
    assertThat(out.ingress()).as("the second side is asked only if the first agrees").isNull();
    nothingIsLeft();
  }

  @Test
  void aServiceIsTranslatedWithoutATrace() {
    var services = new TestServices(node.datapath);
    int backend = services.backend(new Backend(node.web.address(), 8080, TCP, Backend.LOCAL, 1));
    services.putAffine(SERVICE, 80, TCP, 7, 600, backend);
    TraceStep step = trace(node.client, SERVICE, TCP, 80);
    assertThat(step.end()).isEqualTo(End.DELIVERED);
    assertThat(step.called()).isEqualTo(SERVICE);
    assertThat(step.calledPort()).isEqualTo(80);
    assertThat(step.destination()).isEqualTo(node.web.address());
    assertThat(step.destinationPort()).isEqualTo(8080);
    assertThat(step.service()).isEqualTo(7);
    services.put(SERVICE, 81, TCP, 8);
    assertThat(DropReason.of(trace(node.client, SERVICE, TCP, 81).reason()))
        .isEqualTo(DropReason.SERVICE_BACKEND_NOT_FOUND);
    nothingIsLeft();
  }

  @Test
  void theWorldTheNodeAndWhatIsTooBigAreTold() {
    TraceStep world = trace(node.client, InetAddress.ofLiteral("203.0.113.9"), TCP, 443);
    assertThat(world.end()).isEqualTo(End.TO_WORLD);
    assertThat(world.masked()).isTrue();
    assertThat(trace(node.client, TestNode.HOST, TCP, 22).end()).isEqualTo(End.TO_NODE);
    TraceStep big = trace(packet(node.client, node.web.address(), UDP, 53, 1600));
    assertThat(big.end()).isEqualTo(End.TOO_BIG);
    assertThat(big.mtu()).isEqualTo(1500);
    TracedPacket nobodys =
        new TracedPacket(
            node.client.mac(),
            DatapathOptions.GATEWAY_MAC,
            (Inet4Address) TestNode.NOBODY,
            (Inet4Address) node.web.address(),
            TCP,
            40_000,
            80,
            0);
    assertThat(node.<Boolean>inside(() -> node.datapath.trace(nobodys, 1))).isFalse();
    nothingIsLeft();
  }

  @Test
  void whatAPodMarksItselfIsAnOrdinaryPacket() throws IOException {
    int mark = TracedPacket.MARK | 9;
    try (DatagramSocket in = LiveNode.udp(live.of(node.web), 53);
        MarkedSocket socket = live.of(node.client).call(() -> new MarkedSocket(mark))) {
      in.setSoTimeout((int) ANSWER.toMillis());
      socket.send(node.web.address(), 53);
      in.receive(new DatagramPacket(new byte[64], 64));
    }
    MacAddress traced = new MacAddress((long) TracedPacket.MAC_PREFIX << 16 | 9);
    var outcome =
        node.send(node.client, node.client.to(REMOTE_POD).destinationMac(traced).udp(1, 53));
    assertThat(outcome.what()).contains("drop INVALID_DESTINATION_MAC NOT_TO_GATEWAY");
    assertThat(entries("trace_map")).isZero();
  }

  @Test
  void anotherNodeTellsTheRest() throws IOException {
    try (DatagramSocket far = LiveNode.udp(live.outside(), TUNNEL_PORT)) {
      TraceStep sent = trace(node.client, REMOTE_POD, UDP, 53);
      assertThat(sent.end()).isEqualTo(End.SENT);
      assertThat(sent.tunnel()).isEqualTo(number(NODE));
      far.setSoTimeout((int) ANSWER.toMillis());
      var got = new DatagramPacket(new byte[256], 256);
      far.receive(got);
      var bytes = ByteBuffer.wrap(got.getData(), 0, got.getLength());
      assertThat(bytes.getInt(4) >>> 8).as("identity").isEqualTo(TestNode.CLIENT);
      assertThat(bytes.getInt(8)).as("inner MAC").isEqualTo(TracedPacket.MAC_PREFIX);
      assertThat(bytes.getShort(12)).as("number").isEqualTo((short) lastNumber);
    }
    node.enforce(node.web, Flag.ENFORCE_INGRESS);
    node.rule(node.web, PolicyKey.INGRESS, TestNode.STRANGER, UDP, 53, Verdict.ALLOW, 5);
    try (DatagramSocket in = LiveNode.udp(live.of(node.web), 53)) {
      receive(NODE, 53, 100);
      TraceStep came = await(new TraceKey(number(NODE), 100, Place.AT_OVERLAY));
      assertThat(came.end()).isEqualTo(End.DELIVERED);
      assertThat(came.ingress()).isEqualTo(new TraceStep.Judgement(5, Verdict.ALLOW, 2, 0));
      in.setSoTimeout((int) SILENCE.toMillis());
      assertThatThrownBy(() -> in.receive(new DatagramPacket(new byte[64], 64)))
          .isInstanceOf(SocketTimeoutException.class);
    }
    receive(NODE, 54, 101);
    TraceStep denied = await(new TraceKey(number(NODE), 101, Place.AT_OVERLAY));
    assertThat(DropReason.of(denied.reason())).isEqualTo(DropReason.POLICY_DENIED);
    node.datapath.ipcache().delete(IpcacheKey.of(NODE));
    receive(NODE, 53, 102);
    TraceStep lie = await(new TraceKey(0, 102, Place.AT_OVERLAY));
    assertThat(DropReason.of(lie.reason())).isEqualTo(DropReason.INVALID_IDENTITY);
    assertThat(lie.tunnel()).isEqualTo(number(NODE));
    nothingIsLeft();
  }

  /** As another node sends a traced packet of {@link #REMOTE_POD} to `web`. */
  private void receive(InetAddress outer, int port, int number) throws IOException {
    MacAddress traced = new MacAddress((long) TracedPacket.MAC_PREFIX << 16 | number);
    byte[] frame =
        Frame.of(DatapathOptions.GATEWAY_MAC, traced, REMOTE_POD, node.web.address())
            .udp(4000, port)
            .bytes();
    byte[] packet =
        ByteBuffer.allocate(8 + frame.length)
            .putInt(0x08000000)
            .putInt(TestNode.STRANGER << 8)
            .put(frame)
            .array();
    try (DatagramSocket socket =
        live.outside().call(() -> new DatagramSocket(new InetSocketAddress(outer, 0)))) {
      socket.send(new DatagramPacket(packet, packet.length, HERE, TUNNEL_PORT));
    }
  }
}
