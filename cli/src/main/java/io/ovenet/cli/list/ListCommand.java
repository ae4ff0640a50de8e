package io.ovenet.cli.list;

import io.ovenet.cli.hubble.PodPattern;
import io.ovenet.cli.node.DumpOptions;
import io.ovenet.cli.node.NodeAgent;
import io.ovenet.cli.node.NodeOptions;
import io.ovenet.cli.text.OutputOptions;
import io.ovenet.cli.text.Table;
import io.ovenet.kubernetes.Json;
import io.ovenet.kubernetes.JsonObject;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code ovenet ct list} and its like: what each node has in a table, by names. */
@Command(
    name = "list",
    mixinStandardHelpOptions = true,
    exitCodeListHeading = "%nExit status:%n",
    exitCodeList = {
      "0:all is listed",
      "1:a node could not be asked; what others said is listed",
      "2:wrong arguments"
    })
public final class ListCommand implements Callable<Integer> {
  /** Rows whose widths are looked at before they are printed: a list may be long. */
  private static final int PART = 256;

  private final Listed listed;

  @Option(
      names = "--kernel",
      description =
          "What the kernel has, where the agent keeps what there should be; connections and ports"
              + " are the kernel's in any case.")
  private boolean kernel;

  @Option(
      names = "--pod",
      paramLabel = "[NAMESPACE/]PREFIX",
      description = "What a pod is part of, as with `ovenet hubble observe`.")
  private @Nullable String pod;

  @Option(
      names = "--vm",
      paramLabel = "[NAMESPACE/]NAME",
      description = "What a virtual machine is part of.")
  private @Nullable String machine;

  @Mixin private NodeOptions nodes = new NodeOptions();
  @Mixin private DumpOptions dump = new DumpOptions();
  @Mixin private OutputOptions output = new OutputOptions();
  @Spec private CommandSpec spec = CommandSpec.create();

  private ListCommand(Listed listed) {
    this.listed = listed;
  }

  /** Adds {@code ct list}, {@code nat list}, … to a command line. */
  public static void addTo(CommandLine commands) {
    for (Listed each : Listed.values()) {
      CommandLine list = new CommandLine(new ListCommand(each));
      list.getCommandSpec().usageMessage().description(each.description());
      CommandLine group = new CommandLine(new Group()).addSubcommand(list);
      group.getCommandSpec().usageMessage().description(each.description());
      commands.addSubcommand(each.word(), group);
    }
  }

  /** {@code ovenet ct}, which can do nothing else. */
  @Command(mixinStandardHelpOptions = true, synopsisSubcommandLabel = "COMMAND")
  private static final class Group implements Runnable {
    @Spec private CommandSpec spec = CommandSpec.create();

    @Override
    public void run() {
      throw new CommandLine.ParameterException(spec.commandLine(), "which command? list");
    }
  }

  @Override
  public Integer call() throws IOException {
    PrintWriter out = spec.commandLine().getOut();
    List<PodPattern> patterns = patterns();
    var table = new Table(2);
    if (!output.isJson()) {
      table.row(row("NODE", listed.header()));
    }
    int failed = 0;
    for (NodeAgent agent : dump.agents(nodes)) {
      try {
        agent.list(
            listed.question(kernel),
            entry -> {
              if (matches(entry, patterns)) {
                print(agent.node(), entry, table, out);
              }
            });
      } catch (IOException e) {
        failed++;
        spec.commandLine().getErr().println("ovenet: " + e.getMessage());
      }
    }
    table.print(out);
    out.flush();
    return failed == 0 ? 0 : 1;
  }

  private void print(String node, JsonObject entry, Table table, PrintWriter out) {
    if (output.isJson()) {
      var line = new LinkedHashMap<String, Object>();
      line.put("node", node);
      line.putAll(withoutNulls(entry));
      out.println(new String(Json.write(line), StandardCharsets.UTF_8));
      return;
    }
    table.row(row(node.isEmpty() ? "-" : node, listed.cells(entry)));
    if (table.size() == PART) {
      table.print(out);
    }
  }

  private static Map<String, Object> withoutNulls(JsonObject entry) {
    var fields = new LinkedHashMap<String, Object>();
    entry
        .fields()
        .forEach(
            (name, value) -> {
              if (value != null) {
                fields.put(name, value);
              }
            });
    return fields;
  }

  private static String[] row(String first, List<String> others) {
    var row = new ArrayList<String>();
    row.add(first);
    row.addAll(others);
    return row.toArray(String[]::new);
  }

  private List<PodPattern> patterns() {
    var patterns = new ArrayList<PodPattern>();
    if (pod != null) {
      patterns.addAll(PodPattern.pods(pod, List.of()));
    }
    if (machine != null) {
      patterns.addAll(PodPattern.machines(machine, List.of()));
    }
    return patterns;
  }

  /** Whether an entry, or one of its ends, is about one of the pods that are meant. */
  static boolean matches(JsonObject entry, List<PodPattern> patterns) {
    if (patterns.isEmpty()) {
      return true;
    }
    for (JsonObject party : List.of(entry, entry.object("source"), entry.object("destination"))) {
      String workload = party.string("workload");
      String name = workload.substring(workload.indexOf('/') + 1);
      for (PodPattern pattern : patterns) {
        if (pattern.matches(party.string("namespace"), party.string("pod"), name)) {
          return true;
        }
      }
    }
    return false;
  }
}
