package io.ovenet.journeys;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/**
 * The agent is killed again and again: what passed goes on passing, what was denied stays denied,
 * and what changed while it was down is in force once it is back.
 */
class AgentKilledIT {
  private static final int KILLS = 20;
  private static final String AGENT = "io.ovenet.agent.Main";

  private static String policy(String allowed) {
    return """
        apiVersion: cilium.io/v2
        kind: CiliumNetworkPolicy
        metadata:
          name: server
          namespace: default
        spec:
          endpointSelector:
            matchLabels:
              app: server
          ingress:
          - fromEndpoints:
            - matchLabels:
                app: %s
          - fromEndpoints:
            - matchLabels:
                app: client
        """
        .formatted(allowed);
  }

  @Test
  void nothingIsLostAndNothingLeaks() throws Exception {
    try (RunningLab lab = RunningLab.up()) {
      lab.apply(policy("nobody"));
      for (String pod : List.of("server", "client", "stranger", "later")) {
        lab.pod("default", pod, Map.of("app", pod));
      }
      JsonNode server = lab.running("default", "server");
      try (NumberedDatagrams client =
              new NumberedDatagrams(lab.running("default", "client"), server, 7001);
          NumberedDatagrams stranger =
              new NumberedDatagrams(lab.running("default", "stranger"), server, 7002);
          NumberedDatagrams later =
              new NumberedDatagrams(lab.running("default", "later"), server, 7003)) {
        Eventually.holds("the allowed stream flows", () -> client.received() > 100);
        for (int kill = 1; kill <= KILLS; kill++) {
          kill(lab);
          boolean granted = kill % 2 == 1;
          lab.apply(policy(granted ? "later" : "nobody"));
          if (kill % 5 == 0) {
            // Once more while it comes back.
            Eventually.holds("the agent starts", () -> !lab.processes(AGENT).isEmpty());
            kill(lab);
          }
          long seen = later.received();
          if (granted) {
            Eventually.holds("what was granted passes", () -> later.received() > seen);
          } else {
            Eventually.holds("what was taken back is stopped", later::stands);
          }
          assertThat(stranger.received()).as("leaked, kill %s", kill).isZero();
        }
        client.stop();
        Eventually.holds("all arrive: " + client.sent(), () -> client.received() == client.sent());
        assertThat(client.sent()).isGreaterThan(1000);
        assertThat(stranger.sent()).isGreaterThan(1000);
        assertThat(stranger.received()).as("leaked from the denied stream").isZero();
      }
    }
  }

  private static void kill(RunningLab lab) throws Exception {
    List<ProcessHandle> agents = lab.processes(AGENT);
    assertThat(agents).hasSize(1);
    assertThat(agents.getFirst().destroyForcibly()).isTrue();
    Eventually.holds(
        "the agent is dead", () -> lab.processes(AGENT).stream().noneMatch(agents::contains));
  }
}
