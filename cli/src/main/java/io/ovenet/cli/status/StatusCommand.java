package io.ovenet.cli.status;

import io.ovenet.cli.node.DumpOptions;
import io.ovenet.cli.node.NodeAgent;
import io.ovenet.cli.node.NodeOptions;
import io.ovenet.cli.text.OutputOptions;
import io.ovenet.kubernetes.Json;
import io.ovenet.kubernetes.JsonObject;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code ovenet status}. */
@Command(
    name = "status",
    description =
        "How the nodes are, whom of each other they reach, and what is wrong with what to do.",
    mixinStandardHelpOptions = true,
    exitCodeListHeading = "%nExit status:%n",
    exitCodeList = {"0:all is well", "1:something is wrong, and told", "2:wrong arguments"})
public final class StatusCommand implements Callable<Integer> {
  @Option(
      names = "--matrix",
      description = "Who reaches whom, each pair, however many nodes there are.")
  private boolean matrix;

  @Mixin private NodeOptions nodes = new NodeOptions();
  @Mixin private DumpOptions dump = new DumpOptions();
  @Mixin private OutputOptions output = new OutputOptions();
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() throws IOException {
    List<NodeView> views = new ArrayList<>();
    for (NodeAgent agent : dump.agents(nodes)) {
      views.add(ask(agent));
    }
    PrintWriter out = spec.commandLine().getOut();
    if (output.isJson()) {
      List<Object> all = new ArrayList<>();
      views.forEach(view -> all.add(view.fields()));
      out.println(new String(Json.write(Map.of("nodes", all)), StandardCharsets.UTF_8));
    } else {
      new StatusText(views).print(out, matrix);
    }
    out.flush();
    return views.stream().allMatch(view -> view.problems().isEmpty()) ? 0 : 1;
  }

  private static NodeView ask(NodeAgent agent) {
    try {
      return new NodeView(agent.node(), agent.ask("status", Map.of()), "");
    } catch (IOException e) {
      return new NodeView(agent.node(), JsonObject.EMPTY, String.valueOf(e.getMessage()));
    }
  }
}
