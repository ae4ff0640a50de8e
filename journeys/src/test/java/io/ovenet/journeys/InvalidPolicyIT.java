package io.ovenet.journeys;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/**
 * What is wrong with a policy is told by kubectl or by its status, with the field; meanwhile the
 * last valid version stays in force, also over the agent's death, and on a node that never saw it.
 */
class InvalidPolicyIT {
  private static final String AGENT = "io.ovenet.agent.Main";

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

  private static final String VALID = policy("fromEndpoints: [{matchLabels: {app: client}}]");

  /** Its form is right, so the API server takes it; what it says means nothing. */
  private static final String INVALID =
      policy("fromCIDRSet: [{cidr: 10.0.0.0/8, except: [192.0.2.0/24]}]");

  private static String apply(RunningLab lab, String yaml) throws Exception {
    Ovenet.Result result = lab.kubectl("apply", "-f", lab.file("policy.yaml", yaml).toString());
    return result.exit() == 0 ? "" : result.out() + result.err();
  }

  private static String status(RunningLab lab, String policy, String field) throws Exception {
    return lab.kubectl(
            "get",
            "ciliumnetworkpolicy",
            policy,
            "-o",
            "jsonpath={.status.conditions[?(@.type=='Valid')]." + field + "}")
        .out();
  }

  @Test
  void theLastValidVersionStaysInForce() throws Exception {
    try (RunningLab lab = RunningLab.up()) {
      for (String pod : List.of("web", "client", "stranger", "fresh")) {
        lab.pod("default", pod, Map.of("app", pod));
      }
      JsonNode web = lab.running("default", "web");
      JsonNode client = lab.running("default", "client");
      JsonNode stranger = lab.running("default", "stranger");
      assertThat(apply(lab, VALID)).isEmpty();
      Eventually.holds("it is judged", () -> status(lab, "web", "status").equals("True"));
      try (NumberedDatagrams allowed = new NumberedDatagrams(client, web, 7001)) {
        Eventually.holds("it is allowed", () -> allowed.received() > 0);
        try (NumberedDatagrams probe = new NumberedDatagrams(stranger, web, 7003)) {
          Eventually.holds("it is in force", probe::stands);
        }
        try (NumberedDatagrams denied = new NumberedDatagrams(stranger, web, 7002)) {
          refused(lab);
          warnedOf(lab);
          assertThat(status(lab, "web", "status")).isEqualTo("True");

          assertThat(apply(lab, INVALID)).isEmpty();
          Eventually.holds("it is judged", () -> status(lab, "web", "status").equals("False"));
          assertThat(status(lab, "web", "message"))
              .contains("spec.ingress[0].fromCIDRSet[0].except[0]")
              .contains("Generation 1, the last valid one, stays in force");
          flows(allowed);

          restart(lab);
          flows(allowed);

          // A node that joins has no memory of its own.
          forget(lab);
          restart(lab);
          flows(allowed);
          assertThat(denied.received()).as("leaked").isZero();
          assertThat(denied.sent()).isGreaterThan(500);
        }
        allowed.stop();
        Eventually.holds("all arrive", () -> allowed.received() == allowed.sent());
      }
      isolatedWhereNoneIsKnown(lab, client);
    }
  }

  /** What kubectl or the API server refuse changes nothing. */
  private static void refused(RunningLab lab) throws Exception {
    assertThat(apply(lab, VALID.replace("spec:", "spec: ["))).as("no YAML").contains("policy.yaml");
    assertThat(apply(lab, VALID.replace("fromEndpoints:", "fromEndpoint:")))
        .as("an unknown field")
        .contains("spec.ingress[0].fromEndpoint");
    assertThat(apply(lab, policy("toPorts: [{ports: [{port: 80, protocol: TCP}]}]")))
        .as("a number for a string")
        .contains("spec.ingress[0].toPorts[0].ports[0].port")
        .contains("string");
    assertThat(apply(lab, policy("fromEndpoints: {matchLabels: {app: client}}")))
        .as("an object for a list")
        .contains("spec.ingress[0].fromEndpoints");
    assertThat(apply(lab, policy("fromEntities: [everybody]")))
        .as("no entity")
        .contains("spec.ingress[0].fromEntities[0]");
    assertThat(apply(lab, policy("fromCIDRSet: [{cidr: 10.0.0.0/8, cidrGroupRef: office}]")))
        .as("two of which one is wanted")
        .contains("spec.ingress[0].fromCIDRSet[0]");
    String ports = "{port: '80'}, ".repeat(40) + "{port: '80'}";
    assertThat(apply(lab, policy("toPorts: [{ports: [" + ports + "]}]")))
        .as("41 ports")
        .contains("spec.ingress[0].toPorts[0].ports");
    assertThat(
            apply(
                lab,
                policy("toPorts: [{ports: [{port: '80', protocol: TCP}], rules: {http: [{}]}}]")
                    .replace("ingress:", "ingressDeny:")))
        .as("L7 in a deny rule")
        .contains("spec.ingressDeny[0].toPorts[0].rules");
  }

