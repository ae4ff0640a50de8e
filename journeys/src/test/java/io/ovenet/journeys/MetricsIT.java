package io.ovenet.journeys;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.ovenet.bpf.NetworkNamespace;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** An agent's metrics as Prometheus reads them, of a node that pods use and a stranger lies to. */
class MetricsIT {
  private static final int VXLAN_PORT = 8472;
  private static final int PODS_IDENTITY = 20_000;
  private static final byte[] NOTE = "not for you".getBytes(StandardCharsets.UTF_8);

  private static final String DENY_ALL =
      """
      apiVersion: networking.k8s.io/v1
      kind: NetworkPolicy
      metadata: {name: deny-all, namespace: default}
      spec: {podSelector: {}, policyTypes: [Ingress]}
      """;

  @Test
  void tellWhatThePodsDoHowLongItTakesAndWhoLies() throws Exception {
    try (RunningLab lab =
        RunningLab.up(
            "-c",
            "hubble-metrics-server=:9091",
            "-c",
            "hubble-metrics=drop flow tcp icmp dns policy port-distribution")) {
      lab.pod("default", "web", Map.of("app", "web"));
      lab.apply(DENY_ALL);
      JsonNode web = lab.running("default", "web");
      InetAddress pod = InetAddress.getByName(web.path("ip").asText());
      JsonNode node = lab.status().path("nodes").get(0);
      InetAddress stranger = InetAddress.getByName(lab.status().at("/outside/address").asText());
      InetAddress underlay = InetAddress.getByName(node.path("address").asText());
      try (NetworkNamespace host = namespace(node);
          NetworkNamespace inside = RunningLab.namespaceOf(web);
          NetworkNamespace outside = lab.outside()) {
        assertThat(scrape(host))
            .contains("ovenet_overlay_disagreements_total{about=\"sender\"} 0\n");
        Eventually.holds(
            "what the pod sends, what it is denied and the stranger's lies are counted",
            () -> {
              send(outside, pod, 4000, NOTE);
              send(inside, stranger, 4000, NOTE);
              send(outside, underlay, VXLAN_PORT, forged(pod));
              String text = scrape(host);
              return value(text, "ovenet_overlay_disagreements_total{about=\"sender\"}") > 0
                  && value(text, "ovenet_flows_total") > 0
                  && value(text, "ovenet_table_entries{table=\"conntrack_map\"}") > 0
                  && text.contains("\novenet_pod_bytes_total{")
                  && text.contains("\nhubble_drop_total{");
            });
        String text = scrape(host);
        assertThat(text).contains("ovenet_overlay_disagreements_total{about=\"identity\"} 0\n");
        assertThat(value(text, "ovenet_pod_addresses{state=\"given\"}")).isEqualTo(1);
        assertThat(value(text, "ovenet_pod_addresses{state=\"free\"}")).isEqualTo(252);
        assertThat(value(text, "ovenet_policies{state=\"valid\"}")).isEqualTo(1);
        assertThat(value(text, "ovenet_policies_behind")).isZero();
        assertThat(value(text, "ovenet_api_watches_standing{resource=\"pods\"}"))
            .isEqualTo(value(text, "ovenet_api_watches{resource=\"pods\"}"))
            .isPositive();
        for (String family :
            List.of(
                "ovenet_policy_enforcement_seconds_count",
                "ovenet_ebpf_program_seconds_total",
                "ovenet_flows_per_second",
                "hubble_flows_processed_total")) {
          assertThat(text).contains("\n" + family);
        }
        String documented = Files.readString(Ovenet.HOME.resolve("docs/metrics.md"));
        assertThat(text.lines().filter(line -> line.startsWith("# TYPE ")).toList())
            .isNotEmpty()
            .allSatisfy(
                line -> assertThat(documented).contains("`" + line.split(" ", -1)[2] + "`"));
      }
    }
  }

  private static NetworkNamespace namespace(JsonNode node) {
    return NetworkNamespace.open(Path.of("/proc", node.path("pid").asText(), "ns", "net"));
  }

  private static double value(String text, String sample) {
    return text.lines()
        .filter(line -> line.startsWith(sample + " "))
        .mapToDouble(line -> Double.parseDouble(line.substring(sample.length() + 1)))
        .findAny()
        .orElse(-1);
  }

  private static String scrape(NetworkNamespace host) throws IOException {
    return host.call(
        () -> {
          try (var body = URI.create("http://127.0.0.1:9091/metrics").toURL().openStream()) {
            return new String(body.readAllBytes(), StandardCharsets.UTF_8);
          }
        });
  }

  private static void send(NetworkNamespace from, InetAddress to, int port, byte[] payload)
      throws IOException {
    try (DatagramSocket socket = from.call(() -> new DatagramSocket())) {
      socket.send(new DatagramPacket(payload, payload.length, to, port));
    }
  }

  /** A packet of the overlay from who is no node, as of a pod (RFC 7348 section 5, RFC 791). */
  private static byte[] forged(InetAddress pod) {
    ByteBuffer packet = ByteBuffer.allocate(8 + 14 + 20 + 8);
    packet.putInt(0x08000000).putInt(PODS_IDENTITY << 8);
    packet.put(new byte[12]).putShort((short) 0x0800);
    int header = packet.position();
    packet.put((byte) 0x45).put((byte) 0).putShort((short) 28).putInt(0);
    packet.put((byte) 64).put((byte) 17).putShort((short) 0);
    packet.put(new byte[] {10, 99, 0, 1}).put(pod.getAddress());
    packet.putShort(header + 10, checksum(packet.slice(header, 20)));
    packet.putShort((short) 4000).putShort((short) 4000).putShort((short) 8).putShort((short) 0);
    return packet.array();
  }

  private static short checksum(ByteBuffer header) {
    int sum = 0;
    while (header.hasRemaining()) {
      sum += header.getShort() & 0xffff;
    }
    sum = (sum & 0xffff) + (sum >>> 16);
    return (short) ~(sum + (sum >>> 16));
  }
}
