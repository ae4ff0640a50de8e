package io.ovenet.journeys;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.zip.InflaterInputStream;
import org.junit.jupiter.api.Test;

/**
 * What a policy in audit mode would deny passes and is listed, also after its agent was killed;
 * once the mode is off it is denied.
 */
class AuditIT {
  private static final String AGENT = "io.ovenet.agent.Main";
  private static final ObjectMapper JSON = new ObjectMapper();

  private static String policy(boolean audit) {
    return """
        apiVersion: cilium.io/v2
        kind: CiliumNetworkPolicy
        metadata:
          name: web
          namespace: shop
          annotations: {policy.ovenet.io/audit: "%s"}
        spec:
          endpointSelector: {matchLabels: {app: web}}
          ingress:
          - fromEndpoints: [{matchLabels: {app: client}}, {matchLabels: {app: barred}}]
          ingressDeny:
          - fromEndpoints: [{matchLabels: {app: barred}}]
        """
        .formatted(audit);
  }

  private static List<JsonNode> audited(RunningLab lab, String... more) throws Exception {
    List<String> command = new ArrayList<>(List.of("policy", "audit", "-o", "json"));
    command.addAll(List.of(more));
    JsonNode answer =
        JSON.readTree(lab.ovenet().run(command.toArray(String[]::new)).out()).path("entries");
    List<JsonNode> entries = new ArrayList<>();
    answer.forEach(entries::add);
    return entries;
  }

  private static boolean isListed(RunningLab lab, String from, int port) throws Exception {
    return audited(lab).stream().anyMatch(entry -> is(entry, from, port));
  }

  private static boolean is(JsonNode entry, String from, int port) {
    return entry.at("/from/name").asText().equals(from) && entry.path("port").asInt() == port;
  }

  private static JsonNode entry(RunningLab lab, String from, int port) throws Exception {
    return audited(lab).stream().filter(each -> is(each, from, port)).findFirst().orElseThrow();
  }

  @Test
  void whatWouldBeDeniedIsListedOverRestartsAndThenDenied() throws Exception {
    try (RunningLab lab = RunningLab.up()) {
      lab.apply("apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n");
      lab.apply(policy(true));
      for (String pod : List.of("web", "client", "stranger", "barred")) {
        lab.pod("shop", pod, Map.of("app", pod));
      }
      JsonNode web = lab.running("shop", "web");
      assertThat(lab.ovenet().run("policy", "audit").succeed().out())
          .contains("Nothing would have been denied.");
      try (NumberedDatagrams client =
              new NumberedDatagrams(lab.running("shop", "client"), web, 7001);
          NumberedDatagrams stranger =
              new NumberedDatagrams(lab.running("shop", "stranger"), web, 7002);
          NumberedDatagrams barred =
              new NumberedDatagrams(lab.running("shop", "barred"), web, 7003)) {
        Eventually.holds("what would be denied passes", () -> stranger.received() > 50);
        Eventually.holds("what would be denied passes", () -> barred.received() > 50);
        Eventually.holds("what is allowed passes", () -> client.received() > 50);
        Eventually.holds("it is listed", () -> isListed(lab, "stranger", 7002));
        Eventually.holds("it is listed", () -> isListed(lab, "barred", 7003));
        listed(lab);

        ProcessHandle agent = lab.processes(AGENT).getFirst();
        Eventually.holds(
            "they are on the disk", () -> areOnDisk(lab, "app=stranger", "app=barred"));
        assertThat(agent.destroyForcibly()).isTrue();
        Eventually.holds("the agent is dead", () -> !agent.isAlive());
        Eventually.holds("another answers", () -> isListed(lab, "stranger", 7002));
        listed(lab);
        long seen = stranger.received();
        Eventually.holds("it goes on", () -> stranger.received() > seen + 50);

        lab.apply(policy(false));
        Eventually.holds("without audit it is denied", stranger::stands);
        Eventually.holds("without audit it is denied", barred::stands);
        client.stop();
        Eventually.holds("the allowed lose nothing", () -> client.received() == client.sent());
      }
      listed(lab);
      assertThat(lab.ovenet().run("policy", "audit", "--clear").succeed().out())
          .contains("node-1: 2 entries forgotten");
      assertThat(audited(lab)).isEmpty();
      try (NumberedDatagrams denied =
          new NumberedDatagrams(lab.running("shop", "stranger"), web, 7004)) {
        Eventually.holds("it is denied", () -> denied.sent() > 100);
        assertThat(denied.received()).isZero();
      }
      assertThat(audited(lab)).as("what is denied is no audit's").isEmpty();
    }
  }

  /** Whether the agent's ledger has entries of these labels on the disk. */
  private static boolean areOnDisk(RunningLab lab, String... labels) throws Exception {
    Path log = Path.of(lab.status().path("nodes").path(0).path("agentLog").asText());
    Path ledger = log.resolve("../../lib/ledger").normalize();
    StringBuilder text = new StringBuilder();
    try (var files = Files.list(ledger)) {
      for (Path file : files.filter(each -> !each.toString().endsWith(".new")).toList()) {
        try (InputStream in = Files.newInputStream(file)) {
          in.skipNBytes(8);
          text.append(new String(new InflaterInputStream(in).readAllBytes(), ISO_8859_1));
        }
      }
    }
    return List.of(labels).stream().allMatch(label -> text.indexOf(label) >= 0);
  }

  private static void listed(RunningLab lab) throws Exception {
    JsonNode byDefault = entry(lab, "stranger", 7002);
    assertThat(byDefault.path("byDefault").asBoolean()).as("%s", byDefault).isTrue();
    assertThat(byDefault.at("/rules/0").asText()).startsWith("CiliumNetworkPolicy shop/web");
    assertThat(byDefault.at("/to/name").asText()).isEqualTo("web");
    assertThat(byDefault.at("/to/namespace").asText()).isEqualTo("shop");
    assertThat(byDefault.path("protocol").asInt()).isEqualTo(17);
    assertThat(byDefault.path("direction").asText()).isEqualTo("ingress");
    assertThat(byDefault.path("count").asLong()).isPositive();
    assertThat(byDefault.path("firstSeen").asText())
        .isLessThanOrEqualTo(byDefault.path("lastSeen").asText());
    JsonNode byRule = entry(lab, "barred", 7003);
    assertThat(byRule.path("byDefault").asBoolean()).as("%s", byRule).isFalse();
    assertThat(byRule.at("/rules/0").asText())
        .isEqualTo("CiliumNetworkPolicy shop/web spec.ingressDeny[0]");
    assertThat(audited(lab)).noneMatch(entry -> is(entry, "client", 7001));
    assertThat(audited(lab, "--namespace", "elsewhere")).isEmpty();
    assertThat(audited(lab, "-n", "shop", "--since", "1h")).hasSize(2);
    Ovenet.Result text = lab.ovenet().run("policy", "audit");
    assertThat(text.exit()).isEqualTo(3);
    assertThat(text.out())
        .containsPattern("shop/Pod/stranger +shop/Pod/web +7002/UDP +ingress .*default deny of")
        .containsPattern("shop/Pod/barred +shop/Pod/web +7003/UDP .*spec.ingressDeny\\[0]");
  }
}
