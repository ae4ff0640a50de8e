package io.ovenet.cli.policy;

import io.ovenet.api.policy.NodePolicies;
import io.ovenet.api.policy.PolicyInForce;
import io.ovenet.cli.hubble.PolicyAnswer;
import io.ovenet.cli.text.Table;
import io.ovenet.kubernetes.JsonObject;
import io.ovenet.kubernetes.policy.ParsedPolicy;
import io.ovenet.kubernetes.world.PolicyDocument;
import java.io.PrintWriter;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * A policy as its author wrote it last, and what each node has in force of it.
 *
 * @param generation of the newest version
 * @param error why that one is not valid; empty: it is
 * @param nodes null: the node does not answer
 */
record PolicyStanding(
    PolicyDocument policy,
    String uid,
    long generation,
    String resourceVersion,
    String error,
    Map<String, @Nullable OnNode> nodes) {

  /**
   * What a node says.
   *
   * @param policy has no generation where the node has not heard of it
   */
  record OnNode(NodePolicies node, PolicyInForce policy) {
    private String remark() {
      List<String> remarks = new ArrayList<>();
      if (!policy.getError().isEmpty()) {
        remarks.add(
            "generation "
                + policy.getNewestGeneration()
                + " is not valid since "
                + Instant.ofEpochSecond(policy.getInvalidSince().getSeconds())
                + ": "
                + policy.getError());
      }
      if (policy.getAudit()) {
        remarks.add("audit: what it denies passes");
      }
      if (!node.getFailure().isEmpty()) {
        remarks.add("the kernel could not be brought to what is wanted: " + node.getFailure());
      }
      return String.join("; ", remarks);
    }

    private String inForce() {
      return switch (policy.getStanding()) {
        case CURRENT -> "generation " + policy.getGeneration();
        case LAST_VALID -> "generation " + policy.getGeneration() + ", the last valid one";
        case ISOLATED -> "none: whom it selects is isolated";
        case NO_EFFECT -> "none: whom it selects can't be read";
        case PENDING, STANDING_UNSPECIFIED, UNRECOGNIZED -> "nothing yet";
      };
    }
  }

  /**
   * Of what the API server and the nodes say.
   *
   * @param names of all nodes
   */
  static PolicyStanding of(PolicyDocument policy, Set<String> names, PolicyAnswer answer) {
    JsonObject metadata = new JsonObject(policy.document()).object("metadata");
    String error =
        policy.parsed() instanceof ParsedPolicy.Invalid(var key, var notice, var isolation)
            ? notice.toString()
            : "";
    Set<String> all = new TreeSet<>(names);
    all.addAll(answer.nodes().keySet());
    all.addAll(answer.silent());
    Map<String, @Nullable OnNode> nodes = new TreeMap<>();
    for (String name : all) {
      PolicyAnswer.OfNode node = answer.nodes().get(name);
      nodes.put(name, node == null ? null : new OnNode(node.node(), find(policy, node)));
    }
    return new PolicyStanding(
        policy,
        metadata.string("uid"),
        metadata.integer("generation"),
        metadata.string("resourceVersion"),
        error,
        nodes);
  }

  private static PolicyInForce find(PolicyDocument policy, PolicyAnswer.OfNode node) {
    for (PolicyInForce each : node.policies()) {
      if (each.getKind().equals(policy.key().kind().toString())
          && each.getNamespace().equals(policy.key().namespace())
          && each.getName().equals(policy.key().name())) {
        return each;
      }
    }
    return PolicyInForce.getDefaultInstance();
  }

  boolean isValid() {
    return error.isEmpty();
  }

  /** Whether every node has the newest version in force. */
  boolean isEverywhere() {
    return nodes.values().stream().allMatch(this::hasNewest);
  }

  private boolean hasNewest(@Nullable OnNode node) {
    return node != null
        && node.policy().getStanding() == PolicyInForce.Standing.CURRENT
        && node.policy().getGeneration() == generation
        && node.policy().getUid().equals(uid);
  }

  void print(PrintWriter out) {
    out.println(
        policy.key()
            + (isValid() ? ": valid" : ": not valid")
            + ", generation "
            + generation
            + (isValid() ? "" : ": " + error));
    policy.object().notices().forEach(notice -> out.println("  " + notice));
    Table table = new Table(2);
    table.row("NODE", "IN FORCE", "ENDPOINTS", "REMARK");
    nodes.forEach(
        (name, node) -> {
          if (node == null) {
            table.row(name, "?", "?", "does not answer");
          } else {
            table.row(
                name,
                node.inForce(),
                node.policy().getEndpoints() + " of " + node.node().getEndpoints(),
                node.remark());
          }
        });
    table.print(out);
  }

  /** Of the table of all policies. */
  String[] line() {
    long newest = 0;
    long endpoints = 0;
    Set<String> remarks = new TreeSet<>();
    for (Map.Entry<String, @Nullable OnNode> each : nodes.entrySet()) {
      OnNode node = each.getValue();
      if (node == null) {
        remarks.add(each.getKey() + " does not answer");
        continue;
      }
      endpoints += node.policy().getEndpoints();
      if (hasNewest(node)) {
        newest++;
      } else {
        remarks.add(each.getKey() + ": " + node.inForce());
      }
    }
    return new String[] {
      policy.key().kind().toString(),
      ShowCommand.title(policy),
      isValid() ? "yes" : "no",
      Long.toString(generation),
      newest + " of " + nodes.size() + (nodes.size() == 1 ? " node" : " nodes"),
      Long.toString(endpoints),
      (isValid() ? "" : error + (remarks.isEmpty() ? "" : "; ")) + String.join("; ", remarks)
    };
  }

  Map<String, Object> json() {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("kind", policy.key().kind().toString());
    object.put("namespace", policy.key().namespace());
    object.put("name", policy.key().name());
    object.put("valid", isValid());
    if (!isValid()) {
      object.put("error", error);
    }
    object.put("generation", generation);
    object.put("resourceVersion", resourceVersion);
    List<String> notices = new ArrayList<>();
    policy.object().notices().forEach(notice -> notices.add(notice.toString()));
    object.put("notices", notices);
    List<Object> list = new ArrayList<>();
    nodes.forEach((name, node) -> list.add(json(name, node)));
    object.put("nodes", list);
    return object;
  }

  private Map<String, Object> json(String name, @Nullable OnNode node) {
    Map<String, Object> one = new LinkedHashMap<>();
    one.put("node", name);
    one.put("answers", node != null);
    if (node == null) {
      return one;
    }
    PolicyInForce told = node.policy();
    one.put("newest", hasNewest(node));
    one.put("standing", word(told.getStanding()));
    one.put("generation", told.getGeneration());
    one.put("resourceVersion", told.getResourceVersion());
    one.put("endpoints", (long) told.getEndpoints());
    one.put("endpointsOfNode", (long) node.node().getEndpoints());
    one.put("audit", told.getAudit());
    one.put("revision", node.node().getRevision());
    if (!told.getError().isEmpty()) {
      one.put("newestGeneration", told.getNewestGeneration());
      one.put("error", told.getError());
      one.put(
          "invalidSince", Instant.ofEpochSecond(told.getInvalidSince().getSeconds()).toString());
    }
    if (!node.node().getFailure().isEmpty()) {
      one.put("failure", node.node().getFailure());
    }
    return one;
  }

  private static String word(PolicyInForce.Standing standing) {
    return switch (standing) {
      case CURRENT, LAST_VALID, ISOLATED, NO_EFFECT ->
          standing.name().toLowerCase(Locale.ROOT).replace('_', '-');
      case PENDING, STANDING_UNSPECIFIED, UNRECOGNIZED -> "pending";
    };
  }
}
