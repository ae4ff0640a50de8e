package io.ovenet.journeys;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.api.model.authentication.TokenRequest;
import io.fabric8.kubernetes.api.model.authentication.TokenRequestBuilder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** A tenant asks a relay over two nodes with his Kubernetes token. */
class TenantsIT {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String OVENET = Ovenet.HOME.resolve("ovenet").toString();
  private static final String RELAY = "127.0.0.1:4299";
  private static final String PAGE = "127.0.0.1:12001";

  private static final String TEAMS =
      """
      apiVersion: v1
      kind: Namespace
      metadata: {name: team-a}
      ---
      apiVersion: v1
      kind: Namespace
      metadata: {name: team-b}
      ---
      apiVersion: v1
      kind: ServiceAccount
      metadata: {name: reader, namespace: team-a}
      ---
      apiVersion: rbac.authorization.k8s.io/v1
      kind: ClusterRole
      metadata: {name: see-flows}
      rules:
      - {apiGroups: [hubble.ovenet.io], resources: [flows], verbs: [get]}
      ---
      apiVersion: rbac.authorization.k8s.io/v1
      kind: RoleBinding
      metadata: {name: reader, namespace: team-a}
      roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: see-flows}
      subjects: [{kind: ServiceAccount, name: reader, namespace: team-a}]
      ---
      apiVersion: cilium.io/v2
      kind: CiliumNetworkPolicy
      metadata: {name: vault-of-b, namespace: team-b}
      spec:
        endpointSelector: {matchLabels: {app: vault}}
        ingress:
        - fromEndpoints: [{matchLabels: {app: teller}}]
      """;

  private static void pod(RunningLab lab, String namespace, String app, String node) {
    lab.apply(
        """
        apiVersion: v1
        kind: Pod
        metadata: {name: %s, namespace: %s, labels: {app: %s}}
        spec:
          nodeName: %s
          containers:
          - {name: sleeper, image: busybox, command: ["sleep", "1000000"]}
        """
            .formatted(app, namespace, app, node));
  }

  private static String[] onNode(String... command) {
    var words = new ArrayList<>(List.of("lab", "exec", "node/node-1", "--", OVENET));
    words.addAll(List.of(command));
    return words.toArray(String[]::new);
  }

  private static Ovenet.Result ask(RunningLab lab, String... more) throws Exception {
    var words = new ArrayList<>(List.of("hubble"));
    words.addAll(List.of(more));
    words.addAll(List.of("--server", RELAY));
    return lab.ovenet().run(onNode(words.toArray(String[]::new)));
  }

  @Test
  void seesHisSideAndOfOthersTheNamespaceAndTheVerdict() throws Exception {
    try (RunningLab lab = RunningLab.up("--nodes=2")) {
      lab.kubectl("apply", "-f", lab.file("teams.yaml", TEAMS).toString()).succeed();
      pod(lab, "team-a", "clerk", "node-1");
      pod(lab, "team-b", "vault", "node-2");
      pod(lab, "team-b", "teller", "node-1");
      JsonNode vault = lab.running("team-b", "vault");
      Path token = token(lab);
      Path log = lab.file("tenants-relay.log", "");
      Process relay =
          lab.ovenet()
              .prepare(
                  onNode(
                      "relay",
                      "--tenants=true",
                      "--kubeconfig=/run/kubeconfig",
                      "--listen-address=" + RELAY))
              .redirectErrorStream(true)
              .redirectOutput(log.toFile())
              .start();
      try (NumberedDatagrams denied =
              new NumberedDatagrams(lab.running("team-a", "clerk"), vault, 7001);
          NumberedDatagrams allowed =
              new NumberedDatagrams(lab.running("team-b", "teller"), vault, 7002)) {
        Eventually.holds("the teller is let in", () -> allowed.received() > 20);
        Eventually.holds("much was denied", () -> denied.sent() > 50);
        String file = token.toString();
        Eventually.holds(
            "the tenant sees that he is denied",
            () ->
                ask(lab, "observe", "--token-file", file, "-o", "json").out().contains("DROPPED"));
        seesNoMore(ask(lab, "observe", "--token-file", file, "--last", "500", "-o", "json"));

        // How many events a ring lost while it was read is nobody's secret.
        assertThat(ask(lab, "observe", "--token-file", file, "--pod", "team-b/vault").out().lines())
            .as("a filter finds nothing that isn't shown")
            .allMatch(line -> line.contains("EVENTS LOST: "));
        Ovenet.Result nodes = ask(lab, "list", "nodes", "--token-file", file);
        assertThat(nodes.exit()).isNotZero();
        assertThat(nodes.err()).contains("whoever may see all namespaces");
        Ovenet.Result nobody = ask(lab, "observe", "--last", "1");
        assertThat(nobody.exit()).isNotZero();
        assertThat(nobody.err()).contains("--token-file");
        assertThat(Files.readString(log))
            .contains("user=\"system:serviceaccount:team-a:reader\"")
            .contains("method=observer.Observer/GetFlows namespaces=team-a request={")
            .doesNotContain(Files.readString(token).strip());
        atThePage(lab, Files.readString(token).strip());
      } finally {
        lab.processes("--listen-address=" + RELAY).forEach(ProcessHandle::destroy);
        relay.destroy();
        relay.onExit().join();
      }
    }
  }

