package io.ovenet.cli.policy;

import io.ovenet.cli.text.OutputOptions;
import io.ovenet.cli.text.Table;
import io.ovenet.kubernetes.IdentityRecord;
import io.ovenet.kubernetes.Json;
import io.ovenet.kubernetes.KubernetesApi;
import io.ovenet.kubernetes.RecordKind;
import io.ovenet.kubernetes.world.ClusterState;
import io.ovenet.kubernetes.world.LiveCluster;
import io.ovenet.kubernetes.world.Workload;
import io.ovenet.policy.Labels;
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
import picocli.CommandLine.Spec;

/** {@code ovenet policy identities}. */
@Command(
    name = "identities",
    description =
        "Lists identities: their numbers, their labels, and the pods that have them. Pods of files"
            + " have no numbers.",
    mixinStandardHelpOptions = true,
    exitCodeListHeading = "%nExit status:%n",
    exitCodeList = {"0:it is told", "1:it could not be found out", "2:wrong arguments"})
final class IdentitiesCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private StateOptions options = new StateOptions();

  @Mixin private FileOptions files = new FileOptions();

  @Mixin private OutputOptions output = new OutputOptions();

  @Override
  public Integer call() throws IOException {
    Map<Labels, List<Integer>> numbers = new TreeMap<>();
    ClusterState state;
    if (files.files().isEmpty()) {
      try (KubernetesApi api = options.open()) {
        state = LiveCluster.read(api);
        api.list(RecordKind.CILIUM_IDENTITIES, record -> add(numbers, record));
      }
    } else {
      state = options.read(files.files());
    }
    Map<Labels, List<String>> pods = new TreeMap<>();
    numbers.keySet().forEach(labels -> pods.put(labels, new ArrayList<>()));
    for (Workload workload : state.workloads()) {
      pods.computeIfAbsent(workload.party().labels(), _ -> new ArrayList<>()).add(workload.title());
    }
    Table table = new Table(2);
    table.row("IDENTITY", "PODS", "LABELS");
    List<Object> list = new ArrayList<>();
    pods.forEach(
        (labels, names) -> {
          List<Integer> of = numbers.getOrDefault(labels, List.of());
          table.row(
              of.isEmpty() ? "-" : String.join(",", of.stream().map(String::valueOf).toList()),
              "" + names.size(),
              labels.toString());
          Map<String, Object> object = new LinkedHashMap<>();
          object.put("numbers", of);
          object.put("labels", labels.toSecurityLabels());
          object.put("pods", names);
          list.add(object);
        });
    PrintWriter out = spec.commandLine().getOut();
    if (output.isJson()) {
      out.println(new String(Json.write(Map.of("identities", list)), StandardCharsets.UTF_8));
    } else {
      table.print(out);
    }
    out.flush();
    return 0;
  }

  private static void add(Map<Labels, List<Integer>> numbers, IdentityRecord record) {
    numbers.computeIfAbsent(record.labels(), _ -> new ArrayList<>()).add(record.number());
  }
}
