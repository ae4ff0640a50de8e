package io.ovenet.journeys;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.ovenet.bpf.IpPrefix;
import io.ovenet.bpf.Netlink;
import io.ovenet.bpf.NetworkNamespace;
import io.ovenet.bpf.Route;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Two nodes without an overlay: the agents' routes lead to each other's pods, and policy holds
 * between them by identity.
 */
class NativeRoutingIT {
  private static final int PORT = 5300;

  private static final String POLICY =
      """
      apiVersion: cilium.io/v2
      kind: CiliumNetworkPolicy
      metadata:
        name: web
        namespace: default
      spec:
        endpointSelector:
          matchLabels:
            app: web
        ingress:
        - fromEndpoints:
          - matchLabels:
              app: gateway
      """;

  private static String pod(String name, String node) {
    return """
    apiVersion: v1
    kind: Pod
    metadata:
      name: %1$s
      namespace: default
      labels:
        app: %1$s
    spec:
      nodeName: %2$s
      containers:
      - name: sleeper
        image: busybox
        command: ["sleep", "1000000"]
    """
        .formatted(name, node);
  }

  @Test
  void policyHoldsBetweenNodesWhosePodsAreRouted() throws Exception {
    try (RunningLab lab =
        RunningLab.up(
            "--nodes",
            "2",
            "-c",
            "routing-mode=native",
            "-c",
            "auto-direct-node-routes=true",
            "-c",
            "ipv4-native-routing-cidr=10.0.0.0/8")) {
      lab.apply(POLICY);
      lab.apply(pod("web", "node-2"));
      lab.apply(pod("gateway", "node-1"));
      lab.apply(pod("stranger", "node-1"));
      JsonNode web = lab.running("default", "web");
      InetAddress address = InetAddress.ofLiteral(web.path("ip").asText());
      try (DatagramSocket there = socket(web, PORT);
          DatagramSocket gateway = socket(lab.running("default", "gateway"), 0);
          DatagramSocket stranger = socket(lab.running("default", "stranger"), 0)) {
        InetSocketAddress to = new InetSocketAddress(address, PORT);
        byte[] word = new byte[1_000];
        new Random(1).nextBytes(word);
        there.setSoTimeout(100);
        int[] arrived = new int[1];
        Eventually.holds(
            "datagrams of who may arrive",
            () -> {
              stranger.send(new DatagramPacket(new byte[] {1}, 1, to));
              gateway.send(new DatagramPacket(word, word.length, to));
              byte[] got = receive(there);
              if (got != null) {
                assertThat(got).as("nobody else's").isEqualTo(word);
                arrived[0]++;
              }
              return arrived[0] == 20;
            });
      }
      assertRouted(lab.status(), address);
    }
  }

  private static DatagramSocket socket(JsonNode pod, int port) throws IOException {
    try (NetworkNamespace namespace = RunningLab.namespaceOf(pod)) {
      return namespace.call(() -> new DatagramSocket(new InetSocketAddress("0.0.0.0", port)));
    }
  }

  private static byte @Nullable [] receive(DatagramSocket socket) throws IOException {
    DatagramPacket packet = new DatagramPacket(new byte[65_535], 65_535);
    try {
      socket.receive(packet);
    } catch (SocketTimeoutException e) {
      return null;
    }
    return Arrays.copyOf(packet.getData(), packet.getLength());
  }

  private static void assertRouted(JsonNode status, InetAddress web) {
    JsonNode first = status.at("/nodes/0");
    JsonNode second = status.at("/nodes/1");
    assertThat(web.getHostAddress()).startsWith(prefix(second).replaceFirst("0/24$", ""));
    try (NetworkNamespace namespace =
            NetworkNamespace.open(Path.of("/proc", first.path("pid").asText(), "ns", "net"));
        Netlink netlink = Netlink.open(namespace)) {
      assertThat(netlink.links().get("ovenet_vxlan")).isNull();
      assertThat(netlink.routes().list(Route.MAIN))
          .anySatisfy(
              route -> {
                assertThat(route.destination()).isEqualTo(IpPrefix.parse(prefix(second)));
                assertThat(route.gateway())
                    .isEqualTo(InetAddress.ofLiteral(second.path("address").asText()));
              });
    }
  }

  private static String prefix(JsonNode node) {
    return node.path("podCidr").asText();
  }
}
