package io.ovenet.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.bpf.AttachMode;
import io.ovenet.bpf.Sysctl;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The agent's process, the real CNI program and the real datapath, judged by traffic; with programs
 * attached by tcx and by clsact.
 */
@ParameterizedClass
@EnumSource
class AgentKernelIT {
  private static final String WEB_POLICY =
      """
      endpointSelector: {matchLabels: {app: web}}
      ingress:
      - fromEndpoints: [{matchLabels: {app: client}}]
        toPorts: [{ports: [{port: "8080", protocol: TCP}]}]
      """;
  private static final String OTHER_POLICY =
      """
      endpointSelector: {matchLabels: {app: web}}
      ingress:
      - fromEndpoints: [{matchLabels: {app: other}}]
        toPorts: [{ports: [{port: "8080", protocol: TCP}]}]
      """;

  /** The API server takes it; that a range has to be inside its prefix is for the agent to say. */
  private static final String INVALID_POLICY =
      """
      endpointSelector: {matchLabels: {app: web}}
      ingress:
      - fromCIDRSet: [{cidr: 10.0.0.0/8, except: [192.0.2.0/24]}]
      """;

  private final AttachMode attach;
  @TempDir Path directory;

  AgentKernelIT(AttachMode attach) {
    this.attach = attach;
  }

  @Test
  void policyDecidesAndChangesAtOnce() throws Exception {
    try (var node = new NodeFixture(attach, directory)) {
      node.startAgent();
      var web = node.addedPod("shop", "web", Map.of("app", "web"));
      var client = node.addedPod("shop", "client", Map.of("app", "client"));
      var stranger = node.addedPod("shop", "stranger", Map.of("app", "stranger"));
      web.serve(8080);
      web.serve(9090);
      assertThat(stranger.reaches(web, 8080)).as("without policy, %s", node.readLog()).isTrue();

      node.policy("shop", "web", WEB_POLICY);
      NodeFixture.await("stranger denied", () -> !stranger.reaches(web, 8080));
      assertThat(client.reaches(web, 8080)).isTrue();
      assertThat(client.reaches(web, 9090)).isFalse();

      var established = client.connected(web, 8080);
      assertThat(NodeFixture.echoes(established)).isTrue();
      node.policy("shop", "web", OTHER_POLICY);
      NodeFixture.await("established cut", () -> !NodeFixture.echoes(established));
      assertThat(client.reaches(web, 8080)).isFalse();

      node.label(stranger, "app", "other");
      NodeFixture.await("relabelled allowed", () -> stranger.reaches(web, 8080));
      node.label(stranger, "app", "stranger");
      NodeFixture.await("relabelled denied", () -> !stranger.reaches(web, 8080));

      established.close();
    }
  }

  /** Ten rules of forty ports each: more than the kernel is given room for. */
  private static String policyOfManyPorts() {
    var policy = new StringBuilder("endpointSelector: {matchLabels: {app: web}}\ningress:\n");
    for (int rule = 0; rule < 10; rule++) {
      policy.append("- fromEndpoints: [{matchLabels: {app: other}}]\n  toPorts: [{ports: [");
      for (int i = 0; i < 40; i++) {
        int port = 10_000 + 7 * (rule * 40 + i);
        policy.append(i == 0 ? "" : ", ").append("{port: \"" + port + "\", protocol: TCP}");
      }
      policy.append("]}]\n");
    }
    return policy.toString();
  }

  @Test
  void aFullPolicyMapLeavesWhatIsInForceAndRaisesAnAlarm() throws Exception {
    try (var node = new NodeFixture(attach, directory, "--ovenet-policy-entries=256")) {
      node.startAgent();
      var web = node.addedPod("shop", "web", Map.of("app", "web"));
      var client = node.addedPod("shop", "client", Map.of("app", "client"));
      var other = node.addedPod("shop", "other", Map.of("app", "other"));
      web.serve(8080);
      node.policy("shop", "web", WEB_POLICY);
      NodeFixture.await("in force", () -> !other.reaches(web, 8080) && client.reaches(web, 8080));
      try (var established = client.connected(web, 8080)) {
        assertThat(NodeFixture.echoes(established)).isTrue();
        node.policy("shop", "web", policyOfManyPorts());
        NodeFixture.await("alarm", () -> node.readLog().contains("ALARM"));
        assertThat(node.readLog()).contains("policy_map").contains("raise ovenet-policy-entries");
        assertThat(NodeFixture.echoes(established)).as("established").isTrue();
        assertThat(client.reaches(web, 8080)).as("allowed as before").isTrue();
        assertThat(other.reaches(web, 8080)).as("denied as before").isFalse();
        assertThat(other.reaches(web, 10_000)).as("what found no room").isFalse();

        node.policy("shop", "web", OTHER_POLICY);
        NodeFixture.await("a policy that fits", () -> other.reaches(web, 8080));
        NodeFixture.await("the old one cut", () -> !NodeFixture.echoes(established));
      }
      assertThat(client.reaches(web, 8080)).isFalse();
      NodeFixture.await("told", () -> node.readLog().contains("is in force now"));
    }
  }

