package io.ovenet.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A pod that is given the label of the quarantine is cut off, also from what it has open. */
class QuarantineKernelIT {
  private static final String QUARANTINE =
      """
      apiVersion: cilium.io/v2
      kind: CiliumClusterwideNetworkPolicy
      metadata: {name: quarantine}
      spec:
        endpointSelector: {matchLabels: {quarantine: "true"}}
        ingressDeny: [{fromEntities: [all]}]
        egressDeny: [{toEntities: [all]}]
      """;

  @TempDir Path directory;

  @Test
  void openConnectionsOfBothDirectionsEnd() throws Exception {
    try (var node = new NodeFixture(directory)) {
      node.startAgent();
      var suspect = node.addedPod("shop", "suspect", Map.of("app", "web"));
      var database = node.addedPod("shop", "database", Map.of("app", "db"));
      var client = node.addedPod("shop", "client", Map.of("app", "client"));
      suspect.serve(8080);
      database.serve(5432);
      node.create("/apis/cilium.io/v2/ciliumclusterwidenetworkpolicies", QUARANTINE);
      try (var in = client.connected(suspect, 8080);
          var out = suspect.connected(database, 5432);
          var other = client.connected(database, 5432)) {
        assertThat(NodeFixture.echoes(in) && NodeFixture.echoes(out)).isTrue();
        node.label(suspect, "quarantine", "true");
        NodeFixture.await("what comes in is cut", () -> !NodeFixture.echoes(in));
        NodeFixture.await("what goes out is cut", () -> !NodeFixture.echoes(out));
        assertThat(NodeFixture.echoes(in)).isFalse();
        assertThat(suspect.reaches(database, 5432)).isFalse();
        assertThat(client.reaches(suspect, 8080)).isFalse();
        assertThat(NodeFixture.echoes(other)).as("others go on").isTrue();
        assertThat(client.reaches(database, 5432)).isTrue();
      }
      assertThat(node.ask("policy-verify").strings("wrong")).isEmpty();
    }
  }
}
