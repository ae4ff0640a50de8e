package io.ovenet.datapath;

import static io.ovenet.datapath.LiveNode.ANSWER;
import static io.ovenet.datapath.LiveNode.SILENCE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ovenet.bpf.AttachMode;
import io.ovenet.bpf.IpPrefix;
import io.ovenet.bpf.Netlink;
import io.ovenet.datapath.Endpoint.Flag;
import io.ovenet.datapath.TestNode.Pod;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.PortUnreachableException;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** Pods that speak with the outside by the node's address, and what comes to them from there. */
@ParameterizedClass
@EnumSource
class MasqueradeKernelIT {
  private static final InetAddress HERE = TestNode.NETWORK.address();
  private static final int FIRST = TestNode.NETWORK.natFirst();
  private static final int PORTS_OF_AN_ENDPOINT = 4;

  private final LiveNode live;
  private final TestNode node;
  private final Pod client;
  private final Pod web;

  MasqueradeKernelIT(AttachMode mode) throws IOException {
    String before = System.getProperty(AttachMode.PROPERTY);
    System.setProperty(AttachMode.PROPERTY, mode.name().toLowerCase(Locale.ROOT));
    try {
      live = new LiveNode(TestNode.options().withNetwork(TestNode.NETWORK));
    } finally {
      if (before == null) {
        System.clearProperty(AttachMode.PROPERTY);
      } else {
        System.setProperty(AttachMode.PROPERTY, before);
      }
    }
    node = live.node;
    client = node.client;
    web = node.web;
    node.datapath.ipcache().upsert(IpcacheKey.of(HERE), new IpcacheValue(1));
    attach();
    try (Netlink netlink = Netlink.open(live.outside())) {
      // Nobody outside knows where pods are: what is not masqueraded gets no answer.
      netlink
          .routes()
          .replace(
              io.ovenet.bpf.Route.refused(
                  IpPrefix.parse("10.0.0.0/16"), io.ovenet.bpf.Route.Type.BLACKHOLE));
    }
  }

  private void attach() {
    node.inside(
        () -> {
          node.datapath.attachNetwork(TestNode.NETWORK.ifindex());
          return true;
        });
  }

  @AfterEach
  void stop() throws IOException {
    live.close();
  }

  private static DatagramPacket receive(DatagramSocket socket) throws IOException {
    socket.setSoTimeout((int) ANSWER.toMillis());
    DatagramPacket packet = new DatagramPacket(new byte[64], 64);
    socket.receive(packet);
    return packet;
  }

  private static void say(DatagramSocket socket, InetSocketAddress to) throws IOException {
    socket.send(new DatagramPacket(new byte[] {1, 2, 3}, 3, to));
  }

  @Test
  void udpTcpAndPingGoOutByTheNodesAddressAndAnswersComeBack() throws IOException {
    try (DatagramSocket out = LiveNode.udp(live.outside(), 53);
        DatagramSocket in = LiveNode.udp(live.of(client), 4000)) {
      say(in, new InetSocketAddress(TestNode.OUTSIDE, 53));
      DatagramPacket seen = receive(out);
      assertThat(seen.getAddress()).isEqualTo(HERE);
      assertThat(seen.getPort()).isBetween(FIRST, FIRST + TestNode.NETWORK.natPorts() - 1);
      say(out, (InetSocketAddress) seen.getSocketAddress());
      DatagramPacket back = receive(in);
      assertThat(back.getAddress()).isEqualTo(TestNode.OUTSIDE);
      assertThat(back.getPort()).isEqualTo(53);
    }
    assertThat(node.events().stream().map(TestNode.Seen::what))
        .contains("TO_NETWORK NEW", "TO_ENDPOINT REPLY");
    byte[] bulk = new byte[2 << 20];
    new java.util.Random(1).nextBytes(bulk);
    try (ServerSocket server = live.outside().call(() -> new ServerSocket(80))) {
      Thread.ofVirtual()
          .start(
              () -> {
                try (Socket socket = server.accept()) {
                  socket.getOutputStream().write(bulk);
                } catch (IOException e) {
                  throw new java.io.UncheckedIOException(e);
                }
              });
      try (Socket socket = live.of(client).call(() -> new Socket(TestNode.OUTSIDE, 80))) {
        assertThat(socket.getInputStream().readAllBytes()).isEqualTo(bulk);
      }
    }
    assertThat(live.of(client).call(() -> TestNode.OUTSIDE.isReachable((int) ANSWER.toMillis())))
        .as("ping")
        .isTrue();
  }