  @Test
  void restartAdoptsConnectionsAndAppliesWhatChanged() throws Exception {
    try (var node = new NodeFixture(attach, directory)) {
      node.startAgent();
      var web = node.addedPod("shop", "web", Map.of("app", "web"));
      var client = node.addedPod("shop", "client", Map.of("app", "client"));
      var other = node.addedPod("shop", "other", Map.of("app", "other"));
      web.serve(8080);
      node.policy("shop", "web", WEB_POLICY);
      NodeFixture.await("other denied", () -> !other.reaches(web, 8080));
      try (var connection = client.connected(web, 8080)) {
        node.killAgent();
        for (int i = 0; i < 20; i++) {
          assertThat(NodeFixture.echoes(connection)).isTrue();
        }
        assertThat(other.reaches(web, 8080)).as("fails closed without an agent").isFalse();
        assertThat(client.reaches(web, 8080)).isTrue();

        node.launchAgent();
        while (node.status() != 0) {
          assertThat(NodeFixture.echoes(connection)).as(node.readLog()).isTrue();
        }
        for (int i = 0; i < 20; i++) {
          assertThat(NodeFixture.echoes(connection)).isTrue();
        }
        assertThat(other.reaches(web, 8080)).isFalse();

        node.stopAgent();
        node.policy("shop", "web", OTHER_POLICY);
        assertThat(NodeFixture.echoes(connection)).isTrue();
        assertThat(other.cni("DEL", "eth0", "1.0.0").code()).isZero();
        assertThat(directory.resolve("state/cni-deletes/container-other@eth0")).exists();
        node.startAgent();
        NodeFixture.await("cut after restart", () -> !NodeFixture.echoes(connection));
        assertThat(directory.resolve("state/cni-deletes/container-other@eth0")).doesNotExist();
      }
      var again = node.addedPod("shop", "again", Map.of("app", "other"));
      assertThat(again.address).isNotIn(web.address, client.address);
      assertThat(again.reaches(web, 8080)).isTrue();
    }
  }

  @Test
  void lastValidVersionStaysOverARestart() throws Exception {
    try (var node = new NodeFixture(attach, directory)) {
      node.startAgent();
      var web = node.addedPod("shop", "web", Map.of("app", "web"));
      var client = node.addedPod("shop", "client", Map.of("app", "client"));
      var other = node.addedPod("shop", "other", Map.of("app", "other"));
      web.serve(8080);
      node.policy("shop", "web", WEB_POLICY);
      NodeFixture.await("in force", () -> !other.reaches(web, 8080) && client.reaches(web, 8080));
      node.policy("shop", "web", INVALID_POLICY);
      NodeFixture.await("told", () -> node.readLog().contains("its last valid version stays"));
      assertThat(node.readLog()).contains("spec.ingress[0]");
      assertThat(client.reaches(web, 8080)).isTrue();
      assertThat(other.reaches(web, 8080)).isFalse();
      node.stopAgent();
      Files.delete(node.log());
      node.startAgent();
      NodeFixture.await("told", () -> node.readLog().contains("its last valid version stays"));
      assertThat(client.reaches(web, 8080)).isTrue();
      assertThat(other.reaches(web, 8080)).isFalse();
    }
  }

  @Test
  void keepsToTheCniSpecification() throws Exception {
    try (var node = new NodeFixture(attach, directory)) {
      node.startAgent();
      var pod = node.addedPod("shop", "web", Map.of("app", "web"));
      assertThat(pod.cni("CHECK", "eth0", "1.0.0")).isEqualTo(new CniShim.Exit(0, ""));
      var repeated = pod.cni("ADD", "eth0", "0.3.1");
      assertThat(repeated.code()).isZero();
      assertThat(repeated.stdout()).contains(pod.address).contains("\"version\":\"4\"");
      assertThat(pod.inside.call(() -> Sysctl.read("net/ipv6/conf/eth0/disable_ipv6")))
          .as("no router solicitations that would only be dropped")
          .isEqualTo("1");
      assertThat(pod.inside.call(() -> Sysctl.read("net/ipv6/conf/lo/disable_ipv6")))
          .as("the pod's own interfaces")
          .isEqualTo("0");
      var second = pod.cni("ADD", "net1", "1.0.0");
      assertThat(second.code()).as(second.stdout()).isZero();
      assertThat(second.stdout()).doesNotContain(pod.address);
      assertThat(pod.cni("DEL", "eth0", "1.0.0").code()).isZero();
      assertThat(pod.cni("DEL", "eth0", "1.0.0").code()).isZero();
      assertThat(pod.cni("CHECK", "eth0", "1.0.0").stdout()).contains("\"code\":3");
      assertThat(pod.cni("CHECK", "net1", "1.0.0").code()).isZero();
      assertThat(pod.cni("DEL", "net1", "1.0.0").code()).isZero();
      try (var files = Files.list(directory.resolve("state/endpoints"))) {
        assertThat(files).isEmpty();
      }
      assertThat(directory.resolve("bin/cilium-cni")).isExecutable();
      assertThat(directory.resolve("net.d/05-cilium.conflist")).exists();
    }
  }
}
