package io.ovenet.journeys;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The alerts and dashboards of {@code deploy/}, by Debian's Prometheus. */
class PrometheusIT {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final ObjectMapper YAML = new ObjectMapper(new YAMLFactory());
  private static final Path ALERTS = Ovenet.HOME.resolve("deploy/prometheus/alerts.yaml");
  private static final Path DASHBOARDS = Ovenet.HOME.resolve("deploy/grafana");
  private static final Pattern METRIC = Pattern.compile("\\b(?:ovenet|hubble)_[a-z0-9_]+");

  /** The lab's Hubble speaks without TLS and exports to no file. */
  private static final Set<String> NOT_IN_A_LAB =
      Set.of("ovenet_certificate_expiry_timestamp_seconds", "ovenet_export_lost_flows_total");

  private static final String INVALID =
      """
      apiVersion: cilium.io/v2
      kind: CiliumNetworkPolicy
      metadata: {name: invalid, namespace: shop}
      spec:
        endpointSelector: {matchLabels: {app: nobody}}
        ingress: [{fromCIDRSet: [{cidr: 10.0.0.0/8, except: [192.0.2.0/24]}]}]
      """;

  @TempDir Path directory;
  private int changes;

  private static String resource(String name) throws IOException {
    try (InputStream in = PrometheusIT.class.getResourceAsStream("/prometheus/" + name)) {
      return new String(Objects.requireNonNull(in).readAllBytes(), UTF_8);
    }
  }

  private static Map<String, JsonNode> rules() throws IOException {
    var rules = new TreeMap<String, JsonNode>();
    for (JsonNode group : YAML.readTree(ALERTS.toFile()).path("groups")) {
      for (JsonNode rule : group.path("rules")) {
        rules.put(rule.path("alert").asText(), rule);
      }
    }
    return rules;
  }

  @Test
  void everyAlertFiresWhenItShallAndNotBefore() throws Exception {
    var rules = rules();
    var tested = new TreeSet<String>();
    ObjectNode file = JSON.createObjectNode();
    file.putArray("rule_files").add(ALERTS.toString());
    file.put("evaluation_interval", "1m");
    var tests = file.putArray("tests");
    for (JsonNode each : YAML.readTree(resource("alerts.yaml"))) {
      String alert = each.path("alert").asText();
      tested.add(alert);
      ObjectNode test = tests.addObject().put("name", alert).put("interval", "1m");
      var series = test.putArray("input_series");
      each.path("series")
          .properties()
          .forEach(
              one ->
                  series
                      .addObject()
                      .put("series", one.getKey())
                      .put("values", one.getValue().asText()));
      var when = test.putArray("alert_rule_test");
      when.addObject()
          .put("eval_time", each.path("quiet").asText())
          .put("alertname", alert)
          .putArray("exp_alerts");
      ObjectNode fired =
          when.addObject()
              .put("eval_time", each.path("fires").asText())
              .put("alertname", alert)
              .putArray("exp_alerts")
              .addObject();
      fired.set("exp_labels", each.path("labels"));
      fired.set(
          "exp_annotations", Objects.requireNonNull(rules.get(alert), alert).path("annotations"));
    }
    assertThat(tested).isEqualTo(rules.keySet());
    // YAML is a superset of JSON.
    Path written = Files.writeString(directory.resolve("test.yaml"), file.toString());
    Prometheus.promtool("check", "rules", ALERTS.toString()).succeed();
    Prometheus.promtool("test", "rules", written.toString()).succeed();
  }

