package io.ovenet.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The API server is gone for a while and comes back with other contents: the agent ends with
 * exactly what it then says, established connections that are allowed throughout go on, what is
 * denied throughout never passes.
 */
class ApiGoneKernelIT {
  private static final String POLICIES = "/apis/cilium.io/v2/namespaces/shop/ciliumnetworkpolicies";
  private static final String IDENTITIES = "/apis/cilium.io/v2/ciliumidentities";

  @TempDir Path directory;

  private static String from(String subject, String... peers) {
    var text = new StringBuilder("endpointSelector: {matchLabels: {app: " + subject + "}}\n");
    text.append("ingress:\n");
    for (var peer : peers) {
      text.append("- fromEndpoints: [{matchLabels: {app: " + peer + "}}]\n");
    }
    return text.toString();
  }

  /** What happens while the server is not there. */
  @FunctionalInterface
  private interface Gone {
    void happens() throws Exception;
  }

  /** The pods and streams of each test. */
  private final class Scene implements AutoCloseable {
    final NodeFixture node;
    final NodeFixture.Pod web;
    final NodeFixture.Pod database;
    final NodeFixture.Pod client;
    final NodeFixture.Pod guest;
    final NodeFixture.Pod stranger;
    final NumberedDatagrams allowed;
    final NumberedDatagrams denied;

    Scene() throws Exception {
      node = new NodeFixture(directory);
      try {
        node.startAgent();
        web = node.addedPod("shop", "web", Map.of("app", "web"));
        database = node.addedPod("shop", "database", Map.of("app", "database"));
        client = node.addedPod("shop", "client", Map.of("app", "client"));
        guest = node.addedPod("shop", "guest", Map.of("app", "guest"));
        stranger = node.addedPod("shop", "stranger", Map.of("app", "stranger"));
        web.serve(80);
        database.serve(80);
        node.policy("shop", "web", from("web", "client", "guest"));
        NodeFixture.await("in force", () -> !stranger.reaches(web, 80));
        allowed = new NumberedDatagrams(client, web, 7001);
        denied = new NumberedDatagrams(stranger, web, 7002);
      } catch (Exception | AssertionError e) {
        node.close();
        throw e;
      }
    }

    /** Checks the streams while something happens and after it. */
    void during(Gone gone, BooleanSupplier then) throws Exception {
      try (var established = client.connected(web, 80)) {
        NodeFixture.await("it flows", () -> allowed.received() > 20);
        node.stopApi();
        assertThat(NodeFixture.echoes(established)).isTrue();
        assertThat(client.reaches(web, 80)).as("new ones too").isTrue();
        assertThat(stranger.reaches(web, 80)).isFalse();
        gone.happens();
        try {
          NodeFixture.await(
              "the agent follows",
              () -> {
                assertThat(NodeFixture.echoes(established)).isTrue();
                return then.getAsBoolean();
              });
        } catch (AssertionError e) {
          throw new AssertionError(node.readLog(), e);
        }
        assertThat(NodeFixture.echoes(established)).isTrue();
      }
      allowed.stop();
      NodeFixture.await("none is lost", () -> allowed.received() == allowed.sent());
      assertThat(denied.received()).as("leaked").isZero();
      assertThat(denied.sent()).isPositive();
    }

    @Override
    public void close() throws IOException {
      try (node;
          allowed;
          denied) {
        assertThat(node.agent().isAlive()).isTrue();
      }
    }
  }

  @Test
  void whatChangedMeanwhileIsInForceOnceItIsBack() throws Exception {
    try (var scene = new Scene()) {
      var node = scene.node;
      node.policy("shop", "temporary", from("database", "nobody"));
      NodeFixture.await("in force", () -> !scene.client.reaches(scene.database, 80));
      try (var cut = scene.guest.connected(scene.web, 80)) {
        scene.during(
            () -> {
              node.startApiUnseen();
              // Removed, changed, added, one after the other and one of them twice.
              node.api.delete(POLICIES + "/temporary", Map.of());
              node.policy("shop", "web", from("web", "client"));
              node.policy("shop", "web", from("web", "client", "later"));
              node.policy("shop", "guest", from("guest", "nobody"));
              node.label(scene.guest, "app", "renamed");
              node.label(scene.database, "app", "later");
              assertThat(NodeFixture.echoes(cut)).as("not yet").isTrue();
              node.stopApi();
              node.startApi();
            },
            () ->
                scene.database.reaches(scene.web, 80)
                    && scene.client.reaches(scene.database, 80)
                    && !scene.guest.reaches(scene.web, 80));
        assertThat(NodeFixture.echoes(cut)).isFalse();
        assertThat(scene.stranger.reaches(scene.database, 80)).isTrue();
        // No policy is left that selects the guest under its new name.
        scene.guest.serve(81);
        assertThat(scene.client.reaches(scene.guest, 81)).isTrue();
      }
    }
  }

