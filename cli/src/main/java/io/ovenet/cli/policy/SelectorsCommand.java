package io.ovenet.cli.policy;

import io.ovenet.cli.text.OutputOptions;
import io.ovenet.cli.text.Table;
import io.ovenet.kubernetes.Json;
import io.ovenet.kubernetes.question.SideText;
import io.ovenet.kubernetes.world.ClusterState;
import io.ovenet.kubernetes.world.Workload;
import io.ovenet.policy.CidrSelector;
import io.ovenet.policy.EndpointSelector;
import io.ovenet.policy.PeerSelector;
import io.ovenet.policy.Peers;
import io.ovenet.policy.PolicyObject;
import io.ovenet.policy.Rule;
import io.ovenet.policy.RuleEntry;
import io.ovenet.policy.RuleOrigin;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code ovenet policy selectors}. */
@Command(
    name = "selectors",
    description = "Lists the selectors that rules use, whom each selects, and which rules use it.",
    mixinStandardHelpOptions = true,
    exitCodeListHeading = "%nExit status:%n",
    exitCodeList = {"0:it is told", "1:it could not be found out", "2:wrong arguments"})
final class SelectorsCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private StateOptions options = new StateOptions();

  @Mixin private FileOptions files = new FileOptions();

  @Mixin private OutputOptions output = new OutputOptions();

  private record Used(PeerSelector selector, TreeSet<RuleOrigin> rules) {}

  @Override
  public Integer call() throws IOException {
    ClusterState state = options.read(files.files());
    Map<String, Used> used = new TreeMap<>();
    for (PolicyObject policy : state.objects()) {
      for (Rule rule : policy.rules()) {
        add(used, rule.subject(), rule.origin());
        for (RuleEntry entry : rule.entries()) {
          if (entry.peers() instanceof Peers.Selected selected) {
            selected.selectors().forEach(selector -> add(used, selector, entry.origin()));
          }
        }
      }
    }
    PrintWriter out = spec.commandLine().getOut();
    Table table = new Table(2);
    table.row("SELECTOR", "PODS", "RULES");
    List<Object> list = new ArrayList<>();
    used.forEach(
        (text, use) -> {
          List<String> pods = pods(state, use.selector);
          table.row(text, "" + pods.size(), "" + use.rules.size());
          List<Object> rules = new ArrayList<>();
          use.rules.forEach(rule -> rules.add(SideText.json(state, rule)));
          Map<String, Object> object = new LinkedHashMap<>();
          object.put("selector", text);
          object.put("pods", pods);
          object.put("rules", rules);
          list.add(object);
        });
    if (output.isJson()) {
      out.println(new String(Json.write(Map.of("selectors", list)), StandardCharsets.UTF_8));
    } else {
      table.print(out);
    }
    out.flush();
    return 0;
  }

  private static void add(Map<String, Used> used, PeerSelector selector, RuleOrigin rule) {
    String text =
        selector.equals(EndpointSelector.ALL) ? "everyone with an identity" : selector.toString();
    used.computeIfAbsent(text, _ -> new Used(selector, new TreeSet<>())).rules.add(rule);
  }

  private static List<String> pods(ClusterState state, PeerSelector selector) {
    List<String> names = new ArrayList<>();
    for (Workload workload : state.workloads()) {
      boolean selected =
          switch (selector) {
            case EndpointSelector endpoints -> endpoints.matches(workload.party().labels());
            case CidrSelector cidr ->
                cidr.selects(workload.party().labels(), workload.party().address());
          };
      if (selected) {
        names.add(workload.title());
      }
    }
    return names;
  }
}
