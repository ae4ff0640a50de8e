package io.ovenet.cli.policy;

import io.ovenet.kubernetes.Json;
import io.ovenet.kubernetes.JsonObject;
import io.ovenet.kubernetes.KubernetesApi;
import io.ovenet.kubernetes.RecordKind;
import io.ovenet.kubernetes.policy.ParsedPolicy;
import io.ovenet.kubernetes.world.ClusterState;
import io.ovenet.kubernetes.world.LiveCluster;
import io.ovenet.kubernetes.world.PolicyDocument;
import io.ovenet.policy.Labels;
import io.ovenet.policy.Rule;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code ovenet policy status}. */
@Command(
    name = "status",
    description = {
      "Says whether a policy is valid, and of each node: the revision of policy in force there, and"
          + " how many of its endpoints the policy selects, as the agents tell the API server.",
      "A node's revision counts all changes there; the agents don't tell it by policy."
    },
    mixinStandardHelpOptions = true,
    exitCodeListHeading = "%nExit status:%n",
    exitCodeList = {
      "0:the policies named are valid",
      "1:it could not be found out",
      "2:wrong arguments",
      "3:one is not valid"
    })
final class StatusCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private StateOptions options = new StateOptions();

  @Parameters(paramLabel = "[NAMESPACE/]NAME", description = "The policy.")
  private String name = "";

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FORMAT",
      defaultValue = "text",
      description = "text or json. Default: ${DEFAULT-VALUE}.")
  private Format output = Format.TEXT;

  /** A node and its endpoints. */
  private static final class OnNode {
    String node = "";
    long revision;
    int endpoints;
    int selected;
    int ready;
  }

  @Override
  public Integer call() throws IOException {
    ClusterState state;
    Map<String, OnNode> nodes = new TreeMap<>();
    List<JsonObject> endpoints = new ArrayList<>();
    try (KubernetesApi api = options.open()) {
      state = LiveCluster.read(api);
      LiveCluster.forEach(api, RecordKind.CILIUM_NODES, object -> addNode(nodes, object));
      LiveCluster.forEach(api, RecordKind.CILIUM_ENDPOINTS, endpoints::add);
    }
    List<PolicyDocument> policies = ShowCommand.named(state, name);
    if (policies.isEmpty()) {
      throw new ParameterException(spec.commandLine(), "there is no policy '" + name + "'");
    }
    PrintWriter out = spec.commandLine().getOut();
    List<Object> list = new ArrayList<>();
    boolean valid = true;
    for (PolicyDocument policy : policies) {
      count(nodes, endpoints, policy);
      String error = "";
      if (policy.parsed() instanceof ParsedPolicy.Invalid(var key, var notice, var isolation)) {
        error = notice.toString();
        valid = false;
      }
      if (output == Format.JSON) {
        list.add(json(policy, error, nodes));
      } else {
        print(policy, error, nodes, out);
      }
    }
    if (output == Format.JSON) {
      out.println(new String(Json.write(Map.of("policies", list)), StandardCharsets.UTF_8));
    }
    out.flush();
    return valid ? 0 : 3;
  }

  private static void addNode(Map<String, OnNode> nodes, JsonObject object) {
    OnNode node = new OnNode();
    node.node = object.object("metadata").string("name");
    node.revision = object.object("status").object("policy").integer("revision");
    for (JsonObject address : object.object("spec").objects("addresses")) {
      if (!address.string("ip").isEmpty()) {
        nodes.put(address.string("ip"), node);
      }
    }
  }

  private static void count(
      Map<String, OnNode> nodes, List<JsonObject> endpoints, PolicyDocument policy) {
    nodes
        .values()
        .forEach(
            node -> {
              node.endpoints = 0;
              node.selected = 0;
              node.ready = 0;
            });
    for (JsonObject endpoint : endpoints) {
      JsonObject status = endpoint.object("status");
      OnNode node = nodes.get(status.object("networking").string("node"));
      if (node == null) {
        continue;
      }
      node.endpoints++;
      Labels labels =
          Labels.parse(status.object("identity").strings("labels").toArray(new String[0]));
      for (Rule rule : policy.object().rules()) {
        if (rule.subject().matches(labels)) {
          node.selected++;
          node.ready += status.string("state").equals("ready") ? 1 : 0;
          break;
        }
      }
    }
  }

  private static List<OnNode> distinct(Map<String, OnNode> nodes) {
    Map<String, OnNode> byName = new TreeMap<>();
    nodes.values().forEach(node -> byName.put(node.node, node));
    return List.copyOf(byName.values());
  }

  private static void print(
      PolicyDocument policy, String error, Map<String, OnNode> nodes, PrintWriter out) {
    out.println(policy.key() + ": " + (error.isEmpty() ? "valid" : "not valid: " + error));
    policy.object().notices().forEach(notice -> out.println("  " + notice));
    Columns table = new Columns();
    table.row("NODE", "REVISION", "ENDPOINTS", "SELECTED", "READY");
    for (OnNode node : distinct(nodes)) {
      table.row(
          node.node, "" + node.revision, "" + node.endpoints, "" + node.selected, "" + node.ready);
    }
    table.print(out);
  }

  private static Map<String, Object> json(
      PolicyDocument policy, String error, Map<String, OnNode> nodes) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("kind", policy.key().kind().toString());
    object.put("namespace", policy.key().namespace());
    object.put("name", policy.key().name());
    object.put("valid", error.isEmpty());
    if (!error.isEmpty()) {
      object.put("error", error);
    }
    List<Object> list = new ArrayList<>();
    for (OnNode node : distinct(nodes)) {
      Map<String, Object> one = new LinkedHashMap<>();
      one.put("node", node.node);
      one.put("revision", node.revision);
      one.put("endpoints", node.endpoints);
      one.put("selected", node.selected);
      one.put("ready", node.ready);
      list.add(one);
    }
    object.put("nodes", list);
    return object;
  }
}
