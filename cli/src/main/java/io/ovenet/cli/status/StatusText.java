package io.ovenet.cli.status;

import io.ovenet.cli.text.Table;
import io.ovenet.cli.text.Terminal;
import io.ovenet.kubernetes.JsonObject;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** How nodes are, for people: a row each, who reaches whom, then what is wrong. */
final class StatusText {
  /** Of more nodes than these only what is wrong is shown of who reaches whom. */
  private static final int WIDEST = 12;

  private final List<NodeView> nodes;

  StatusText(List<NodeView> nodes) {
    this.nodes = nodes;
  }

  void print(PrintWriter out, boolean wholeMatrix) {
    rows(out);
    out.println();
    matrix(out, wholeMatrix);
    problems(out);
  }

  private void rows(PrintWriter out) {
    Table table = new Table(2);
    table.row("NODE", "STATE", "ENDPOINTS", "POLICIES", "REVISION", "CONNECTIONS", "DROPS", "LOST");
    for (NodeView view : nodes) {
      JsonObject answer = view.answer();
      if (!view.failure().isEmpty()) {
        table.row(name(view), "no answer", "-", "-", "-", "-", "-", "-");
        continue;
      }
      JsonObject policies = answer.object("policies");
      long drops = 0;
      for (JsonObject drop : answer.objects("drops")) {
        drops += drop.integer("packets");
      }
      table.row(
          name(view),
          answer.bool("ready") ? (view.problems().isEmpty() ? "well" : "ready") : "not ready",
          Long.toString(answer.object("endpoints").integer("total")),
          policies.integer("total")
              + (policies.integer("behind") == 0 ? "" : ", " + policies.integer("behind") + " due"),
          Long.toString(policies.integer("revision")),
          entries(answer, "conntrack_map"),
          Long.toString(drops),
          Long.toString(answer.object("events").integer("lost")));
    }
    table.print(out);
  }

  private static String name(NodeView view) {
    return view.node().isEmpty() ? view.answer().string("node") : view.node();
  }

  private static String entries(JsonObject answer, String table) {
    for (JsonObject each : answer.objects("tables")) {
      if (each.string("name").equals(table)) {
        return each.integer("entries") + " of " + each.integer("room");
      }
    }
    return "-";
  }

  private void matrix(PrintWriter out, boolean whole) {
    var others = new TreeSet<String>();
    nodes.forEach(view -> others.addAll(view.others()));
    if (others.isEmpty()) {
      return;
    }
    if (others.size() > WIDEST && !whole) {
      int asked = 0;
      int reached = 0;
      for (NodeView view : nodes) {
        for (String other : view.others()) {
          asked++;
          reached += view.reaches(other) ? 1 : 0;
        }
      }
      out.println(
          "node to node: " + reached + " of " + asked + " reached; --matrix shows each of them");
      out.println();
      return;
    }
    out.println("node to node, milliseconds there and back: itself / by the pods' network");
    Table table = new Table(2);
    List<String> head = new ArrayList<>(List.of("FROM \\ TO"));
    head.addAll(others);
    table.row(head.toArray(String[]::new));
    for (NodeView view : nodes) {
      List<String> row = new ArrayList<>(List.of(name(view)));
      for (String other : others) {
        row.add(
            other.equals(name(view))
                ? "-"
                : time(view.probe(other, "node")) + " / " + time(view.probe(other, "pods")));
      }
      table.row(row.toArray(String[]::new));
    }
    table.print(out);
    out.println();
  }

  private static String time(@Nullable JsonObject probe) {
    if (probe == null) {
      return "?";
    }
    if (!probe.bool("reached")) {
      return "NO";
    }
    return probe.fields().get("milliseconds") instanceof Number time
        ? String.format(Locale.ROOT, "%.1f", time.doubleValue())
        : "?";
  }

  private void problems(PrintWriter out) {
    int count = 0;
    for (NodeView view : nodes) {
      for (String problem : view.problems()) {
        out.println(Terminal.safe(name(view) + ": " + problem));
        count++;
      }
    }
    out.println(count == 0 ? "all is well" : count + (count == 1 ? " problem" : " problems"));
  }
}
