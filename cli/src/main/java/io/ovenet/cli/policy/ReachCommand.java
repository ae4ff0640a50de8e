package io.ovenet.cli.policy;

import io.ovenet.cli.text.OutputOptions;
import io.ovenet.cli.text.Table;
import io.ovenet.kubernetes.Json;
import io.ovenet.kubernetes.question.Groups;
import io.ovenet.kubernetes.world.ClusterState;
import io.ovenet.policy.question.Matrix;
import io.ovenet.policy.question.Party;
import io.ovenet.policy.question.Reach;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code ovenet policy reach}. */
@Command(
    name = "reach",
    description = {
      "Says who can reach whom, both sides' policies together: a matrix, or a list where that is"
          + " too wide.",
      "In a cell: what is open; * where it is not so for all pairs; - where nothing is."
    },
    mixinStandardHelpOptions = true,
    exitCodeListHeading = "%nExit status:%n",
    exitCodeList = {"0:it is told", "1:it could not be found out", "2:wrong arguments"})
final class ReachCommand implements Callable<Integer> {
  private static final int WIDEST = 160;
  private static final int WIDEST_CELL = 28;

  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private StateOptions options = new StateOptions();

  @Mixin private FileOptions files = new FileOptions();

  @Option(
      names = "--by",
      paramLabel = "WHAT",
      defaultValue = "namespace",
      description = "Group by namespace, application or pod. Default: ${DEFAULT-VALUE}.")
  private Groups by = Groups.NAMESPACE;

  @Option(
      names = "--from",
      paramLabel = "WHO",
      description = "Only from these: a namespace, or as `ovenet policy why` takes them.")
  private String from = "";

  @Option(names = "--to", paramLabel = "WHO", description = "Only to these.")
  private String to = "";

  @Option(
      names = {"-n", "--namespace"},
      paramLabel = "NAMESPACE",
      description = "Namespace of names that have none; any by default.")
  private String namespace = "";

  @Mixin private OutputOptions output = new OutputOptions();

  @Override
  public Integer call() throws IOException {
    ClusterState state = options.read(files.files());
    Map<String, List<Party>> sources;
    Map<String, List<Party>> destinations;
    try {
      sources = from.isEmpty() ? by.all(state) : by.of(state, from, namespace);
      destinations = to.isEmpty() ? by.all(state) : by.of(state, to, namespace);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
    }
    List<Matrix.Cell> cells =
        Matrix.of(new Reach(state.judge(state.pods())), sources, destinations);
    PrintWriter out = spec.commandLine().getOut();
    if (output.isJson()) {
      out.println(new String(Json.write(json(cells)), StandardCharsets.UTF_8));
    } else {
      print(cells, out);
    }
    out.flush();
    return 0;
  }

  private Map<String, Object> json(List<Matrix.Cell> cells) {
    List<Object> list = new ArrayList<>(cells.size());
    for (Matrix.Cell cell : cells) {
      Map<String, Object> object = new LinkedHashMap<>();
      object.put("from", cell.from());
      object.put("to", cell.to());
      object.put("open", cell.open().toString());
      object.put("openToAll", cell.everywhere().toString());
      object.put("openPairs", cell.openPairs());
      object.put("pairs", cell.pairs());
      list.add(object);
    }
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("by", by.toString());
    object.put("cells", list);
    return object;
  }

  private static void print(List<Matrix.Cell> cells, PrintWriter out) {
    TreeSet<String> columns = new TreeSet<>();
    Map<String, Map<String, String>> rows = new LinkedHashMap<>();
    boolean narrow = true;
    for (Matrix.Cell cell : cells) {
      columns.add(cell.to());
      String text = text(cell);
      narrow &= text.length() <= WIDEST_CELL;
      rows.computeIfAbsent(cell.from(), _ -> new LinkedHashMap<>()).put(cell.to(), text);
    }
    int width = 2;
    for (String column : columns) {
      int widest = column.length();
      for (Map<String, String> row : rows.values()) {
        widest = Math.max(widest, row.getOrDefault(column, "").length());
      }
      width += widest + 2;
    }
    for (String row : rows.keySet()) {
      narrow &= width + row.length() <= WIDEST;
    }
    Table table = new Table(2);
    if (narrow) {
      List<String> head = new ArrayList<>(List.of("FROM \\ TO"));
      head.addAll(columns);
      table.row(head.toArray(new String[0]));
      rows.forEach(
          (from, row) -> {
            List<String> line = new ArrayList<>(List.of(from));
            columns.forEach(column -> line.add(row.getOrDefault(column, "")));
            table.row(line.toArray(new String[0]));
          });
    } else {
      table.row("FROM", "TO", "PAIRS", "OPEN");
      for (Matrix.Cell cell : cells) {
        if (!cell.open().isEmpty()) {
          table.row(
              cell.from(), cell.to(), cell.openPairs() + "/" + cell.pairs(), cell.open() + "");
        }
      }
    }
    table.print(out);
  }

  private static String text(Matrix.Cell cell) {
    String open =
        cell.open().isEmpty() ? "-" : cell.open().isEverything() ? "all" : cell.open().toString();
    return cell.open().equals(cell.everywhere()) ? open : open + " *";
  }
}
