package io.ovenet.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.kubernetes.CiliumNodeRecord;
import io.ovenet.kubernetes.NodeAddress;
import io.ovenet.kubernetes.ObjectKey;
import io.ovenet.metrics.MetricsText;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Nodes at addresses of the loopback device. */
class NodeProbesTest {
  private static final String WELL = "127.0.0.1";
  private static final String STRANGE = "127.0.0.2";
  private static final String NOBODY = "127.0.0.3";

  private final ClusterNodes nodes = new ClusterNodes();

  private static CiliumNodeRecord node(String name, String own, String amongPods) {
    return new CiliumNodeRecord(
        new ObjectKey("", name, "uid"),
        "1",
        Map.of(),
        List.of(
            new NodeAddress("InternalIP", own),
            new NodeAddress("CiliumInternalIP", amongPods),
            new NodeAddress("Hostname", name)),
        List.of(),
        Set.of(),
        0,
        "");
  }

  private static HealthServer agent() throws IOException {
    return new HealthServer(
        new InetSocketAddress(InetAddress.ofLiteral(WELL), 0), NodeProbes.PATH, () -> true);
  }

  private static String metrics(NodeProbes probes) {
    var text = new MetricsText(false);
    probes.write(text);
    return text.finish();
  }

  @Test
  void eachWayToEachOtherNodeIsTold() throws Exception {
    try (var agent = agent();
        var stranger = new ServerSocket(agent.port(), 8, InetAddress.ofLiteral(STRANGE));
        var probes = new NodeProbes("n0", nodes, agent.port())) {
      Thread.ofVirtual()
          .start(
              () -> {
                try (var connection = stranger.accept()) {
                  connection
                      .getOutputStream()
                      .write("SSH-2.0-x\r\n".getBytes(StandardCharsets.US_ASCII));
                } catch (IOException e) {
                  throw new AssertionError(e);
                }
              });
      nodes.put(node("n0", NOBODY, NOBODY));
      nodes.put(node("n1", WELL, STRANGE));
      nodes.put(node("n2", NOBODY, "no address"));
      assertThat(probes.round()).isEqualTo(4);
      assertThat(probes.all())
          .extracting(probe -> probe.node() + " " + probe.way() + " " + probe.reached())
          .containsExactly("n1 NODE true", "n1 PODS false", "n2 NODE false", "n2 PODS false");
      assertThat(probes.all())
          .extracting(NodeProbe::error)
          .satisfiesExactly(
              error -> assertThat(error).isEmpty(),
              error -> assertThat(error).contains("SSH-2.0-x"),
              error -> assertThat(error).contains("refused"),
              error -> assertThat(error).contains("no address"));
      assertThat(probes.all()).first().returns(true, probe -> probe.nanos() > 0);
      assertThat(metrics(probes))
          .contains("ovenet_nodes_probed 2")
          .contains("ovenet_nodes_unreachable{way=\"node\"} 1")
          .contains("ovenet_nodes_unreachable{way=\"pods\"} 2");
    }
  }

  @Test
  void whenItWasLastReachedStaysKnownAndWhoIsGoneIsForgotten() throws Exception {
    var agent = agent();
    try (var probes = new NodeProbes("n0", nodes, agent.port())) {
      nodes.put(node("n1", WELL, WELL));
      nodes.put(node("n2", WELL, WELL));
      probes.round();
      var reached = probes.all().iterator().next();
      assertThat(reached.reachedAt()).isNotNull();
      agent.close();
      nodes.remove("n2");
      probes.round();
      assertThat(probes.all())
          .hasSize(2)
          .allSatisfy(probe -> assertThat(probe.node()).isEqualTo("n1"))
          .allSatisfy(probe -> assertThat(probe.reached()).isFalse())
          .first()
          .returns(reached.reachedAt(), NodeProbe::reachedAt)
          .returns(reached.nanos(), NodeProbe::nanos);
    } finally {
      agent.close();
    }
  }

  @Test
  void whoeverAsksForSomethingElseIsToldSo() throws Exception {
    try (var agent = agent()) {
      assertThat(answer(agent, "GET /hello HTTP/1.0")).startsWith("HTTP/1.1 200 ");
      assertThat(answer(agent, "GET / HTTP/1.0")).startsWith("HTTP/1.1 404 ");
      assertThat(answer(agent, "\u0000\u0001")).startsWith("HTTP/1.1 404 ");
    }
  }

  private static String answer(HealthServer server, String request) throws IOException {
    try (var socket = new java.net.Socket(InetAddress.ofLiteral(WELL), server.port())) {
      socket.getOutputStream().write((request + "\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
    }
  }
}
