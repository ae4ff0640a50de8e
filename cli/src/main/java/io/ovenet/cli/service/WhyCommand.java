package io.ovenet.cli.service;

import io.ovenet.cli.node.DumpOptions;
import io.ovenet.cli.node.NodeAgent;
import io.ovenet.cli.node.NodeOptions;
import io.ovenet.kubernetes.JsonObject;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Where a connection to an address and port goes, and why nowhere. */
@Command(
    name = "why",
    description = "Who answers at an address and port, and why nobody does, on each node.",
    mixinStandardHelpOptions = true)
final class WhyCommand implements Callable<Integer> {
  @Parameters(paramLabel = "IP:PORT", description = "As clients call it.")
  private String target = "";

  @Mixin private NodeOptions nodes = new NodeOptions();
  @Mixin private DumpOptions dump = new DumpOptions();
  @Spec private CommandSpec spec = CommandSpec.create();

  /** 0 where somebody answers on every node that was asked, else 1. */
  @Override
  public Integer call() throws IOException {
    int colon = target.lastIndexOf(':');
    if (colon <= 0 || !target.substring(colon + 1).matches("[0-9]{1,5}")) {
      throw new ParameterException(
          spec.commandLine(), "'" + target + "' is no IP:PORT, such as 10.96.0.1:443");
    }
    PrintWriter out = spec.commandLine().getOut();
    boolean answered = true;
    for (NodeAgent agent : dump.agents(nodes)) {
      NodeView view = NodeView.of(agent);
      List<String> lines = new ArrayList<>();
      answered &= explain(view, target.substring(0, colon), target.substring(colon + 1), lines);
      lines.forEach(line -> out.println(line.replaceAll("\\p{Cntrl}", "�")));
    }
    out.flush();
    return answered ? 0 : 1;
  }

  /** Whether somebody answers. */
  static boolean explain(NodeView view, String address, String port, List<String> lines) {
    String node = view.node().isEmpty() ? "this node" : view.node();
    List<String> others = new ArrayList<>();
    boolean found = false;
    boolean answered = true;
    for (JsonObject service : view.services()) {
      for (JsonObject frontend : service.objects("frontends")) {
        if (!frontend.string("address").equals(address)) {
          continue;
        }
        if (!Long.toString(frontend.integer("port")).equals(port)) {
          others.add(NodeView.place(frontend) + " of " + service.string("service"));
          continue;
        }
        found = true;
        answered &= describe(node, service, frontend, lines);
      }
    }
    if (!found) {
      lines.add(
          node
              + ": no service has "
              + address
              + ":"
              + port
              + (others.isEmpty() ? "" : "; this address has " + String.join(", ", others)));
    }
    if (!view.enabled()) {
      lines.add(
          node
              + ": the agent leaves services to kube-proxy; set kube-proxy-replacement to true and"
              + " restart it");
    }
    return found && answered && view.enabled();
  }

  private static boolean describe(
      String node, JsonObject service, JsonObject frontend, List<String> lines) {
    lines.add(
        node
            + ": "
            + NodeView.place(frontend)
            + " is "
            + frontend.string("kind")
            + " of "
            + service.string("service")
            + ", from "
            + (frontend.string("from").equals("outside") ? "outside" : "the cluster")
            + (frontend.bool("localOnly") ? ", for backends of this node alone" : ""));
    List<String> chosen = frontend.strings("backends");
    Map<String, JsonObject> backends = new HashMap<>();
    for (JsonObject backend : service.objects("backends")) {
      if (backend.string("protocol").equals(frontend.string("protocol"))) {
        backends.put(backend.string("address") + ":" + backend.integer("port"), backend);
      }
    }
    for (String each : chosen) {
      lines.add("  to " + each + text(backends.get(each)));
    }
    backends.entrySet().stream()
        .filter(entry -> !chosen.contains(entry.getKey()))
        .sorted(Map.Entry.comparingByKey(Comparator.naturalOrder()))
        .forEach(entry -> lines.add("  not " + entry.getKey() + text(entry.getValue())));
    if (chosen.isEmpty()) {
      lines.add(
          backends.isEmpty()
              ? "  to nobody: no EndpointSlice of the service has an endpoint for this port; see"
                  + " whom its selector selects, and the name of its target port"
              : "  to nobody: of its endpoints none is "
                  + (frontend.bool("localOnly") ? "ready on this node" : "ready"));
    }
    List<String> ranges = frontend.strings("sourceRanges");
    if (!ranges.isEmpty()) {
      lines.add("  from outside only by " + String.join(", ", ranges));
    }
    service.strings("notes").forEach(note -> lines.add("  note: " + note));
    return !chosen.isEmpty();
  }

  private static String text(@org.jspecify.annotations.Nullable JsonObject backend) {
    if (backend == null) {
      return "";
    }
    String target = backend.string("target");
    String node = backend.string("node");
    return (target.isEmpty() ? "" : " (" + target + (node.isEmpty() ? "" : " on " + node) + ")")
        + ": "
        + backend.string("state");
  }
}
