package io.ovenet.cli.policy;

import io.ovenet.cli.node.NodeAgent;
import io.ovenet.cli.node.NodeOptions;
import io.ovenet.cli.text.OutputOptions;
import io.ovenet.cli.text.Table;
import io.ovenet.kubernetes.Json;
import io.ovenet.kubernetes.policy.ParsedPolicy;
import io.ovenet.kubernetes.world.ClusterState;
import io.ovenet.kubernetes.world.PolicyDocument;
import io.ovenet.kubernetes.world.Workload;
import io.ovenet.policy.Peers;
import io.ovenet.policy.PolicyNotice;
import io.ovenet.policy.Rule;
import io.ovenet.policy.RuleEntry;
import io.ovenet.policy.TrafficDirection;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code ovenet policy show}. */
@Command(
    name = "show",
    description = {
      "Lists policies and how many pods they select; with a name, what its rules mean: selectors as"
          + " they are meant, ports, whom they isolate."
    },
    mixinStandardHelpOptions = true,
    exitCodeListHeading = "%nExit status:%n",
    exitCodeList = {"0:it is told", "1:it could not be found out", "2:wrong arguments"})
final class ShowCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private StateOptions options = new StateOptions();
  @Mixin private NodeOptions nodes = new NodeOptions();

  @Parameters(
      arity = "0..1",
      paramLabel = "[NAMESPACE/]NAME",
      description = "One policy; all by default.")
  private String name = "";

  @Mixin private FileOptions files = new FileOptions();

  @Mixin private OutputOptions output = new OutputOptions();

  @Option(
      names = "--kernel",
      description =
          "What the kernel's maps hold on this node, or on the lab's nodes: endpoints, and of each"
              + " policy in use the entries, with the rules that they are made of; with a name"
              + " those of its rules.")
  private boolean kernel;

  @Override
  public Integer call() throws IOException {
    if (kernel && !files.files().isEmpty()) {
      throw new ParameterException(spec.commandLine(), "files have no kernel: -f or --kernel");
    }
    if (kernel && name.isEmpty()) {
      return showKernel(List.of());
    }
    ClusterState state = options.read(files.files());
    List<PolicyDocument> policies = named(state, name);
    if (policies.isEmpty() && !name.isEmpty()) {
      throw new ParameterException(spec.commandLine(), "there is no policy '" + name + "'");
    }
    if (kernel) {
      return showKernel(policies);
    }
    PrintWriter out = spec.commandLine().getOut();
    if (output.isJson()) {
      List<Object> list = new ArrayList<>();
      policies.forEach(policy -> list.add(json(state, policy)));
      out.println(new String(Json.write(Map.of("policies", list)), StandardCharsets.UTF_8));
    } else if (name.isEmpty()) {
      Table table = new Table(2);
      table.row("KIND", "POLICY", "VALID", "RULES", "PODS");
      for (PolicyDocument policy : policies) {
        table.row(
            policy.key().kind().toString(),
            title(policy),
            policy.parsed() instanceof ParsedPolicy.Valid ? "yes" : "no",
            "" + policy.object().rules().size(),
            "" + subjects(state, policy).size());
      }
      table.print(out);
    } else {
      policies.forEach(policy -> print(state, policy, out));
    }
    out.flush();
    return 0;
  }

  private int showKernel(List<PolicyDocument> policies) throws IOException {
    List<String> keys = new ArrayList<>();
    policies.forEach(policy -> keys.add(policy.key().toString()));
    PrintWriter out = spec.commandLine().getOut();
    List<Object> list = new ArrayList<>();
    for (NodeAgent agent : nodes.agents()) {
      KernelPolicies held = new KernelPolicies(agent);
      if (output.isJson()) {
        list.add(held.fields(keys));
      } else {
        held.print(keys, out);
      }
    }
    if (output.isJson()) {
      out.println(new String(Json.write(Map.of("nodes", list)), StandardCharsets.UTF_8));
    }
    out.flush();
    return 0;
  }

  /** Those of this name, in any namespace where it names none; all where it is empty. */
  static List<PolicyDocument> named(ClusterState state, String name) {
    List<PolicyDocument> found = new ArrayList<>();
    for (PolicyDocument policy : state.policies().values()) {
      if (name.isEmpty() || title(policy).equals(name) || policy.key().name().equals(name)) {
        found.add(policy);
      }
    }
    return found;
  }

  static String title(PolicyDocument policy) {
    return policy.key().namespace().isEmpty()
        ? policy.key().name()
        : policy.key().namespace() + "/" + policy.key().name();
  }

  static List<String> subjects(ClusterState state, PolicyDocument policy) {
    List<String> names = new ArrayList<>();
    for (Workload workload : state.workloads()) {
      for (Rule rule : policy.object().rules()) {
        if (rule.subject().matches(workload.party().labels())) {
          names.add(workload.title());
          break;
        }
      }
    }
    return names;
  }

  private static void print(ClusterState state, PolicyDocument policy, PrintWriter out) {
    out.println(policy.key());
    if (policy.parsed() instanceof ParsedPolicy.Invalid(var key, var error, var isolation)) {
      out.println("  not valid: " + error);
    }
    for (Rule rule : policy.object().rules()) {
      out.println("  " + state.place(rule.origin()));
      out.println("    selects " + rule.subject());
      for (TrafficDirection direction : TrafficDirection.values()) {
        if (rule.defaultDeny(direction)) {
          out.println("    isolates in " + word(direction));
        }
      }
      for (RuleEntry entry : rule.entries()) {
        out.println(
            "    "
                + entry.origin().fieldPath()
                + ": "
                + entry.effect().name().toLowerCase(Locale.ROOT)
                + " "
                + (entry.direction() == TrafficDirection.INGRESS ? "from " : "to ")
                + peers(entry)
                + ", "
                + ports(entry));
      }
    }
    for (PolicyNotice notice : policy.object().notices()) {
      out.println("  " + notice);
    }
    out.println("  pods: " + String.join(", ", subjects(state, policy)));
  }

  private static String word(TrafficDirection direction) {
    return direction.name().toLowerCase(Locale.ROOT);
  }

  private static String peers(RuleEntry entry) {
    return switch (entry.peers()) {
      case Peers.Everyone _ -> "everyone";
      case Peers.Selected(var selectors, var groups) -> {
        List<String> all = strings(selectors);
        all.addAll(strings(groups));
        yield all.isEmpty() ? "nobody" : String.join(" or ", all);
      }
    };
  }

  private static String ports(RuleEntry entry) {
    List<String> ports = strings(entry.ports());
    ports.addAll(strings(entry.names()));
    return ports.isEmpty() ? "nothing" : String.join(", ", ports);
  }

  private static List<String> strings(List<?> list) {
    List<String> strings = new ArrayList<>();
    list.forEach(item -> strings.add(item.toString()));
    return strings;
  }

  private static Map<String, Object> json(ClusterState state, PolicyDocument policy) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("kind", policy.key().kind().toString());
    object.put("namespace", policy.key().namespace());
    object.put("name", policy.key().name());
    object.put("valid", policy.parsed() instanceof ParsedPolicy.Valid);
    if (policy.parsed() instanceof ParsedPolicy.Invalid(var key, var error, var isolation)) {
      object.put("error", error.toString());
    }
    List<Object> rules = new ArrayList<>();
    for (Rule rule : policy.object().rules()) {
      Map<String, Object> one = new LinkedHashMap<>();
      one.put("path", rule.origin().fieldPath());
      one.put("selects", rule.subject().toString());
      one.put("isolatesIngress", rule.ingressDefaultDeny());
      one.put("isolatesEgress", rule.egressDefaultDeny());
      List<Object> entries = new ArrayList<>();
      for (RuleEntry entry : rule.entries()) {
        Map<String, Object> item = new LinkedHashMap<>();
        item.put("path", entry.origin().fieldPath());
        item.put("direction", word(entry.direction()));
        item.put("effect", entry.effect().name().toLowerCase(Locale.ROOT));
        item.put("peers", peers(entry));
        item.put("ports", ports(entry));
        entries.add(item);
      }
      one.put("entries", entries);
      rules.add(one);
    }
    object.put("rules", rules);
    List<String> notices = new ArrayList<>();
    policy.object().notices().forEach(notice -> notices.add(notice.toString()));
    object.put("notices", notices);
    object.put("pods", subjects(state, policy));
    return object;
  }
}
