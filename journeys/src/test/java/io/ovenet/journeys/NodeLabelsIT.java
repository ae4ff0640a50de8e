package io.ovenet.journeys;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/**
 * Two nodes, and policies that name nodes by their labels and the API server: real packets between
 * a pod and the other node, which is relabelled meanwhile, and to an API server that moves.
 */
class NodeLabelsIT {
  private static final String NAMESPACE = "app-web-prod";
  private static final String API_SERVER = "192.168.77.1";
  private static final String OUTSIDE = "192.168.77.254";

  private static String policy(String name, String app, String rules) {
    return """
    apiVersion: cilium.io/v2
    kind: CiliumNetworkPolicy
    metadata: {name: %s, namespace: app-web-prod}
    spec:
      endpointSelector: {matchLabels: {app: %s}}
      %s
    """
        .formatted(name, app, rules);
  }

  @Test
  void nodesAreKnownByTheirLabelsAndTheApiServerByItsService() throws Exception {
    try (RunningLab lab = RunningLab.up("--nodes", "2")) {
      lab.apply("apiVersion: v1\nkind: Namespace\nmetadata: {name: " + NAMESPACE + "}\n");
      // The labels are on node-2 before any policy is: its agent has to tell node-1's.
      label(lab, "zone=a");
      lab.apply(pod("client"));
      lab.apply(pod("server"));
      lab.apply(policy("to-zone", "client", "egress: [{toNodes: [{matchLabels: {zone: a}}]}]"));
      lab.apply(
          policy("from-zone", "server", "ingress: [{fromNodes: [{matchLabels: {zone: a}}]}]"));
      String client = pidOf(lab, "client");
      JsonNode server = lab.running(NAMESPACE, "server");
      JsonNode node1 = node(lab, 0);
      JsonNode node2 = node(lab, 1);
      Eventually.holds("egress to node-2", () -> pings(client, node2.path("address").asText()));
      Eventually.holds(
          "ingress from node-2",
          () -> pings(node2.path("pid").asText(), server.path("ip").asText()));
      assertThat(pings(client, node1.path("address").asText()))
          .as("the local node is no node by label")
          .isFalse();
      assertThat(pings(client, OUTSIDE)).isFalse();
      assertThat(why(lab, "node/node-2")).contains("allowed by a rule").contains("spec.egress[0]");

      label(lab, "zone=b");
      Eventually.holds("no egress", () -> !pings(client, node2.path("address").asText()));
      Eventually.holds(
          "no ingress", () -> !pings(node2.path("pid").asText(), server.path("ip").asText()));
      assertThat(why(lab, "node/node-2")).contains("denied by default");
      verifyKernel(lab);

      label(lab, "zone=a");
      Eventually.holds("egress again", () -> pings(client, node2.path("address").asText()));
      label(lab, "zone-");
      Eventually.holds("no egress without", () -> !pings(client, node2.path("address").asText()));

      lab.apply(policy("to-zone", "client", "egress: [{toEntities: [kube-apiserver]}]"));
      Eventually.holds("the API server", () -> pings(client, API_SERVER));
      assertThat(pings(client, OUTSIDE)).isFalse();
      moveApiServer(lab, OUTSIDE);
      Eventually.holds("where it is now", () -> pings(client, OUTSIDE));
      Eventually.holds("not where it was", () -> !pings(client, API_SERVER));
      moveApiServer(lab, node2.path("address").asText());
      Eventually.holds("on node-2", () -> pings(client, node2.path("address").asText()));
      Eventually.holds("not where it was", () -> !pings(client, OUTSIDE));
      moveApiServer(lab, node1.path("address").asText());
      Eventually.holds("on the node itself", () -> pings(client, node1.path("address").asText()));
      verifyKernel(lab);
      moveApiServer(lab, API_SERVER);
      Eventually.holds("no more here", () -> !pings(client, node1.path("address").asText()));
    }
  }

  private static String pod(String name) {
    return """
    apiVersion: v1
    kind: Pod
    metadata: {name: %s, namespace: app-web-prod, labels: {app: %s}}
    spec:
      nodeName: node-1
      containers:
      - {name: main, image: busybox, command: ["sleep", "1000000"]}
    """
        .formatted(name, name);
  }

  private static String pidOf(RunningLab lab, String pod) throws Exception {
    return lab.running(NAMESPACE, pod).path("pid").asText();
  }

  private static JsonNode node(RunningLab lab, int index) throws Exception {
    return lab.status().path("nodes").path(index);
  }

  private static void label(RunningLab lab, String label) throws Exception {
    lab.kubectl("label", "--overwrite", "node", "node-2", label).succeed();
  }

  private static boolean pings(String pid, String address) throws Exception {
    List<String> command =
        List.of("nsenter", "-t", pid, "-n", "ping", "-c", "1", "-W", "1", address);
    return Ovenet.run(command, Map.of()).exit() == 0;
  }

  private static String why(RunningLab lab, String to) throws Exception {
    return lab.ovenet().run("policy", "why", NAMESPACE + "/client", to + ":22/TCP").out();
  }

  private static void verifyKernel(RunningLab lab) throws Exception {
    String out = lab.ovenet().run("policy", "verify", "--node", "node-1", "--exhaustive").out();
    assertThat(out).contains("all agree");
  }

  private static void moveApiServer(RunningLab lab, String address) {
    lab.client()
        .discovery()
        .v1()
        .endpointSlices()
        .inNamespace("default")
        .withName("kubernetes")
        .edit(
            slice -> {
              EndpointSlice moved = slice;
              moved.getEndpoints().getFirst().setAddresses(new ArrayList<>(List.of(address)));
              return moved;
            });
  }
}
