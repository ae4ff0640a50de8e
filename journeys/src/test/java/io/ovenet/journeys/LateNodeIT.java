package io.ovenet.journeys;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * A node that is added while the newest version of a policy is not valid has the last valid one in
 * force, and {@code ovenet policy status} says so of each node.
 */
class LateNodeIT {
  private static final String AGENT = "io.ovenet.agent.Main";
  private static final ObjectMapper JSON = new ObjectMapper();

  private static String policy(String ingress) {
    return """
        apiVersion: cilium.io/v2
        kind: CiliumNetworkPolicy
        metadata: {name: web, namespace: default}
        spec:
          endpointSelector: {matchLabels: {app: web}}
          ingress:
          - %s
        """
        .formatted(ingress);
  }

  private static final String FIRST = policy("fromEndpoints: [{matchLabels: {app: nobody}}]");
  private static final String SECOND = policy("fromEndpoints: [{matchLabels: {app: client}}]");
  private static final String INVALID =
      policy("fromCIDRSet: [{cidr: 10.0.0.0/8, except: [192.0.2.0/24]}]");

  private static void pod(RunningLab lab, String name, String app, String node) {
    lab.apply(
        """
        apiVersion: v1
        kind: Pod
        metadata: {name: %s, namespace: default, labels: {app: %s}}
        spec:
          nodeName: %s
          containers:
          - {name: sleeper, image: busybox, command: ["sleep", "1000000"]}
        """
            .formatted(name, app, node));
  }

  /** What the command says of the policy, once it ends with a status. */
  private static JsonNode status(RunningLab lab, int exit) throws Exception {
    Ovenet.Result[] last = new Ovenet.Result[1];
    try {
      Eventually.holds(
          "exit status " + exit,
          () -> {
            last[0] = lab.ovenet().run("policy", "status", "default/web", "-o", "json");
            return last[0].exit() == exit;
          });
    } catch (AssertionError e) {
      throw new AssertionError(e.getMessage() + ", but " + last[0], e);
    }
    return JSON.readTree(last[0].out()).at("/policies/0");
  }

  private static JsonNode on(JsonNode status, String node) {
    for (JsonNode each : status.path("nodes")) {
      if (each.path("node").asText().equals(node)) {
        return each;
      }
    }
    throw new AssertionError("no " + node + " in " + status);
  }

  private static ProcessHandle agentOf(RunningLab lab, String node) {
    return lab.processes(AGENT).stream()
        .filter(process -> process.info().commandLine().orElse("").contains("--node-name " + node))
        .findFirst()
        .orElseThrow();
  }

  private static void signal(ProcessHandle process, String signal) throws Exception {
    Ovenet.run(List.of("kill", "-" + signal, Long.toString(process.pid())), java.util.Map.of())
        .succeed();
  }

  @Test
  void hasTheLastValidVersionInForce() throws Exception {
    try (RunningLab lab = RunningLab.up()) {
      for (String app : List.of("web", "client", "stranger")) {
        pod(lab, app, app, "node-1");
        lab.running("default", app);
      }
      lab.apply(FIRST);
      JsonNode first = on(status(lab, 0), "node-1");
      assertThat(first.path("standing").asText()).isEqualTo("current");
      assertThat(first.path("generation").asLong()).isEqualTo(1);
      assertThat(first.path("endpoints").asLong()).isEqualTo(1);
      assertThat(first.path("endpointsOfNode").asLong()).isEqualTo(3);
      lab.apply(SECOND);
      Eventually.holds(
          "the second generation",
          () -> on(status(lab, 0), "node-1").path("generation").asLong() == 2);

      lab.apply(INVALID);
      String since = lastValid(on(status(lab, 3), "node-1"));
      ProcessHandle agent = agentOf(lab, "node-1");
      assertThat(agent.destroyForcibly()).isTrue();
      Eventually.holds("the agent is dead", () -> !agent.isAlive());

      assertThat(lab.ovenet().run("lab", "node", "add").succeed().out()).contains("node-2");
      for (String app : List.of("web", "client", "stranger")) {
        pod(lab, app + "-2", app, "node-2");
      }
      policyHolds(lab);
      JsonNode both = status(lab, 3);
      assertThat(lastValid(on(both, "node-2"))).isEqualTo(since);
      assertThat(lastValid(on(both, "node-1"))).isEqualTo(since);
      assertThat(on(both, "node-2").path("endpoints").asLong()).isEqualTo(1);

      silentNodesAreNamed(lab);
      lab.apply(SECOND);
      assertThat(status(lab, 0).path("nodes")).hasSize(2);
      removed(lab);
    }
  }

