package io.ovenet.datapath;

import static io.ovenet.datapath.LiveNode.ANSWER;
import static io.ovenet.datapath.LiveNode.SILENCE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ovenet.bpf.AttachMode;
import io.ovenet.bpf.TcAttachment;
import io.ovenet.bpf.TcDirection;
import io.ovenet.datapath.Endpoint.Flag;
import io.ovenet.datapath.TestNode.Pod;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.TreeSet;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** Real packets between namespaces, with programs attached by tcx and by clsact. */
@ParameterizedClass
@EnumSource
class JourneyKernelIT {
  /** How programs are attached. */
  enum Attached {
    TCX,
    CLSACT,
    /** By clsact until they are settled. */
    AS_SHIPPED
  }

  private final LiveNode live;
  private final TestNode node;
  private final Pod client;
  private final Pod web;

  JourneyKernelIT(Attached mode) throws IOException {
    String before = System.getProperty(AttachMode.PROPERTY);
    if (mode == Attached.AS_SHIPPED) {
      System.clearProperty(AttachMode.PROPERTY);
    } else {
      System.setProperty(AttachMode.PROPERTY, mode.name().toLowerCase(Locale.ROOT));
    }
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
    client = node.client;
    web = node.web;
  }

  @AfterEach
  void stop() throws IOException {
    live.close();
  }

  @Test
  void pingsAPeerTheGatewaysNodeAndTheOutside() throws IOException {
    for (var to : new java.net.InetAddress[] {web.address(), TestNode.HOST, TestNode.OUTSIDE}) {
      assertThat(live.of(client).call(() -> to.isReachable((int) ANSWER.toMillis())))
          .as("ping " + to)
          .isTrue();
    }
    assertThat(node.insideIo(() -> web.address().isReachable((int) ANSWER.toMillis())))
        .as("ping from the host")
        .isTrue();
    assertThat(live.outside().call(() -> web.address().isReachable((int) ANSWER.toMillis())))
        .as("ping from the outside")
        .isTrue();
  }

  @Test
  void carriesTcpInBulkAndRefusesWhatPolicyRefuses() throws IOException {
    node.enforce(web, Flag.ENFORCE_INGRESS);
    node.rule(web, PolicyKey.INGRESS, TestNode.CLIENT, 6, 80, Verdict.ALLOW, 5);
    byte[] bulk = new byte[4 << 20];
    new java.util.Random(1).nextBytes(bulk);
    try (ServerSocket server = live.of(web).call(() -> new ServerSocket(80))) {
      Thread echo = Thread.ofVirtual().start(() -> send(server, bulk));
      try (Socket socket =
          live.of(client).call(() -> connect(new InetSocketAddress(web.address(), 80), ANSWER))) {
        assertThat(socket.getInputStream().readAllBytes()).isEqualTo(bulk);
      }
      join(echo);
      assertThatThrownBy(
              () ->
                  live.of(node.stranger)
                      .call(() -> connect(new InetSocketAddress(web.address(), 80), SILENCE)))
          .isInstanceOf(SocketTimeoutException.class);
      assertThatThrownBy(
              () ->
                  live.of(client)
                      .call(() -> connect(new InetSocketAddress(web.address(), 81), SILENCE)))
          .isInstanceOf(SocketTimeoutException.class);
    }
    assertThatThrownBy(
            () ->
                live.of(client)
                    .call(() -> connect(new InetSocketAddress(web.address(), 80), ANSWER)))
        .as("nobody listens: the RST comes back")
        .isInstanceOf(ConnectException.class);
    assertThat(node.events().stream().map(TestNode.Seen::what))
        .contains(
            "ALLOW out",
            "ALLOW in",
            "TO_ENDPOINT NEW",
            "TO_ENDPOINT REPLY",
            "DEFAULT in",
            "drop POLICY_DENIED NONE");
  }

  private static Socket connect(InetSocketAddress to, java.time.Duration patience)
      throws IOException {
    Socket socket = new Socket();
    try {
      socket.connect(to, (int) patience.toMillis());
      return socket;
    } catch (IOException e) {
      socket.close();
      throw e;
    }
  }

