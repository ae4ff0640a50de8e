package io.ovenet.cli.policy;

import io.ovenet.cli.hubble.HubbleException;
import io.ovenet.cli.hubble.PolicyAnswer;
import io.ovenet.cli.hubble.ServerOptions;
import io.ovenet.cli.text.OutputOptions;
import io.ovenet.cli.text.Table;
import io.ovenet.kubernetes.Json;
import io.ovenet.kubernetes.KubernetesApi;
import io.ovenet.kubernetes.RecordKind;
import io.ovenet.kubernetes.world.LiveCluster;
import io.ovenet.kubernetes.world.StateReader;
import io.ovenet.policy.PolicySettings;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code ovenet policy status}. */
@Command(
    name = "status",
    description = {
      "Says whether policies are valid, and asks the nodes which version of them they have in"
          + " force, on how many endpoints: the newest, or, where that is not valid, the last one"
          + " that was.",
      "Without a name a line for each policy. Nodes are asked over Hubble's server, or the relay"
          + " over all of them."
    },
    mixinStandardHelpOptions = true,
    exitCodeListHeading = "%nExit status:%n",
    exitCodeList = {
      "0:valid, and the newest version is in force on every node",
      "1:it could not be found out",
      "2:wrong arguments",
      "3:one is not valid",
      "4:all are valid, but a node has not the newest version in force, or does not answer"
    })
final class StatusCommand implements Callable<Integer> {
  private static final int INVALID = 3;
  private static final int NOT_EVERYWHERE = 4;

  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private StateOptions options = new StateOptions();
  @Mixin private ServerOptions server = new ServerOptions();

  @Parameters(
      arity = "0..1",
      paramLabel = "[NAMESPACE/]NAME",
      description = "The policy; all of them by default.")
  private String name = "";

  @Mixin private OutputOptions output = new OutputOptions();

  @Override
  public Integer call() throws IOException {
    Set<String> nodes = new TreeSet<>();
    StateReader reader = new StateReader(PolicySettings.defaults("default"));
    try (KubernetesApi api = options.open()) {
      for (RecordKind<?> kind :
          List.of(
              RecordKind.NETWORK_POLICIES,
              RecordKind.CILIUM_NETWORK_POLICIES,
              RecordKind.CILIUM_CLUSTERWIDE_NETWORK_POLICIES)) {
        LiveCluster.forEach(api, kind, object -> reader.add(object, null));
      }
      LiveCluster.forEach(
          api,
          RecordKind.CILIUM_NODES,
          object -> nodes.add(object.object("metadata").string("name")));
    }
    PolicyAnswer answer = ask(nodes);
    List<PolicyStanding> found = new ArrayList<>();
    ShowCommand.named(reader.state(), name)
        .forEach(policy -> found.add(PolicyStanding.of(policy, nodes, answer)));
    if (found.isEmpty() && !name.isEmpty()) {
      throw new ParameterException(spec.commandLine(), "there is no policy '" + name + "'");
    }
    print(found);
    if (found.stream().anyMatch(policy -> !policy.isValid())) {
      return INVALID;
    }
    return found.stream().allMatch(PolicyStanding::isEverywhere) ? 0 : NOT_EVERYWHERE;
  }

  /** Nobody's answer where nobody answers, which is told. */
  private PolicyAnswer ask(Set<String> nodes) {
    if (nodes.isEmpty()) {
      return PolicyAnswer.NONE;
    }
    try {
      server.useCluster(options.kubeconfig());
      return PolicyAnswer.ask(server, name.substring(name.indexOf('/') + 1));
    } catch (HubbleException e) {
      PrintWriter err = spec.commandLine().getErr();
      err.println("note: " + e.getMessage());
      err.flush();
      return PolicyAnswer.NONE;
    }
  }

  private void print(List<PolicyStanding> policies) {
    PrintWriter out = spec.commandLine().getOut();
    if (output.isJson()) {
      List<Object> list = new ArrayList<>();
      policies.forEach(policy -> list.add(policy.json()));
      out.println(new String(Json.write(Map.of("policies", list)), StandardCharsets.UTF_8));
    } else if (!name.isEmpty()) {
      policies.forEach(policy -> policy.print(out));
    } else {
      Table table = new Table(2);
      table.row("KIND", "POLICY", "VALID", "GENERATION", "IN FORCE ON", "ENDPOINTS", "REMARK");
      policies.forEach(policy -> table.row(policy.line()));
      table.print(out);
    }
    out.flush();
  }
}