  @Test
  void podsThatAreGoneAndPoliciesOfALostNamespaceLeaveNothing() throws Exception {
    try (var scene = new Scene()) {
      var node = scene.node;
      node.policy("shop", "database", from("database", "guest"));
      NodeFixture.await("in force", () -> !scene.client.reaches(scene.database, 80));
      var address = scene.guest.address;
      scene.during(
          () -> {
            node.startApiUnseen();
            node.api.delete("/api/v1/namespaces/shop/pods/guest", Map.of());
            node.stopApi();
            // The runtime takes the pod down while there is no API server.
            assertThat(scene.guest.cni("DEL", "eth0", "1.0.0").code()).isZero();
            node.startApi();
          },
          () -> endpointsOf(node).size() == 4);
      assertThat(endpointsOf(node)).doesNotContain("guest");
      // Whoever has its address now is not who had it.
      var pods =
          List.of(
              node.addedPod("shop", "next-1", Map.of("app", "next")),
              node.addedPod("shop", "next-2", Map.of("app", "next")));
      for (var pod : pods) {
        assertThat(pod.reaches(scene.database, 80)).as(pod.address + " after " + address).isFalse();
      }
    }
  }

  private static List<String> endpointsOf(NodeFixture node) {
    try {
      return node
          .api
          .get("/apis/cilium.io/v2/namespaces/shop/ciliumendpoints")
          .objects("items")
          .stream()
          .map(item -> item.object("metadata").string("name"))
          .sorted()
          .toList();
    } catch (IOException e) {
      return List.of();
    }
  }

  @Test
  void aNumberThatMeansOtherLabelsNowGivesNothingToItsFormerHolder() throws Exception {
    try (var scene = new Scene()) {
      var node = scene.node;
      var number = identityOf(node, "stranger");
      scene.during(
          () -> {
            node.startApiUnseen();
            // As after a restored backup: the stranger's number belongs to labels that are allowed.
            var labels =
                node.api
                    .get(IDENTITIES + "/" + identityOf(node, "client"))
                    .object("security-labels");
            node.api.delete(IDENTITIES + "/" + number, Map.of());
            node.api.create(
                IDENTITIES,
                Map.of(
                    "apiVersion",
                    "cilium.io/v2",
                    "kind",
                    "CiliumIdentity",
                    "metadata",
                    Map.of("name", number),
                    "security-labels",
                    labels.fields()));
            node.stopApi();
            node.startApi();
          },
          () -> !identityOf(node, "stranger").equals(number));
      assertThat(scene.stranger.reaches(scene.web, 80)).isFalse();
    }
  }

  private static String identityOf(NodeFixture node, String pod) {
    try {
      return Long.toString(
          node.api
              .get("/apis/cilium.io/v2/namespaces/shop/ciliumendpoints/" + pod)
              .object("status")
              .object("identity")
              .integer("id"));
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  @Test
  void anOlderStateOfAllObjectsCountsAsMuch() throws Exception {
    try (var scene = new Scene()) {
      var node = scene.node;
      var backup = directory.resolve("backup");
      node.stopApi();
      copy(node.objects(), backup);
      node.startApi();
      node.policy("shop", "web", from("web", "client"));
      node.policy("shop", "database", from("database", "nobody"));
      NodeFixture.await(
          "in force",
          () -> !scene.guest.reaches(scene.web, 80) && !scene.client.reaches(scene.database, 80));
      scene.during(
          () -> {
            try (var files = Files.list(node.objects())) {
              for (var file : files.toList()) {
                Files.delete(file);
              }
            }
            copy(backup, node.objects());
            node.startApi();
          },
          () -> scene.guest.reaches(scene.web, 80) && scene.client.reaches(scene.database, 80));
    }
  }

  private static void copy(Path from, Path to) throws IOException {
    Files.createDirectories(to);
    try (var files = Files.list(from)) {
      for (var file : files.toList()) {
        Files.copy(file, to.resolve(file.getFileName()));
      }
    }
  }
}