  /** What no schema can refuse: kubectl warns, and the status says the same. */
  private static void warnedOf(RunningLab lab) throws Exception {
    Map<String, String> rules = new TreeMap<>();
    rules.put("fromCIDR", "{fromEndpoints: [{}], fromCIDR: [10.0.0.0/8]}");
    rules.put("toPorts[0].ports[0].endPort", "toPorts: [{ports: [{port: '80', endPort: 79}]}]");
    rules.put(
        "toPorts[0].rules.http[0].path",
        "toPorts: [{ports: [{port: '80', protocol: TCP}], rules: {http: [{path: '['}]}}]");
    rules.put("icmps[0].fields[0].type", "icmps: [{fields: [{type: Eko}]}]");
    for (Map.Entry<String, String> rule : rules.entrySet()) {
      String path = "spec.ingress[0]." + rule.getKey();
      Path file =
          lab.file("told.yaml", policy(rule.getValue()).replace("web", "nobody-is-called-so"));
      Ovenet.Result result = lab.kubectl("apply", "-f", file.toString());
      assertThat(result.exit()).as(result.err()).isZero();
      assertThat(result.err()).contains("Warning: invalid").contains(path + ":");
      Eventually.holds(
          "it is judged: " + path,
          () -> status(lab, "nobody-is-called-so", "message").startsWith(path + ":"));
      assertThat(status(lab, "nobody-is-called-so", "status")).isEqualTo("False");
    }
    Path later =
        lab.file(
            "later.yaml",
            policy("toPorts: [{ports: [{port: '80', protocol: TCP}], serverNames: [a.org]}]")
                .replace("web", "nobody-is-called-so"));
    Ovenet.Result result = lab.kubectl("apply", "-f", later.toString());
    assertThat(result.err()).contains("Warning: spec.ingress[0].toPorts[0].serverNames:");
    Eventually.holds(
        "it is judged",
        () -> status(lab, "nobody-is-called-so", "reason").equals("FieldsNotInForce"));
    assertThat(status(lab, "nobody-is-called-so", "status")).isEqualTo("True");
  }

  private static void isolatedWhereNoneIsKnown(RunningLab lab, JsonNode client) throws Exception {
    JsonNode fresh = lab.running("default", "fresh");
    try (NumberedDatagrams stream = new NumberedDatagrams(client, fresh, 7004)) {
      Eventually.holds("without a policy", () -> stream.received() > 0);
      assertThat(apply(lab, INVALID.replace("web", "fresh"))).isEmpty();
      Eventually.holds("its subject is isolated", stream::stands);
    }
    Eventually.holds("it is judged", () -> status(lab, "fresh", "status").equals("False"));
    assertThat(status(lab, "fresh", "message")).contains("No valid version is known", "isolated");
  }

  private static void flows(NumberedDatagrams stream) throws Exception {
    long seen = stream.received();
    Eventually.holds("what is allowed flows on", () -> stream.received() > seen + 50);
  }

  private static Path node(RunningLab lab) throws Exception {
    Path log = Path.of(lab.status().path("nodes").path(0).path("agentLog").asText());
    return log.resolve("../..").normalize();
  }

  private static long lines(RunningLab lab, String text) throws Exception {
    return Files.readAllLines(node(lab).resolve("log/agent.log")).stream()
        .filter(line -> line.contains(text))
        .count();
  }

  /** Kills the agent; the next one is ready, and has said that the last valid version stays. */
  private static void restart(RunningLab lab) throws Exception {
    String ready = "is ready: pods get addresses";
    String stays = "its last valid version stays (generation 1)";
    long starts = lines(lab, ready);
    long told = lines(lab, stays);
    kill(lab);
    Eventually.holds("another agent is ready", () -> lines(lab, ready) > starts);
    assertThat(lines(lab, stays)).isGreaterThan(told);
  }

  private static void forget(RunningLab lab) throws Exception {
    try (var files = Files.list(node(lab).resolve("lib/policies"))) {
      List<Path> remembered = files.toList();
      assertThat(remembered).isNotEmpty();
      for (Path file : remembered) {
        Files.delete(file);
      }
    }
  }

  private static void kill(RunningLab lab) throws Exception {
    ProcessHandle agent = lab.processes(AGENT).getFirst();
    assertThat(agent.destroyForcibly()).isTrue();
    Eventually.holds("the agent is dead", () -> !lab.processes(AGENT).contains(agent));
  }
}
