package io.ovenet.journeys;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.ovenet.api.observer.Node;
import io.ovenet.api.observer.ServerStatusResponse;
import io.ovenet.api.relay.NodeState;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Two nodes: the mission's policy holds between them, by identity, from a pod's first packet on.
 */
class NodesIT {
  private static final Duration CEILING = Duration.ofMinutes(3);
  private static final int PODS = 100;
  private static final String NAMESPACE = "app-web-prod";

  private static final String BATCH_POLICY =
      """
      apiVersion: cilium.io/v2
      kind: CiliumNetworkPolicy
      metadata: {name: batch, namespace: app-web-prod}
      spec:
        endpointSelector: {matchLabels: {app: web-vm}}
        ingress:
        - fromEndpoints:
          - matchExpressions: [{key: batch, operator: Exists}]
          toPorts: [{ports: [{port: "80", protocol: TCP}]}]
      """;

  @TempDir private Path directory;

  @Test
  void policyHoldsBetweenNodesFromTheFirstPacketOn() throws Exception {
    SortedSet<String> before = Traces.of(directory);
    Ovenet ovenet = new Ovenet(directory);
    try {
      ovenet
          .run("lab", "up", "--nodes", "2", "--config", "enable-cilium-endpoint-slice=true")
          .succeed();
      apply(
          "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: "
              + NAMESPACE
              + "}\n"
              + pod(
                  "web",
                  "app: web-vm",
                  "node-2",
                  "mkdir /w; echo hello >/w/i; for p in 80 8080; do httpd -p $p -h /w; done;"
                      + " exec sleep 100000")
              + pod("gateway", "app: api-gateway", "node-1", "exec sleep 100000")
              + pod("stranger", "app: stranger", "node-1", "exec sleep 100000"));
      kubectl("apply", "-f", Ovenet.HOME.resolve("examples/vm-web-policy.yaml").toString());
      apply(BATCH_POLICY);
      kubectl("-n", NAMESPACE, "wait", "--for=condition=Ready", "pod", "--all", "--timeout=120s");
      JsonNode status = new ObjectMapper().readTree(ovenet.run("lab", "status", "--json").out());
      assertThat(status.get("nodes").findValuesAsText("podCidr"))
          .doesNotHaveDuplicates()
          .hasSize(2);
      String web = address(status, "web");
      awaitSliced(3);

      assertThat(fetch(ovenet, "gateway", web + ":80", 20)).isEqualTo("hello\n");
      assertThat(fetch(ovenet, "gateway", web + ":8080", 2)).isEmpty();
      assertThat(fetch(ovenet, "stranger", web + ":80", 2)).isEmpty();
      assertFlows(ovenet, status);
      upstreamsPageDrawsThem(ovenet, status, web);
      theRelayIsReachedThroughTheApi(ovenet);
      newIdentitiesConnectAtOnce(web);
      statusTellsWhoIsNotReached(ovenet, status);
      assertThat(awaitSliced(3 + PODS)).as("slices, a hundred pods in one").isEqualTo(2);
    } finally {
      ovenet.run("lab", "down");
    }
    assertThat(Traces.of(directory)).isEqualTo(before);
  }

  private static void statusTellsWhoIsNotReached(Ovenet ovenet, JsonNode status) throws Exception {
    Eventually.holds(
        "the nodes reach each other both ways",
        () -> {
          Ovenet.Result well = ovenet.run("status");
          return well.exit() == 0
              && well.out().contains("all is well")
              && well.out().matches("(?s).*node-1 +- +[0-9.]+ / [0-9.]+\\n.*");
        });
    String pid = status.get("nodes").get(1).path("pid").asText();
    overlay(pid, "down");
    Eventually.holds(
        "both nodes say that the pods' network is cut between them",
        () -> {
          Ovenet.Result cut = ovenet.run("status");
          return cut.exit() == 1
              && cut.out().contains("node-1: node node-2 is not reached by the pods' network at ")
              && cut.out().contains("node-2: node node-1 is not reached by the pods' network at ");
        });
    assertThat(ovenet.run("status").out()).doesNotContain("at its own address");
    overlay(pid, "up");
    Eventually.holds("all is well again", () -> ovenet.run("status").exit() == 0);
  }

