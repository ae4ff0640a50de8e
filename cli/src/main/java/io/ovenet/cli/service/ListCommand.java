package io.ovenet.cli.service;

import io.ovenet.cli.node.NodeAgent;
import io.ovenet.cli.node.NodeOptions;
import io.ovenet.cli.policy.Columns;
import io.ovenet.cli.policy.OutputOptions;
import io.ovenet.kubernetes.Json;
import io.ovenet.kubernetes.JsonObject;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Every address by which a service is called, and who answers there. */
@Command(
    name = "list",
    description = "Addresses of services and who answers there, on each node.",
    mixinStandardHelpOptions = true)
final class ListCommand implements Callable<Integer> {
  @Mixin private NodeOptions nodes = new NodeOptions();

  @Mixin private OutputOptions output = new OutputOptions();

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() throws IOException {
    PrintWriter out = spec.commandLine().getOut();
    Map<String, Object> all = new LinkedHashMap<>();
    Columns columns = new Columns();
    columns.row("NODE", "SERVICE", "TYPE", "ADDRESS", "FROM", "BACKENDS");
    for (NodeAgent agent : nodes.agents()) {
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

  private static void rows(Columns columns, String node, JsonObject service) {
    for (JsonObject frontend : service.objects("frontends")) {
      columns.row(
          node,
          service.string("service"),
          frontend.string("kind"),
          NodeView.place(frontend),
          frontend.string("from") + (frontend.bool("localOnly") ? ", this node's alone" : ""),
          frontend.strings("backends").isEmpty()
              ? "none"
              : String.join(" ", frontend.strings("backends")));
    }
  }
}