  /** The same in a browser: {@code ui/src/test/web/journeys/tenants.test.ts}. */
  private static void atThePage(RunningLab lab, String token) throws Exception {
    Path log = lab.file("tenants-page.log", "");
    Process page =
        lab.ovenet()
            .prepare(
                onNode(
                    "ui",
                    "--tenants=true",
                    "--kubeconfig=/run/kubeconfig",
                    "--server=" + RELAY,
                    "--listen=" + PAGE))
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    try {
      Eventually.holds("the page is there", () -> Files.readString(log).contains("http://" + PAGE));
      String build = Ovenet.HOME.resolve("ui/build.mjs").toString();
      Ovenet.Result browsed =
          lab.ovenet()
              .run(
                  "lab",
                  "exec",
                  "node/node-1",
                  "--",
                  "env",
                  "OVENET_PAGE=http://" + PAGE,
                  "OVENET_TOKEN=" + token,
                  "node",
                  build,
                  "journeys",
                  "tenants.test.ts");
      assertThat(browsed.exit()).as("%s%s", browsed.out(), browsed.err()).isZero();
      assertThat(Files.readString(log)).doesNotContain(token);
    } finally {
      lab.processes("--listen=" + PAGE).forEach(ProcessHandle::destroy);
      page.destroy();
      page.onExit().join();
    }
  }

  private static Path token(RunningLab lab) throws Exception {
    TokenRequest made =
        lab.client()
            .serviceAccounts()
            .inNamespace("team-a")
            .withName("reader")
            .tokenRequest(new TokenRequestBuilder().withNewSpec().endSpec().build());
    return lab.file("token", made.getStatus().getToken() + "\n");
  }

  private static void seesNoMore(Ovenet.Result observed) throws Exception {
    assertThat(observed.succeed().out()).doesNotContain("vault", "teller");
    int dropped = 0;
    for (String line : observed.out().lines().toList()) {
      JsonNode flow = JSON.readTree(line).path("flow");
      if (flow.isMissingNode()) {
        continue; // which nodes answer
      }
      assertThat(flow.at("/source/namespace").asText()).as(line).isEqualTo("team-a");
      if (flow.path("verdict").asText().equals("DROPPED")) {
        dropped++;
        assertThat(flow.at("/source/pod_name").asText()).isEqualTo("clerk");
        assertThat(flow.path("destination"))
            .isEqualTo(JSON.valueToTree(Map.of("cluster_name", "default", "namespace", "team-b")));
        assertThat(flow.at("/IP/destination").asText()).isEmpty();
      }
    }
    assertThat(dropped).isPositive();
  }
}
