package io.ovenet.cli.policy;

import io.ovenet.cli.node.NodeAgent;
import io.ovenet.cli.text.Table;
import io.ovenet.kubernetes.JsonObject;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What the maps of a node hold of policies, as its agent reads them out. */
final class KernelPolicies {
  private static final int MOST_NAMED = 8;
  private static final Map<Long, String> PROTOCOLS =
      Map.of(0L, "any", 1L, "ICMP", 6L, "TCP", 17L, "UDP", 58L, "ICMPv6", 132L, "SCTP");

  private final NodeAgent agent;
  private final JsonObject endpoints;

  /** By number, with the endpoints that have it. */
  private final Map<Long, List<JsonObject>> users = new TreeMap<>();

  KernelPolicies(NodeAgent agent) throws IOException {
    this.agent = agent;
    endpoints = agent.ask("endpoints", Map.of());
    for (JsonObject endpoint : endpoints.objects("endpoints")) {
      users.computeIfAbsent(endpoint.integer("policy"), _ -> new ArrayList<>()).add(endpoint);
    }
    users.remove(0L);
  }

  /**
   * Prints them.
   *
   * @param named which policies' entries, all where empty
   */
  void print(List<String> named, PrintWriter out) throws IOException {
    out.printf(
        "%s, revision %d%n",
        agent.node().isEmpty() ? "this node" : agent.node(), endpoints.integer("revision"));
    Table table = new Table(2);
    table.row("ENDPOINT", "POD", "IDENTITY", "ADDRESS", "POLICY", "ENFORCES");
    for (JsonObject endpoint : endpoints.objects("endpoints")) {
      table.row(
          "" + endpoint.integer("id"),
          pod(endpoint),
          "" + endpoint.integer("identity"),
          endpoint.string("address"),
          endpoint.integer("policy") == 0 ? "none" : "" + endpoint.integer("policy"),
          enforces(endpoint));
    }
    table.print(out);
    for (Map.Entry<Long, List<JsonObject>> policy : users.entrySet()) {
      JsonObject entries = agent.ask("policy-entries", Map.of("policy", policy.getKey()));
      List<JsonObject> shown = named(entries.objects("entries"), named);
      if (!shown.isEmpty()) {
        out.printf("%npolicy %d%n", policy.getKey());
        print(shown, members(entries), out);
      }
    }
  }

  /** For machines. */
  Map<String, Object> fields(List<String> named) throws IOException {
    List<Object> policies = new ArrayList<>();
    for (long number : users.keySet()) {
      JsonObject entries = agent.ask("policy-entries", Map.of("policy", number));
      Map<String, Object> one = new LinkedHashMap<>();
      one.put("policy", number);
      one.put(
          "entries",
          named(entries.objects("entries"), named).stream().map(JsonObject::fields).toList());
      one.put("classes", entries.objects("classes").stream().map(JsonObject::fields).toList());
      policies.add(one);
    }
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("node", agent.node());
    fields.put("revision", endpoints.integer("revision"));
    fields.put(
        "endpoints", endpoints.objects("endpoints").stream().map(JsonObject::fields).toList());
    fields.put("policies", policies);
    return fields;
  }

  private static List<JsonObject> named(List<JsonObject> entries, List<String> policies) {
    if (policies.isEmpty()) {
      return entries;
    }
    List<JsonObject> named = new ArrayList<>();
    for (JsonObject entry : entries) {
      for (String rule : entry.strings("rules")) {
        if (policies.stream().anyMatch(policy -> rule.startsWith(policy + " "))) {
          named.add(entry);
          break;
        }
      }
    }
    return named;
  }

  private static Map<Long, List<Object>> members(JsonObject entries) {
    Map<Long, List<Object>> members = new HashMap<>();
    for (JsonObject each : entries.objects("classes")) {
      if (each.fields().get("identities") instanceof List<?> identities) {
        members.put(each.integer("class"), List.copyOf(identities));
      }
    }
    return members;
  }

  private static void print(
      List<JsonObject> entries, Map<Long, List<Object>> members, PrintWriter out) {
    Table table = new Table(2);
    table.row("DIRECTION", "IDENTITIES", "PROTOCOL", "PORTS", "VERDICT", "BY");
    for (JsonObject entry : entries) {
      table.row(
          entry.string("direction"),
          identities(entry.integer("class"), members),
          PROTOCOLS.getOrDefault(entry.integer("protocol"), "" + entry.integer("protocol")),
          ports(entry),
          entry.string("verdict"),
          String.join(", ", entry.strings("rules")));
    }
    table.print(out);
  }

  private static String identities(long identityClass, Map<Long, List<Object>> members) {
    if (identityClass == 0) {
      return "all others";
    }
    List<Object> all = members.getOrDefault(identityClass, List.of());
    List<String> some = all.stream().limit(MOST_NAMED).map(String::valueOf).toList();
    return all.isEmpty()
        ? "nobody now"
        : String.join(",", some)
            + (all.size() > MOST_NAMED ? " and " + (all.size() - MOST_NAMED) + " more" : "");
  }

  private static String ports(JsonObject entry) {
    long bits = entry.integer("portBits");
    long first = entry.integer("port");
    long last = first + (1L << (16 - bits)) - 1;
    if (bits == 0) {
      return "any";
    }
    long protocol = entry.integer("protocol");
    if (protocol == 1 || protocol == 58) {
      return "type " + (first >> 8);
    }
    return first == last ? "" + first : first + "-" + last;
  }

  private static String pod(JsonObject endpoint) {
    return endpoint.string("namespace") + "/" + endpoint.string("pod");
  }

  private static String enforces(JsonObject endpoint) {
    List<String> directions = new ArrayList<>();
    for (String flag : endpoint.strings("enforces")) {
      if (flag.startsWith("ENFORCE_")) {
        directions.add(flag.substring("ENFORCE_".length()).toLowerCase(java.util.Locale.ROOT));
      }
    }
    return directions.isEmpty() ? "nothing" : String.join(", ", directions);
  }
}