  private static void send(ServerSocket server, byte[] bulk) {
    try (Socket socket = server.accept()) {
      socket.getOutputStream().write(bulk);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void join(Thread thread) {
    try {
      thread.join();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void aRelabelCutsAConnectionThatFlows() throws IOException {
    node.enforce(web, Flag.ENFORCE_INGRESS);
    node.rule(web, PolicyKey.INGRESS, TestNode.CLIENT, 17, 53, Verdict.ALLOW, 5);
    try (DatagramSocket asks = LiveNode.udp(live.of(client), 4000);
        DatagramSocket answers = LiveNode.udp(live.of(web), 53)) {
      var there = new InetSocketAddress(web.address(), 53);
      var back = new InetSocketAddress(client.address(), 4000);
      assertThat(LiveNode.passes(asks, there, answers, ANSWER)).isTrue();
      assertThat(LiveNode.passes(answers, back, asks, ANSWER)).isTrue();
      node.datapath.endpoints().setIdentity(client.id(), TestNode.STRANGER);
      node.changed(client);
      assertThat(LiveNode.passes(answers, back, asks, SILENCE)).isFalse();
      assertThat(LiveNode.passes(asks, there, answers, SILENCE)).isFalse();
      node.datapath.endpoints().setIdentity(client.id(), TestNode.CLIENT);
      node.changed(client);
      assertThat(LiveNode.passes(asks, there, answers, ANSWER)).isTrue();
      assertThat(LiveNode.passes(answers, back, asks, ANSWER)).isTrue();
    }
  }

  @Test
  void theHostAndTheOutsideGetInByPolicy() throws IOException {
    node.enforce(web, Flag.ENFORCE_INGRESS);
    node.rule(web, PolicyKey.INGRESS, 1, 17, 53, Verdict.ALLOW, 4);
    try (DatagramSocket in = LiveNode.udp(live.of(web), 53);
        DatagramSocket host = live.udpOfHost(0);
        DatagramSocket outside = LiveNode.udp(live.outside(), 0)) {
      var there = new InetSocketAddress(web.address(), 53);
      assertThat(LiveNode.passes(host, there, in, ANSWER)).as("the host").isTrue();
      assertThat(LiveNode.passes(outside, there, in, SILENCE)).as("the outside").isFalse();
      node.rule(web, PolicyKey.INGRESS, 2, 17, 53, Verdict.ALLOW, 6);
      assertThat(LiveNode.passes(outside, there, in, ANSWER)).as("allowed").isTrue();
      var back = new InetSocketAddress(TestNode.OUTSIDE, outside.getLocalPort());
      assertThat(LiveNode.passes(in, back, outside, ANSWER)).as("and its answer").isTrue();
    }
  }

  @Test
  void noProgramNoWay() throws IOException {
    try (DatagramSocket in = LiveNode.udp(live.of(web), 53);
        DatagramSocket pod = LiveNode.udp(live.of(client), 4001);
        DatagramSocket host = live.udpOfHost(4002);
        DatagramSocket outside = LiveNode.udp(live.outside(), 4003)) {
      var there = new InetSocketAddress(web.address(), 53);
      record Way(
          String program,
          int ifindex,
          DatagramSocket from,
          InetSocketAddress to,
          DatagramSocket at) {}
      int webIfindex = Endpoint.ifindexOf(web.id());
      int clientIfindex = Endpoint.ifindexOf(client.id());
      var ways =
          new Way[] {
            new Way(Datapath.FROM_POD, clientIfindex, pod, there, in),
            new Way(
                Datapath.FROM_POD,
                clientIfindex,
                pod,
                new InetSocketAddress(TestNode.HOST, 4002),
                host),
            new Way(
                Datapath.FROM_POD,
                clientIfindex,
                pod,
                new InetSocketAddress(TestNode.OUTSIDE, 4003),
                outside),
            new Way(Datapath.TO_POD, webIfindex, host, there, in),
            new Way(Datapath.TO_POD, webIfindex, outside, there, in),
            new Way(Datapath.FROM_HOST, TestNode.HOST_IFINDEX, host, there, in),
            new Way(Datapath.FROM_HOST, TestNode.HOST_IFINDEX, outside, there, in),
          };
      for (Way way : ways) {
        String what = way.program + " towards " + way.to;
        assertThat(LiveNode.passes(way.from, way.to, way.at, ANSWER)).as(what + " there").isTrue();
        node.inside(
            () -> {
              node.datapath.detach(way.ifindex, way.program);
              return true;
            });
        assertThat(LiveNode.passes(way.from, way.to, way.at, SILENCE)).as(what + " gone").isFalse();
        node.inside(live::attach);
        assertThat(LiveNode.passes(way.from, way.to, way.at, ANSWER)).as(what + " back").isTrue();
      }
    }
  }

  @Test
  void settlesUnderTrafficWithoutALoss() throws Exception {
    int count = 3000;
    int from = Endpoint.ifindexOf(client.id());
    int to = Endpoint.ifindexOf(web.id());
    try (DatagramSocket asks = LiveNode.udp(live.of(client), 4000);
        DatagramSocket answers = LiveNode.udp(live.of(web), 53)) {
      answers.setReceiveBufferSize(4 << 20);
      var there = new InetSocketAddress(web.address(), 53);
      var seen = new TreeSet<Integer>();
      Thread sender =
          Thread.ofPlatform()
              .start(
                  () -> {
                    for (int i = 0; i < count; i++) {
                      byte[] number = {(byte) (i >> 8), (byte) i};
                      try {
                        asks.send(new DatagramPacket(number, 2, there));
                      } catch (IOException e) {
                        throw new UncheckedIOException(e);
                      }
                      LockSupport.parkNanos(50_000);
                    }
                  });
      boolean settled =
          node.inside(
              () -> {
                for (int i = 0; i < 5; i++) {
                  node.datapath.settleEndpoint(from);
                  node.datapath.settleEndpoint(to);
                  node.datapath.attachEndpoint(to);
                }
                return node.datapath.isEndpointSettled(from)
                    && node.datapath.isEndpointAttached(from);
              });
      assertThat(settled).isTrue();
      sender.join();
      answers.setSoTimeout((int) ANSWER.toMillis());
      while (seen.size() < count) {
        var packet = new DatagramPacket(new byte[2], 2);
        answers.receive(packet);
        seen.add(((packet.getData()[0] & 0xff) << 8) | (packet.getData()[1] & 0xff));
      }
    }
  }

  @Test
  void oneProgramRunsAtEachPlaceHoweverItGotThere() {
    int ifindex = Endpoint.ifindexOf(web.id());
    for (boolean settle : new boolean[] {false, true}) {
      node.inside(
          () -> {
            node.datapath.attachEndpoint(ifindex);
            if (settle) {
              node.datapath.settleEndpoint(ifindex);
            }
            assertThat(node.datapath.isEndpointAttached(ifindex)).isTrue();
            node.datapath.detach(ifindex, Datapath.FROM_POD);
            assertThat(node.datapath.isEndpointAttached(ifindex)).isFalse();
            assertThat(node.datapath.isEndpointSettled(ifindex)).isFalse();
            node.datapath.detachEndpoint(ifindex);
            for (var direction : TcDirection.values()) {
              for (var mode : AttachMode.values()) {
                assertThat(TcAttachment.at(mode, ifindex, direction, Path.of("/none")).programId())
                    .isEmpty();
              }
            }
            return true;
          });
    }
  }

  @Test
  void aNewProcessAdoptsEverythingWithoutALoss() throws IOException {
    try (DatagramSocket asks = LiveNode.udp(live.of(client), 4000);
        DatagramSocket answers = LiveNode.udp(live.of(web), 53)) {
      var there = new InetSocketAddress(web.address(), 53);
      assertThat(LiveNode.passes(asks, there, answers, ANSWER)).isTrue();
      int before = node.connections();
      try (Datapath second = Datapath.open(node.bpffs.resolve("ovenet"), TestNode.options())) {
        assertThat(second.endpoints().get(web.id())).isNotNull();
        int ifindex = Endpoint.ifindexOf(web.id());
        assertThat(node.inside(() -> second.isEndpointAttached(ifindex)))
            .as("older programs")
            .isFalse();
        node.inside(
            () -> {
              second.attachEndpoint(ifindex);
              return true;
            });
        assertThat(LiveNode.passes(asks, there, answers, ANSWER)).isTrue();
        var back = new InetSocketAddress(client.address(), 4000);
        assertThat(LiveNode.passes(answers, back, asks, ANSWER)).isTrue();
      }
      assertThat(node.connections()).isEqualTo(before);
    }
  }
}
