package io.ovenet.cli.policy;

import io.ovenet.cli.hubble.LedgerAnswer;
import io.ovenet.cli.hubble.ServerOptions;
import io.ovenet.cli.text.OutputOptions;
import io.ovenet.cli.text.Table;
import io.ovenet.kubernetes.Json;
import io.ovenet.kubernetes.policy.ParsedPolicy;
import io.ovenet.kubernetes.question.Groups;
import io.ovenet.kubernetes.world.ClusterState;
import io.ovenet.kubernetes.world.PolicyDocument;
import io.ovenet.policy.PolicyKey;
import io.ovenet.policy.question.Difference;
import io.ovenet.policy.question.Difference.Change;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code ovenet policy diff}. */
@Command(
    name = "diff",
    description = {
      "Says what a change of policies would open (+) and close (-), before it is applied.",
      "A policy in a file takes the place of the one of its kind, namespace and name."
    },
    mixinStandardHelpOptions = true,
    exitCodeListHeading = "%nExit status:%n",
    exitCodeList = {
      "0:nothing would be opened or closed",
      "1:it could not be found out",
      "2:wrong arguments, or a policy in the files that is not valid",
      "3:something would"
    })
final class DiffCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private StateOptions options = new StateOptions();

  @Option(
      names = "-f",
      paramLabel = "FILE",
      description = "Files or directories with policies that would be applied.")
  private List<Path> files = List.of();

  @Option(
      names = "--delete",
      paramLabel = "[NAMESPACE/]NAME",
      description = "A policy that would be deleted. May be repeated.")
  private List<String> deleted = List.of();

  @Option(
      names = "--base",
      paramLabel = "FILE",
      description =
          "Files or directories with what there is now: pods and policies. By default the cluster"
              + " is asked.")
  private List<Path> base = List.of();

  @Option(
      names = "--replay",
      arity = "0..1",
      fallbackValue = "1h",
      paramLabel = "TIME",
      description =
          "Also says which connections seen since then (1h) would be denied, or pass, by the"
              + " change.")
  private @Nullable String replay;

  @Mixin private ServerOptions server = new ServerOptions();

  @Option(
      names = "--by",
      paramLabel = "WHAT",
      defaultValue = "application",
      description = "Group by namespace, application or pod. Default: ${DEFAULT-VALUE}.")
  private Groups by = Groups.APPLICATION;

  @Mixin private OutputOptions output = new OutputOptions();

  @Override
  public Integer call() throws IOException {
    if (files.isEmpty() && deleted.isEmpty()) {
      throw new ParameterException(
          spec.commandLine(),
          "nothing would change: name a file with -f, or a policy with --delete");
    }
    ClusterState before = options.read(base);
    ClusterState changed = StateOptions.readFiles(files, before.settings());
    for (PolicyDocument policy : changed.policies().values()) {
      if (policy.parsed() instanceof ParsedPolicy.Invalid(var key, var error, var isolation)) {
        throw new ParameterException(
            spec.commandLine(),
            key
                + (policy.source() == null ? "" : " (" + policy.source().place(error.path()) + ")")
                + " is not valid: "
                + error);
      }
    }
    ClusterState after = before.with(changed.policies()).without(deletions(before));
    List<Change> changes =
        Difference.of(before.judge(before.pods()), after.judge(after.pods()), by.all(before));
    PrintWriter out = spec.commandLine().getOut();
    Map<String, Object> json = json(changes);
    if (!output.isJson()) {
      print(changes, out);
    }
    if (replay != null) {
      server.useCluster(options.kubeconfig());
      LedgerAnswer seen = LedgerAnswer.since(server, replay);
      Replay found = Replay.of(seen.entries(), before, after);
      json.put("replay", found.json());
      if (!output.isJson()) {
        found.text(replay).forEach(out::println);
      }
      seen.notes().forEach(note -> spec.commandLine().getErr().println("note: " + note));
      spec.commandLine().getErr().flush();
    }
    if (output.isJson()) {
      out.println(new String(Json.write(json), StandardCharsets.UTF_8));
    }
    out.flush();
    return changes.isEmpty() ? 0 : 3;
  }

  private Set<PolicyKey> deletions(ClusterState state) {
    TreeSet<PolicyKey> keys = new TreeSet<>();
    for (String name : deleted) {
      int found = keys.size();
      for (PolicyKey key : state.policies().keySet()) {
        String own = key.namespace().isEmpty() ? key.name() : key.namespace() + "/" + key.name();
        if (own.equals(name)) {
          keys.add(key);
        }
      }
      if (keys.size() == found) {
        throw new ParameterException(spec.commandLine(), "there is no policy '" + name + "'");
      }
    }
    return keys;
  }

  private static Map<String, Object> json(List<Change> changes) {
    List<Object> list = new ArrayList<>(changes.size());
    for (Change change : changes) {
      Map<String, Object> object = new LinkedHashMap<>();
      object.put("from", change.from());
      object.put("to", change.to());
      object.put("opened", change.opened().toString());
      object.put("closed", change.closed().toString());
      object.put("pairs", change.pairs());
      list.add(object);
    }
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("changes", list);
    return all;
  }

  private static void print(List<Change> changes, PrintWriter out) {
    if (changes.isEmpty()) {
      out.println("Nothing would be opened or closed.");
      return;
    }
    Table table = new Table(2);
    for (Change change : changes) {
      String ends = change.from() + " → " + change.to();
      String pairs = change.pairs() + (change.pairs() == 1 ? " pair" : " pairs");
      if (!change.opened().isEmpty()) {
        table.row("+", ends, pairs, "opens " + change.opened());
      }
      if (!change.closed().isEmpty()) {
        table.row("-", ends, pairs, "closes " + change.closed());
      }
    }
    table.print(out);
  }
}
