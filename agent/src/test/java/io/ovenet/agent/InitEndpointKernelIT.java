package io.ovenet.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.kubernetes.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A pod that starts while the API server says neither its labels nor a number for them is {@code
 * reserved:init}: enforced both ways, by the policies that select that; once its labels are there
 * it has its own identity and policies, and never more than one of the two gives.
 */
class InitEndpointKernelIT {
  private static final long INIT = 5;
  private static final String CLUSTERWIDE = "/apis/cilium.io/v2/ciliumclusterwidenetworkpolicies";
  private static final String INIT_POLICY =
      """
      apiVersion: cilium.io/v2
      kind: CiliumClusterwideNetworkPolicy
      metadata: {name: init}
      spec:
        endpointSelector: {matchLabels: {"reserved:init": ""}}
        ingress:
        - fromEndpoints: [{matchLabels: {app: first}}, {matchLabels: {app: both}}]
        egress:
        - toEndpoints: [{matchLabels: {app: first}}, {matchLabels: {app: both}}]
      """;
  private static final String OWN_POLICY =
      """
      endpointSelector: {matchLabels: {app: late}}
      ingress:
      - fromEndpoints: [{matchLabels: {app: second}}, {matchLabels: {app: both}}]
      egress:
      - toEndpoints: [{matchLabels: {app: second}}, {matchLabels: {app: both}}]
      """;

  @TempDir Path directory;

  private static JsonObject endpoint(NodeFixture node, String pod) {
    try {
      for (var endpoint : node.ask("endpoints").objects("endpoints")) {
        if (endpoint.string("pod").equals(pod)) {
          return endpoint;
        }
      }
      return JsonObject.EMPTY;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** What happens between the pod's start and the API server's return. */
  private interface Meanwhile {
    void happens(NodeFixture node) throws Exception;
  }

  /** A pod object, which the agent has heard of or not, while its API server is gone. */
  private interface Start {
    NodeFixture.Pod pod(NodeFixture node) throws Exception;
  }

  private void scene(Start start, Meanwhile meanwhile) throws Exception {
    try (var node = new NodeFixture(directory);
        var streams = new Streams()) {
      node.create(
          "/api/v1/namespaces", "{apiVersion: v1, kind: Namespace, metadata: {name: shop}}");
      node.create(CLUSTERWIDE, INIT_POLICY);
      node.policy("shop", "late", OWN_POLICY);
      node.startAgent();
      for (var app : new String[] {"first", "second", "both", "never"}) {
        streams.peers.put(app, node.addedPod("shop", app, Map.of("app", app)));
      }
      var late = start.pod(node);
      var added = late.add("eth0");
      assertThat(added.code()).as("%s %s", added.stdout(), node.readLog()).isZero();
      assertThat(endpoint(node, "late").integer("identity")).isEqualTo(INIT);
      assertThat(endpoint(node, "late").strings("enforces"))
          .contains("ENFORCE_INGRESS", "ENFORCE_EGRESS");

      streams.open(late);
      for (var direction : new String[] {"to ", "from "}) {
        for (var app : new String[] {"first", "both"}) {
          var stream = streams.get(direction + app);
          NodeFixture.await(direction + app, () -> stream.received() > 50);
        }
      }
      NodeFixture.await(
          "much was tried",
          () -> streams.get("to second").sent() > 50 && streams.get("from second").sent() > 50);
      for (var denied : new String[] {"to second", "from second", "to never", "from never"}) {
        assertThat(streams.get(denied).received()).as(denied).isZero();
      }

      meanwhile.happens(node);
      NodeFixture.await("its own identity", () -> endpoint(node, "late").integer("identity") > 255);
      for (var direction : new String[] {"to ", "from "}) {
        var second = streams.get(direction + "second");
        NodeFixture.await(direction + "second", () -> second.received() > 50);
        NodeFixture.await(direction + "first", streams.get(direction + "first")::stands);
        var both = streams.get(direction + "both");
        both.stop();
        NodeFixture.await(
            () -> direction + "both lacks " + both.missing() + ", " + both.kernelsLosses(),
            () -> both.missing().cardinality() <= both.kernelsLosses());
        assertThat(streams.get(direction + "never").received()).as("leaked").isZero();
        assertThat(streams.get(direction + "never").sent()).isGreaterThan(100);
      }
      assertThat(node.ask("policy-verify").strings("wrong")).isEmpty();
    }
  }

  /** Between a pod and each of its peers, both ways. */
  private static final class Streams implements AutoCloseable {
    final Map<String, NodeFixture.Pod> peers = new java.util.TreeMap<>();
    private final Map<String, NumberedDatagrams> streams = new java.util.TreeMap<>();
    private final ArrayDeque<NumberedDatagrams> opened = new ArrayDeque<>();

    void open(NodeFixture.Pod pod) throws Exception {
      int port = 7000;
      for (var peer : peers.entrySet()) {
        add("from " + peer.getKey(), new NumberedDatagrams(peer.getValue(), pod, ++port));
        add("to " + peer.getKey(), new NumberedDatagrams(pod, peer.getValue(), ++port));
      }
    }

    private void add(String name, NumberedDatagrams stream) {
      streams.put(name, stream);
      opened.push(stream);
    }

    NumberedDatagrams get(String name) {
      return java.util.Objects.requireNonNull(streams.get(name), name);
    }

    @Override
    public void close() throws IOException {
      while (!opened.isEmpty()) {
        opened.pop().close();
      }
    }
  }

  @Test
  void aPodForWhoseLabelsThereIsNoNumber() throws Exception {
    scene(
        node -> {
          var pod = node.pod("shop", "late", Map.of("app", "late"));
          node.stopApi();
          return pod;
        },
        NodeFixture::startApi);
  }

  @Test
  void aPodThatTheAgentHasNotHeardOf() throws Exception {
    scene(
        node -> {
          node.stopApi();
          node.startApiUnseen();
          var pod = node.pod("shop", "late", Map.of("app", "late"));
          node.stopApi();
          return pod;
        },
        NodeFixture::startApi);
  }

  @Test
  void anAgentThatIsKilledMeanwhileGoesOnWhereItWas() throws Exception {
    scene(
        node -> {
          var pod = node.pod("shop", "late", Map.of("app", "late"));
          node.stopApi();
          return pod;
        },
        node -> {
          node.killAgent();
          node.startApi();
          node.startAgent();
        });
  }

  @Test
  void aPodThatTheApiServerDoesNotHaveDoesNotStart() throws Exception {
    try (var node = new NodeFixture(directory)) {
      node.startAgent();
      var pod = node.pod("shop", "gone", Map.of("app", "gone"));
      node.api.delete("/api/v1/namespaces/shop/pods/gone", Map.of());
      NodeFixture.await("refused", () -> pod.add("eth0").code() != 0 || cleared(pod));
      assertThat(endpoint(node, "gone")).isEqualTo(JsonObject.EMPTY);
    }
  }

  /** Where the agent had not heard of the deletion yet, it is tried again. */
  private static boolean cleared(NodeFixture.Pod pod) {
    assertThat(pod.cni("DEL", "eth0", "1.0.0").code()).isZero();
    return false;
  }
}