  private static void overlay(String pid, String state) throws Exception {
    Ovenet.run(
            List.of("nsenter", "-t", pid, "-n", "ip", "link", "set", "ovenet_vxlan", state),
            Map.of())
        .succeed();
  }

  /** Waits until as many pods are in slices, by which alone the nodes hear of one another's. */
  private int awaitSliced(int pods) throws Exception {
    Instant deadline = Instant.now().plus(CEILING);
    while (true) {
      JsonNode slices =
          new ObjectMapper()
              .readTree(
                  Ovenet.run(command("get", "ciliumendpointslices", "-o", "json"), Map.of())
                      .succeed()
                      .out())
              .get("items");
      int told = 0;
      for (JsonNode slice : slices) {
        told += slice.get("endpoints").size();
      }
      if (told == pods) {
        return slices.size();
      }
      assertThat(Instant.now()).as("%d of %d pods in %s", told, pods, slices).isBefore(deadline);
      Thread.sleep(20);
    }
  }

  private static String pod(String name, String label, String node, String script) {
    return """
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: %s, namespace: %s, labels: {%s}}
        spec:
          nodeName: %s
          containers:
          - {name: main, image: busybox, command: ["sh", "-c", "%s"]}
        """
        .formatted(name, NAMESPACE, label, node, script);
  }

  private static String address(JsonNode status, String pod) {
    for (JsonNode each : status.get("pods")) {
      if (each.get("name").asText().equals(pod)) {
        return each.get("ip").asText();
      }
    }
    throw new AssertionError("no pod " + pod + " in " + status);
  }

  private static String fetch(Ovenet ovenet, String pod, String from, int seconds)
      throws Exception {
    return ovenet
        .run(
            "lab",
            "exec",
            NAMESPACE + "/" + pod,
            "--",
            "timeout",
            Integer.toString(seconds),
            "wget",
            "-q",
            "-O",
            "-",
            "http://" + from + "/i")
        .out();
  }

  /** The sender's node told of the way into the overlay, the receiver's of the verdict. */
  private static void assertFlows(Ovenet ovenet, JsonNode status) throws Exception {
    List<String> flows = new ArrayList<>();
    for (JsonNode node : status.get("nodes")) {
      flows.add(
          ovenet
              .run(
                  "hubble",
                  "observe",
                  "--last",
                  "100",
                  "--server",
                  "unix://" + node.get("hubbleSocket").asText())
              .succeed()
              .out());
    }
    assertThat(flows.get(0)).contains("app-web-prod/gateway").contains("to-overlay FORWARDED");
    assertThat(flows.get(1))
        .containsPattern("app-web-prod/gateway.* -> app-web-prod/web:80 .*INGRESS ALLOWED")
        .containsPattern("app-web-prod/stranger.* <> app-web-prod/web:80 .*Policy denied DROPPED");
  }

