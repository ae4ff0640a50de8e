package io.ovenet.cli.service;

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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Every address by which a service is called, and who answers there. */
@Command(
    name = "list",
    description = "Addresses of services and who answers there, on each node.",
    mixinStandardHelpOptions = true)
final class ListCommand implements Callable<Integer> {
  @Option(names = "--kernel", description = "What the kernel has, instead of what it should have.")
  private boolean kernel;

  @Mixin private NodeOptions nodes = new NodeOptions();
  @Mixin private DumpOptions dump = new DumpOptions();

  @Mixin private OutputOptions output = new OutputOptions();

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() throws IOException {
    PrintWriter out = spec.commandLine().getOut();
    if (kernel) {
      listKernel(out);
      out.flush();
      return 0;
    }
    Map<String, Object> all = new LinkedHashMap<>();
    Table columns = new Table(2);
    columns.row("NODE", "SERVICE", "TYPE", "ADDRESS", "FROM", "BACKENDS");
    for (NodeAgent agent : dump.agents(nodes)) {
      NodeView view = NodeView.of(agent);
      all.put(
          view.node(),
          Map.of(
              "enabled",
              view.enabled(),
              "services",
              view.services().stream().map(JsonObject::fields).toList()));
      view.services().forEach(service -> rows(columns, view.node(), service));
    }
    if (output.isJson()) {
      out.println(new String(Json.write(Map.of("nodes", all)), StandardCharsets.UTF_8));
    } else {
      columns.print(out);
    }
    out.flush();
    return 0;
  }

  private void listKernel(PrintWriter out) throws IOException {
    Table table = new Table(2);
    table.row("NODE", "SERVICE", "ADDRESS", "FROM", "BACKENDS");
    for (NodeAgent agent : dump.agents(nodes)) {
      agent.list(
          "list-service-kernel",
          entry -> {
            if (output.isJson()) {
              Map<String, Object> line = new LinkedHashMap<>();
              line.put("node", agent.node());
              line.putAll(entry.fields());
              out.println(new String(Json.write(line), StandardCharsets.UTF_8));
              return;
            }
            table.row(
                agent.node(),
                entry.string("service"),
                NodeView.place(entry),
                entry.string("from") + (entry.bool("localOnly") ? ", this node's alone" : ""),
                backends(entry));
          });
    }
    if (!output.isJson()) {
      table.print(out);
    }
  }

  private static String backends(JsonObject frontend) {
    List<String> backends = frontend.strings("backends");
    return backends.isEmpty() ? "none" : String.join(" ", backends);
  }

  private static void rows(Table columns, String node, JsonObject service) {
    for (JsonObject frontend : service.objects("frontends")) {
      columns.row(
          node,
          service.string("service"),
          frontend.string("kind"),
          NodeView.place(frontend),
          frontend.string("from") + (frontend.bool("localOnly") ? ", this node's alone" : ""),
          backends(frontend));
    }
  }
}