  private static String lastValid(JsonNode node) {
    assertThat(node.path("standing").asText()).as("%s", node).isEqualTo("last-valid");
    assertThat(node.path("generation").asLong()).isEqualTo(2);
    assertThat(node.path("newestGeneration").asLong()).isEqualTo(3);
    assertThat(node.path("error").asText()).contains("spec.ingress[0].fromCIDRSet[0].except[0]");
    assertThat(node.path("invalidSince").asText()).startsWith("20");
    return node.path("invalidSince").asText();
  }

  private static void policyHolds(RunningLab lab) throws Exception {
    JsonNode web = lab.running("default", "web-2");
    try (NumberedDatagrams near =
            new NumberedDatagrams(lab.running("default", "client-2"), web, 7001);
        NumberedDatagrams far = new NumberedDatagrams(lab.running("default", "client"), web, 7002);
        NumberedDatagrams nearDenied =
            new NumberedDatagrams(lab.running("default", "stranger-2"), web, 7003);
        NumberedDatagrams farDenied =
            new NumberedDatagrams(lab.running("default", "stranger"), web, 7004)) {
      Eventually.holds("the client of its node passes", () -> near.received() > 100);
      Eventually.holds("the client of the other node passes", () -> far.received() > 100);
      Eventually.holds("much was denied", () -> nearDenied.sent() > 500 && farDenied.sent() > 500);
      assertThat(nearDenied.received()).as("leaked").isZero();
      assertThat(farDenied.received()).as("leaked").isZero();
    }
  }

  private static void silentNodesAreNamed(RunningLab lab) throws Exception {
    ProcessHandle agent = agentOf(lab, "node-2");
    signal(agent, "STOP");
    try {
      JsonNode silent = on(status(lab, 3), "node-2");
      assertThat(silent.path("answers").asBoolean(true)).isFalse();
      assertThat(lab.ovenet().run("policy", "status", "default/web").out())
          .containsPattern("node-2 .*does not answer")
          .containsPattern("node-1 +generation 2, the last valid one +1 of 3");
      assertThat(lab.ovenet().run("policy", "status").out())
          .containsPattern("default/web +no +3 .*node-2 does not answer");
    } finally {
      signal(agent, "CONT");
    }
  }

  private static void removed(RunningLab lab) throws Exception {
    Ovenet.Result refused = lab.ovenet().run("lab", "node", "remove", "node-1");
    assertThat(refused.exit()).isNotZero();
    assertThat(refused.err()).contains("node-1").contains("ovenet lab down");
    assertThat(lab.ovenet().run("lab", "node", "remove", "node-7").err()).contains("node-2");
    lab.ovenet().run("lab", "node", "remove", "node-2").succeed();
    assertThat(lab.status().path("nodes")).hasSize(1);
    Eventually.holds(
        "nothing is left of it",
        () ->
            lab.kubectl("get", "nodes,ciliumnodes,pods,ciliumendpoints", "-A", "-o", "name")
                .out()
                .lines()
                .noneMatch(line -> line.endsWith("-2")));
    assertThat(status(lab, 0).path("nodes")).hasSize(1);
    // The name, its address and its link are free again.
    assertThat(lab.ovenet().run("lab", "node", "add").succeed().out()).contains("node-2");
    pod(lab, "again", "stranger", "node-2");
    JsonNode again = lab.running("default", "again");
    try (NumberedDatagrams denied =
            new NumberedDatagrams(again, lab.running("default", "web"), 7005);
        NumberedDatagrams allowed =
            new NumberedDatagrams(again, lab.running("default", "client"), 7006)) {
      Eventually.holds("it is reached from there", () -> allowed.received() > 100);
      Eventually.holds("much was denied", () -> denied.sent() > 300);
      assertThat(denied.received()).as("leaked").isZero();
    }
  }
}