  @Test
  void onlyWhoWasSpokenToAnswers() throws IOException {
    try (DatagramSocket out = LiveNode.udp(live.outside(), 53);
        DatagramSocket other = LiveNode.udp(live.outside(), 54);
        DatagramSocket in = LiveNode.udp(live.of(client), 4000)) {
      say(in, new InetSocketAddress(TestNode.OUTSIDE, 53));
      var mapped = (InetSocketAddress) receive(out).getSocketAddress();
      assertThat(LiveNode.passes(other, mapped, in, SILENCE)).as("another port").isFalse();
      assertThat(LiveNode.passes(out, mapped, in, ANSWER)).isTrue();
      node.enforce(client, Flag.ENFORCE_EGRESS);
      node.changed(client);
      assertThat(LiveNode.passes(out, mapped, in, SILENCE)).as("policy changed").isFalse();
    }
  }

  @Test
  void anEndpointHasItsShareOfPortsAndNoSocketsPortIsTaken() throws IOException {
    List<DatagramSocket> sockets = new ArrayList<>();
    List<Integer> ports = new ArrayList<>();
    try (DatagramSocket out = LiveNode.udp(live.outside(), 53)) {
      var lane = List.of((client.id() * 2) % 8 * 2, (client.id() * 2 + 1) % 8 * 2);
      sockets.add(live.udpOfHost(FIRST + lane.get(0)));
      var to = new InetSocketAddress(TestNode.OUTSIDE, 53);
      for (int i = 0; i < PORTS_OF_AN_ENDPOINT; i++) {
        sockets.add(LiveNode.udp(live.of(client), 5000 + i));
        say(sockets.getLast(), to);
      }
      for (int i = 0; i < PORTS_OF_AN_ENDPOINT - 1; i++) {
        ports.add(receive(out).getPort());
      }
      assertThat(ports)
          .doesNotHaveDuplicates()
          .doesNotContain(FIRST + lane.get(0))
          .isSubsetOf(FIRST + lane.get(0) + 1, FIRST + lane.get(1), FIRST + lane.get(1) + 1);
      assertThat(node.events().stream().map(TestNode.Seen::what))
          .as("the last has none")
          .contains("drop NO_MAPPING_FOR_NAT_MASQUERADE NONE");
      // Another endpoint's share is untouched.
      try (DatagramSocket others = LiveNode.udp(live.of(web), 4000)) {
        say(others, to);
        assertThat(receive(out).getPort()).isNotIn(ports);
      }
      // The port of a connection that is gone is another's.
      node.datapath.conntrack().forEach((key, value) -> node.datapath.conntrack().delete(key));
      node.datapath.map("nat_map");
      assertThat(takesAPort(out, to)).isTrue();
    } finally {
      sockets.forEach(DatagramSocket::close);
    }
  }

  /**
   * Until a second has passed a port without a connection is kept for one that is in the making.
   */
  private boolean takesAPort(DatagramSocket out, InetSocketAddress to) throws IOException {
    long deadline = System.nanoTime() + ANSWER.toNanos();
    try (DatagramSocket again = LiveNode.udp(live.of(client), 6000)) {
      while (System.nanoTime() < deadline) {
        say(again, to);
        out.setSoTimeout(100);
        try {
          out.receive(new DatagramPacket(new byte[64], 64));
          return true;
        } catch (SocketTimeoutException e) {
          // Not yet.
        }
      }
    }
    return false;
  }

