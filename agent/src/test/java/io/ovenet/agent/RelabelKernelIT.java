package io.ovenet.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Labels of a running pod and of its namespace move it from one identity to another. */
class RelabelKernelIT {
  private static final int TIMES = 30;

  /** Nothing passes to or from what is under quarantine. */
  private static final String QUARANTINE =
      """
      endpointSelector: {matchLabels: {quarantine: "true"}}
      ingressDeny:
      - fromEntities: [all]
      egressDeny:
      - toEntities: [all]
      """;

  private static String allow(String subject, String... peers) {
    var text = new StringBuilder("endpointSelector: {matchLabels: {app: " + subject + "}}\n");
    text.append("ingress:\n");
    for (var peer : peers) {
      text.append("- fromEndpoints: [{matchLabels: {").append(peer).append("}}]\n");
    }
    return text.toString();
  }

  @TempDir Path directory;

  @Test
  void quarantineCutsOpenConnectionsAtBothEnds() throws Exception {
    try (var node = new NodeFixture(directory)) {
      node.startAgent();
      var web = node.addedPod("shop", "web", Map.of("app", "web"));
      var client = node.addedPod("shop", "client", Map.of("app", "client"));
      var database = node.addedPod("shop", "database", Map.of("app", "database"));
      web.serve(8080);
      database.serve(5432);
      node.policy("shop", "quarantine", QUARANTINE);
      try (var toWeb = client.connected(web, 8080);
          var toDatabase = web.connected(database, 5432);
          var untouched = client.connected(database, 5432)) {
        assertThat(NodeFixture.echoes(toWeb)).isTrue();
        assertThat(NodeFixture.echoes(toDatabase)).isTrue();
        node.label(web, "quarantine", "true");
        NodeFixture.await("cut where it serves", () -> !NodeFixture.echoes(toWeb));
        NodeFixture.await("cut where it asks", () -> !NodeFixture.echoes(toDatabase));
        assertThat(client.reaches(web, 8080)).isFalse();
        assertThat(web.reaches(database, 5432)).isFalse();
        assertThat(NodeFixture.echoes(untouched)).isTrue();

        node.label(web, "quarantine", null);
        NodeFixture.await("released", () -> client.reaches(web, 8080));
        assertThat(web.reaches(database, 5432)).isTrue();
        // The other's labels cut it as well.
        try (var again = client.connected(web, 8080)) {
          node.label(client, "quarantine", "true");
          NodeFixture.await("cut", () -> !NodeFixture.echoes(again));
          NodeFixture.await("cut", () -> !NodeFixture.echoes(untouched));
          assertThat(client.reaches(web, 8080)).isFalse();
        }
      }
    }
  }

  @Test
  void aPodOnItsWayHasNoMoreThanBeforeOrAfter() throws Exception {
    try (var node = new NodeFixture(directory)) {
      node.startAgent();
      var pod = node.addedPod("shop", "pod", Map.of("role", "first", "kind", "moving"));
      var first = node.addedPod("shop", "first", Map.of("app", "first"));
      var second = node.addedPod("shop", "second", Map.of("app", "second"));
      var both = node.addedPod("shop", "both", Map.of("app", "both"));
      var never = node.addedPod("shop", "never", Map.of("app", "never"));
      node.policy("shop", "first", allow("first", "role: first"));
      node.policy("shop", "second", allow("second", "role: second"));
      node.policy("shop", "both", allow("both", "role: first", "role: second"));
      node.policy("shop", "never", allow("never", "role: none"));
      both.serve(80);
      try (var toFirst = new NumberedDatagrams(pod, first, 7001);
          var toSecond = new NumberedDatagrams(pod, second, 7002);
          var toBoth = new NumberedDatagrams(pod, both, 7003);
          var toNever = new NumberedDatagrams(pod, never, 7004)) {
        NodeFixture.await("in force", toSecond::stands);
        NodeFixture.await("in force", toNever::stands);
        NodeFixture.await("in force", () -> toBoth.received() > 0);
        long leaked = toNever.received();
        long lost = toBoth.sent() - toBoth.received();
        try (var established = pod.connected(both, 80)) {
          for (int time = 1; time <= TIMES; time++) {
            boolean toSecondRole = time % 2 == 1;
            node.label(pod, "role", toSecondRole ? "second" : "first");
            var opened = toSecondRole ? toSecond : toFirst;
            var closed = toSecondRole ? toFirst : toSecond;
            long seen = opened.received();
            NodeFixture.await("what the new labels give", () -> opened.received() > seen);
            // Both sides are switched as one: what only the old labels gave is gone by then.
            long late = closed.received();
            assertThat(closed.stands() || closed.received() - late <= 1)
                .as("time %s", time)
                .isTrue();
            assertThat(NodeFixture.echoes(established)).as("in both, time %s", time).isTrue();
          }
        }
        toBoth.stop();
        NodeFixture.await(
            "nothing that both give is lost: " + lost,
            () -> toBoth.sent() - toBoth.received() <= lost);
        assertThat(toNever.received()).isEqualTo(leaked);
      }
    }
  }

  @Test
  void labelsOfTheNamespaceMoveItsPods() throws Exception {
    try (var node = new NodeFixture(directory)) {
      node.startAgent();
      var web = node.addedPod("shop", "web", Map.of("app", "web"));
      var client = node.addedPod("team", "client", Map.of("app", "client"));
      web.serve(8080);
      node.policy(
          "shop",
          "web",
          """
          endpointSelector: {matchLabels: {app: web}}
          ingress:
          - fromEndpoints:
            - matchLabels: {"k8s:io.cilium.k8s.namespace.labels.trusted": "yes"}
              matchExpressions:
              - {key: "k8s:io.kubernetes.pod.namespace", operator: Exists}
          """);
      NodeFixture.await("denied at first", () -> !client.reaches(web, 8080));
      node.labelNamespace("team", "trusted", "yes");
      NodeFixture.await("trusted", () -> client.reaches(web, 8080));
      try (var established = client.connected(web, 8080)) {
        assertThat(NodeFixture.echoes(established)).isTrue();
        node.labelNamespace("team", "trusted", null);
        NodeFixture.await("cut", () -> !NodeFixture.echoes(established));
        assertThat(client.reaches(web, 8080)).isFalse();
      }
      node.labelNamespace("team", "trusted", "yes");
      NodeFixture.await("trusted again", () -> client.reaches(web, 8080));
    }
  }
}
