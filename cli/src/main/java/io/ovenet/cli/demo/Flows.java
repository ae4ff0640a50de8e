package io.ovenet.cli.demo;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** What Hubble says of a connection, read from {@code ovenet hubble observe -o json}. */
final class Flows {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** The word for what Hubble knows nothing of. */
  static final String UNSEEN = "no flow";

  private final List<JsonNode> flows;

  private Flows(List<JsonNode> flows) {
    this.flows = flows;
  }

  static Flows read(Launcher launcher) throws IOException, InterruptedException {
    Launcher.Result result = launcher.run("hubble", "observe", "--all", "-o", "json");
    if (result.exit() != 0) {
      throw new IOException("hubble observe ended with " + result.exit());
    }
    List<JsonNode> flows = new ArrayList<>();
    for (String line : result.out().lines().toList()) {
      JsonNode flow = JSON.readTree(line).path("flow");
      if (!flow.isMissingNode()) {
        flows.add(flow);
      }
    }
    return new Flows(flows);
  }

  /**
   * The verdict on new TCP connections, or UDP packets, from one address to a port of another.
   *
   * @param from "" for who is outside of the cluster: a node may have put its own address there
   */
  Verdict verdict(String from, String to, int port) {
    String reason = "";
    boolean forwarded = false;
    for (JsonNode flow : flows) {
      JsonNode ip = flow.path("IP");
      JsonNode l4 = flow.at("/l4/TCP").isMissingNode() ? flow.at("/l4/UDP") : flow.at("/l4/TCP");
      if (!(from.isEmpty() ? isWorld(flow) : ip.path("source").asText().equals(from))
          || !ip.path("destination").asText().equals(to)
          || l4.path("destination_port").asInt() != port) {
        continue;
      }
      if (flow.path("verdict").asText().equals("DROPPED")) {
        return new Verdict("DROPPED", dropReason(flow));
      }
      String rules = rules(flow, "egress_allowed_by") + rules(flow, "ingress_allowed_by");
      if (flow.path("verdict").asText().equals("FORWARDED")) {
        forwarded = true;
        if (!rules.isEmpty() && !reason.contains(rules)) {
          reason = reason.isEmpty() ? rules : reason + ", " + rules;
        }
      }
    }
    return forwarded
        ? new Verdict("FORWARDED", reason.isEmpty() ? "no policy on either side" : "by " + reason)
        : new Verdict(UNSEEN, "Hubble saw nothing");
  }

  private static boolean isWorld(JsonNode flow) {
    for (JsonNode label : flow.at("/source/labels")) {
      if (label.asText().startsWith("reserved:world")) {
        return true;
      }
    }
    return false;
  }

  private static String dropReason(JsonNode flow) {
    String rules = rules(flow, "egress_denied_by") + rules(flow, "ingress_denied_by");
    String reason = flow.path("drop_reason_desc").asText();
    String direction = flow.path("traffic_direction").asText().toLowerCase(Locale.ROOT);
    return direction + " " + reason + (rules.isEmpty() ? "" : ", default deny by " + rules);
  }

  private static String rules(JsonNode flow, String field) {
    List<String> names = new ArrayList<>();
    for (JsonNode policy : flow.path(field)) {
      String namespace = policy.path("namespace").asText();
      names.add((namespace.isEmpty() ? "" : namespace + "/") + policy.path("name").asText());
    }
    return String.join(" ", names);
  }

  /** What was decided, and by what. */
  record Verdict(String word, String reason) {}
}