  @Test
  void whatIsNoConnectionOfThePodsIsTheNodesOwn() throws IOException {
    try (DatagramSocket host = live.udpOfHost(61_003);
        DatagramSocket outside = LiveNode.udp(live.outside(), 4003)) {
      assertThat(LiveNode.passes(outside, new InetSocketAddress(HERE, 61_003), host, ANSWER))
          .isTrue();
    }
  }

  @Test
  void errorsOfTheOutsideComeBackToThePod() throws IOException {
    try (DatagramSocket in = LiveNode.udp(live.of(client), 4000)) {
      in.connect(new InetSocketAddress(TestNode.OUTSIDE, 9)); // nobody listens
      in.setSoTimeout((int) ANSWER.toMillis());
      in.send(new DatagramPacket(new byte[3], 3));
      assertThatThrownBy(() -> in.receive(new DatagramPacket(new byte[8], 8)))
          .isInstanceOf(PortUnreachableException.class);
    }
    assertThat(node.events().stream().map(TestNode.Seen::what)).contains("TO_ENDPOINT RELATED");
  }

  @Test
  void towardsNodesAndTheTunnelsPortNothingIsMasqueraded() throws IOException {
    try (DatagramSocket out = LiveNode.udp(live.outside(), 8472);
        DatagramSocket in = LiveNode.udp(live.of(client), 4000)) {
      assertThat(LiveNode.passes(in, new InetSocketAddress(TestNode.OUTSIDE, 8472), out, SILENCE))
          .isFalse();
      assertThat(node.events().stream().map(TestNode.Seen::what))
          .contains("drop ENCAPSULATION_TRAFFIC_IS_PROHIBITED NONE");
      node.datapath.classes().upsert(6, 6);
      node.datapath
          .ipcache()
          .upsert(IpcacheKey.of(TestNode.OUTSIDE), new IpcacheValue(6, 0, 0, IpcacheValue.NODE, 0));
      say(in, new InetSocketAddress(TestNode.OUTSIDE, 8472));
      DatagramPacket seen = receive(out);
      assertThat(seen.getAddress()).as("its own address").isEqualTo(client.address());
    }
  }

  @Test
  void fromTheOutsideToAPodsOwnAddressPolicyDecides() throws IOException {
    node.enforce(web, Flag.ENFORCE_INGRESS);
    try (Netlink netlink = Netlink.open(live.outside())) {
      int far = Objects.requireNonNull(netlink.links().get("far")).ifindex();
      netlink.routes().replace(io.ovenet.bpf.Route.via(IpPrefix.host(web.address()), HERE, far));
    }
    try (DatagramSocket in = LiveNode.udp(live.of(web), 53);
        DatagramSocket out = LiveNode.udp(live.outside(), 4003)) {
      var to = new InetSocketAddress(web.address(), 53);
      assertThat(LiveNode.passes(out, to, in, SILENCE)).isFalse();
      node.rule(web, PolicyKey.INGRESS, 2, 17, 53, Verdict.ALLOW, 6);
      assertThat(LiveNode.passes(out, to, in, ANSWER)).isTrue();
      assertThat(LiveNode.passes(in, new InetSocketAddress(TestNode.OUTSIDE, 4003), out, ANSWER))
          .as("an answer goes by the address that was asked")
          .isTrue();
    }
  }

  @Test
  void noProgramNoWay() throws IOException {
    try (DatagramSocket out = LiveNode.udp(live.outside(), 53);
        DatagramSocket in = LiveNode.udp(live.of(client), 4000)) {
      say(in, new InetSocketAddress(TestNode.OUTSIDE, 53));
      var mapped = (InetSocketAddress) receive(out).getSocketAddress();
      assertThat(LiveNode.passes(out, mapped, in, ANSWER)).isTrue();
      node.inside(
          () -> {
            node.datapath.detach(TestNode.NETWORK.ifindex(), Datapath.FROM_NETWORK);
            return true;
          });
      assertThat(LiveNode.passes(out, mapped, in, SILENCE)).isFalse();
      attach();
      assertThat(LiveNode.passes(out, mapped, in, ANSWER)).isTrue();
    }
  }
}