  /** The relay by a port that the API server forwards, as upstream's command finds it. */
  private static void theRelayIsReachedThroughTheApi(Ovenet ovenet) throws Exception {
    assertThat(forwarded(ovenet, "status").succeed().out())
        .contains("Healthcheck (via 127.0.0.1:", "): Ok", "Connected Nodes: 2/2");
    assertThat(forwarded(ovenet, "observe", "--last", "1", "--to-pod", NAMESPACE + "/web").out())
        .contains(NAMESPACE + "/web:80");
    assertThat(forwarded(ovenet, "status", "--kube-namespace", NAMESPACE).err())
        .contains("has no service " + NAMESPACE + "/hubble-relay", "--kube-namespace");
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      String port = Integer.toString(taken.getLocalPort());
      assertThat(ovenet.run("hubble", "status", "-P", "--port-forward-port", port).err())
          .contains("port " + port + " of this machine is taken", "--port-forward-port");
    }
  }

  private static Ovenet.Result forwarded(Ovenet ovenet, String command, String... words)
      throws Exception {
    List<String> all =
        new ArrayList<>(List.of("hubble", command, "-P", "--port-forward-port", "0"));
    all.addAll(List.of(words));
    return ovenet.run(all.toArray(String[]::new));
  }

  /** What upstream's hubble-ui asks the relay, and what it makes of the answers. */
  private static void upstreamsPageDrawsThem(Ovenet ovenet, JsonNode status, String web)
      throws Exception {
    String socket = status.get("nodes").get(0).get("relaySocket").asText();
    try (HubbleUiBackend page = new HubbleUiBackend(Path.of(socket), NAMESPACE)) {
      String allowed = "api-gateway -> web-vm:80 FORWARDED";
      String refused = "stranger -> web-vm:80 DROPPED";
      Eventually.holds(
          "arrows of what was before, but " + page.arrows(),
          () -> page.arrows().containsAll(List.of(allowed, refused)));
      String other = "stranger -> web-vm:8081 DROPPED";
      assertThat(page.arrows()).doesNotContain(other);
      fetch(ovenet, "stranger", web + ":8081", 2);
      Eventually.holds("an arrow of what is", () -> page.arrows().contains(other));
      assertThat(page.arrows())
          .allMatch(arrow -> arrow.endsWith("FORWARDED") || arrow.endsWith("DROPPED"))
          .noneMatch(arrow -> arrow.startsWith("web-vm -> "));
      assertThat(page.nodes())
          .extracting(Node::getName, Node::getState)
          .containsExactlyInAnyOrder(
              tuple("node-1", NodeState.NODE_CONNECTED), tuple("node-2", NodeState.NODE_CONNECTED));
      ServerStatusResponse relay = page.status();
      assertThat(relay.getNumConnectedNodes().getValue()).isEqualTo(2);
      assertThat(relay.getNumUnavailableNodes().getValue()).isZero();
      assertThat(relay.getSeenFlows()).isPositive();
    }
  }

  /** Each pod has an identity that nobody had before, and counts the SYNs that it sent again. */
  private void newIdentitiesConnectAtOnce(String web) throws Exception {
    StringBuilder pods = new StringBuilder();
    String script =
        "wget -q -O - http://" + web + "/i; grep ^TcpExt: /proc/net/netstat; exec sleep 100000";
    for (int i = 0; i < PODS; i++) {
      pods.append(pod("new-" + i, "batch: n" + i, "node-1", script));
    }
    apply(pods.toString());
    List<String> outcomes = new ArrayList<>();
    Instant deadline = Instant.now().plus(CEILING);
    for (int i = 0; i < PODS; i++) {
      String log = "";
      while (log.lines().filter(line -> line.startsWith("TcpExt:")).count() < 2) {
        assertThat(Instant.now()).as("new-" + i + ": " + log).isBefore(deadline);
        Thread.sleep(20);
        log = Ovenet.run(command("-n", NAMESPACE, "logs", "new-" + i), Map.of()).out();
      }
      outcomes.add(log.lines().findFirst().orElse("") + " " + synsSentAgain(log));
    }
    assertThat(outcomes).containsOnly("hello 0");
  }

  private static String synsSentAgain(String log) {
    List<List<String>> lines =
        log.lines()
            .filter(line -> line.startsWith("TcpExt:"))
            .map(line -> List.of(line.split(" ")))
            .toList();
    return lines.get(1).get(lines.get(0).indexOf("TCPSynRetrans"));
  }

  private void apply(String yaml) throws Exception {
    Path file = Files.createTempFile("ovenet-nodes", ".yaml");
    try {
      Files.writeString(file, yaml);
      kubectl("apply", "-f", file.toString());
    } finally {
      Files.delete(file);
    }
  }

  private void kubectl(String... arguments) throws Exception {
    Ovenet.run(command(arguments), Map.of()).succeed();
  }

  private List<String> command(String... arguments) {
    List<String> command = new ArrayList<>();
    command.addAll(
        List.of("kubectl", "--kubeconfig", directory.resolve("run/kubeconfig").toString()));
    command.addAll(List.of(arguments));
    return command;
  }
}
