package io.ovenet.journeys;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** `ovenet trace` within a node and between two, and what it says of each way to break the way. */
class TraceIT {
  private static final int PASSES = 0;
  private static final int STOPPED = 3;

  private static final String WORLD =
      """
      apiVersion: v1
      kind: Namespace
      metadata: {name: shop}
      ---
      apiVersion: v1
      kind: Service
      metadata: {name: web, namespace: shop}
      spec:
        selector: {app: web}
        ports: [{name: http, port: 80, targetPort: 8080}]
      ---
      apiVersion: cilium.io/v2
      kind: CiliumNetworkPolicy
      metadata: {name: web, namespace: shop}
      spec:
        endpointSelector: {matchLabels: {app: web}}
        ingress:
        - fromEndpoints: [{matchLabels: {app: client}}]
          toPorts: [{ports: [{port: "8080", protocol: TCP}]}]
      """;

  private static String pod(String name, String node) {
    return """
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: %1$s, namespace: shop, labels: {app: %1$s}}
        spec:
          nodeName: %2$s
          containers:
          - {name: main, image: busybox, command: ["sleep", "1000000"]}
        """
        .formatted(name, node);
  }

  @Test
  void eachHopIsToldAndTheOneThatStopsAPacket() throws Exception {
    try (RunningLab lab = RunningLab.up("--nodes", "2")) {
      lab.apply(WORLD + pod("web", "node-2") + pod("client", "node-1") + pod("near", "node-2"));
      for (String pod : List.of("web", "client", "near")) {
        lab.running("shop", pod);
      }
      Eventually.holds(
          "the service and its policy are in force on both nodes",
          () ->
              trace(lab, "shop/client", "svc/shop/web:80").exit() == PASSES
                  && trace(lab, "shop/near", "shop/web:8080").exit() == STOPPED);
      tellsEachHop(lab);
      leavesNothing(lab);
      tellsWhatStopsIt(lab);
    }
  }

  private static Ovenet.Result trace(RunningLab lab, String from, String to) throws Exception {
    return lab.ovenet().run("trace", from, to);
  }

  private static void tellsEachHop(RunningLab lab) throws Exception {
    Ovenet.Result far = trace(lab, "shop/client", "svc/shop/web:http");
    assertThat(far.exit()).as(far.err()).isEqualTo(PASSES);
    assertThat(far.out())
        .containsPattern("1\\. node-1: shop/client sends to [0-9.]+:80/TCP")
        .containsPattern("node-1: service shop/web: becomes [0-9.]+:8080 \\(shop/web\\)")
        .contains("node-1: egress of shop/client: allowed")
        .containsPattern("node-1: into the overlay, to node-2 at [0-9.]+")
        .containsPattern("node-2: came through the overlay from [0-9.]+")
        .contains(
            "node-2: ingress of shop/web: allowed by CiliumNetworkPolicy shop/web spec.ingress[0]")
        .contains("node-2: would be delivered to shop/web")
        .containsPattern("Of full size \\([0-9]+ bytes\\): passes, too")
        .contains("Not seen: ");
    Ovenet.Result denied = trace(lab, "shop/near", "shop/web:8080");
    assertThat(denied.exit()).isEqualTo(STOPPED);
    assertThat(denied.out())
        .contains("node-2: ingress of shop/web: denied, as nothing allows it")
        .contains("CiliumNetworkPolicy shop/web")
        .contains("node-2: dropped: policy denied")
        .doesNotContain("node-1");
    assertThat(trace(lab, "shop/client", "203.0.113.1:443").out())
        .contains("would leave the cluster");
    Ovenet.Result unknown = trace(lab, "shop/nobody", "203.0.113.1:443");
    assertThat(unknown.exit()).isEqualTo(1);
    assertThat(unknown.out()).contains("No node that answers has a pod shop/nobody.");
    assertThat(trace(lab, "shop/client", "shop/nothing:80").err())
        .contains("neither a pod nor a service shop/nothing");
  }

  private static void leavesNothing(RunningLab lab) throws Exception {
    for (JsonNode node : lab.status().path("nodes")) {
      assertThat(
              lab.ovenet()
                  .run(
                      "hubble",
                      "observe",
                      "--last",
                      "1000",
                      "--port",
                      "8080",
                      "--server",
                      "unix://" + node.path("hubbleSocket").asText())
                  .succeed()
                  .out())
          .isEmpty();
    }
  }

  private static void tellsWhatStopsIt(RunningLab lab) throws Exception {
    JsonNode nodes = lab.status().path("nodes");
    String first = nodes.get(0).path("pid").asText();
    String second = nodes.get(1).path("pid").asText();
    in(second, "nft", "add table ip trace-test");
    in(second, "nft", "add chain ip trace-test in { type filter hook prerouting priority -300; }");
    in(second, "nft", "add rule ip trace-test in udp dport 8472 drop");
    Ovenet.Result blocked = trace(lab, "shop/client", "shop/web:8080");
    assertThat(blocked.exit()).isEqualTo(STOPPED);
    assertThat(blocked.out())
        .containsPattern("node-1 → [0-9.]+: lost: node-2 answers a ping")
        .contains("the overlay's port is blocked");

    in(second, "nft", "add rule ip trace-test in icmp type echo-request drop");
    Ovenet.Result gone = trace(lab, "shop/client", "shop/web:8080");
    assertThat(gone.exit()).isEqualTo(STOPPED);
    assertThat(gone.out())
        .containsPattern("node-1 → [0-9.]+: lost: node-2 .* does not answer a ping either");
    in(second, "nft", "delete table ip trace-test");

    in(first, "ip", "link set dev eth0 mtu 1300");
    Ovenet.Result narrow = trace(lab, "shop/client", "shop/web:8080");
    assertThat(narrow.exit()).isEqualTo(STOPPED);
    assertThat(narrow.out())
        .contains("node-2: would be delivered to shop/web")
        .containsPattern("node-1 → [0-9.]+: a packet of [0-9]+ bytes is lost here")
        .contains("the MTU between the nodes is too small");
    in(first, "ip", "link set dev eth0 mtu 1500");
    assertThat(trace(lab, "shop/client", "shop/web:8080").exit()).isEqualTo(PASSES);
  }

  /** A command in a node's network namespace; words are split at blanks. */
  private static void in(String pid, String command, String words) throws Exception {
    List<String> all = new ArrayList<>(List.of("nsenter", "-t", pid, "-n", command));
    all.addAll(List.of(words.split(" ")));
    Ovenet.run(all, Map.of()).succeed();
  }
}