  @Test
  void everyPanelShowsWhatALabDoesAndNothingIsAlarming() throws Exception {
    try (RunningLab lab =
        RunningLab.up(
            "--nodes=2",
            "-c",
            "hubble-metrics-server=:9091",
            "-c",
            "hubble-metrics=dns:query;ignoreAAAA drop tcp flow icmp policy port-distribution",
            "-c",
            "operator-prometheus-serve-addr=:9963")) {
      JsonNode nodes = lab.status().path("nodes");
      try (Prometheus prometheus =
          Prometheus.start(nodes.path(0).path("pid").asText(), configuration(nodes), directory)) {
        Eventually.holds("all are scraped", () -> allAreUp(prometheus));
        Path workloads = lab.file("workloads.yaml", resource("workloads.yaml"));
        lab.kubectl("apply", "-f", workloads.toString()).succeed();
        lab.ovenet().run("policy", "verify").succeed(); // else hours may pass until the first time
        for (Path dashboard : dashboards()) {
          for (String expression : expressions(dashboard)) {
            Eventually.holds(
                dashboard.getFileName() + ": " + expression,
                () -> {
                  if (expression.contains("ovenet_policy_enforcement_seconds")) {
                    changePolicy(lab);
                  }
                  return isShown(prometheus, expression);
                });
          }
        }
        var metrics = new TreeSet<String>();
        for (JsonNode rule : rules().values()) {
          METRIC
              .matcher(rule.path("expr").asText())
              .results()
              .forEach(found -> metrics.add(found.group()));
        }
        metrics.removeAll(NOT_IN_A_LAB);
        for (String metric : metrics) {
          Eventually.holds(metric + " is there", () -> !prometheus.query(metric).isEmpty());
        }
        assertThat(prometheus.query("ALERTS{alertstate=\"firing\"}")).isEmpty();

        lab.apply(INVALID);
        Eventually.holds(
            "an alert waits for its five minutes",
            () ->
                !prometheus
                    .query("ALERTS{alertname=\"OvenetPolicyInvalid\",instance=~\".*:9091\"}")
                    .isEmpty());
      }
    }
  }

  /** Something to be enforced: a rate is of what happens while it is looked at. */
  private void changePolicy(RunningLab lab) {
    lab.apply(
        """
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: changing, namespace: shop}
        spec:
          podSelector: {matchLabels: {app: web}}
          ingress: [{ports: [{port: %d}]}]
        """
            .formatted(1000 + ++changes % 1000));
  }

  private Path configuration(JsonNode nodes) throws IOException {
    var agents = new ArrayList<String>();
    nodes.forEach(node -> agents.add(node.path("address").asText() + ":9091"));
    return Files.writeString(
        directory.resolve("prometheus.yaml"),
        """
        global: {scrape_interval: 1s, evaluation_interval: 1s}
        rule_files: [%s]
        scrape_configs:
        - {job_name: ovenet-agent, static_configs: [{targets: %s}]}
        - {job_name: ovenet-operator, static_configs: [{targets: ["127.0.0.1:9963"]}]}
        - {job_name: ovenet-relay, static_configs: [{targets: ["127.0.0.1:9966"]}]}
        """
            .formatted(ALERTS, JSON.writeValueAsString(agents)));
  }

  private static boolean allAreUp(Prometheus prometheus) throws IOException {
    try {
      return prometheus.query("up == 1").size() == 4;
    } catch (IOException e) {
      return false; // it listens a moment after its start
    }
  }

  private static List<Path> dashboards() throws IOException {
    try (Stream<Path> files = Files.list(DASHBOARDS)) {
      return files.sorted().toList();
    }
  }

  private static List<String> expressions(Path dashboard) throws IOException {
    var all = new ArrayList<String>();
    for (JsonNode panel : JSON.readTree(dashboard.toFile()).path("panels")) {
      for (JsonNode target : panel.path("targets")) {
        all.add(target.path("expr").asText());
      }
    }
    assertThat(all).as("%s", dashboard).isNotEmpty();
    return all;
  }

  private static boolean isShown(Prometheus prometheus, String expression) throws IOException {
    if (NOT_IN_A_LAB.stream().anyMatch(expression::contains)) {
      return true;
    }
    JsonNode shown =
        prometheus.query(expression.replace("$instance", ".*").replace("$__rate_interval", "20s"));
    return !shown.isEmpty() && !shown.toString().contains("\"NaN\"");
  }
}
