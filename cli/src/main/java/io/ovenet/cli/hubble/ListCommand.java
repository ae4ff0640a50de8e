package io.ovenet.cli.hubble;

import io.grpc.StatusRuntimeException;
import io.ovenet.api.observer.GetNamespacesRequest;
import io.ovenet.api.observer.GetNodesRequest;
import io.ovenet.api.observer.Namespace;
import io.ovenet.api.observer.Node;
import io.ovenet.api.observer.ObserverGrpc;
import io.ovenet.cli.text.Table;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code ovenet hubble list}. */
@Command(
    name = "list",
    description = "Lists nodes, or namespaces that have had flows.",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "COMMAND")
final class ListCommand implements Runnable {
  private static final String FORMS = "table, wide or json";
  private static final String UNKNOWN = "N/A";
  private static final long SECOND = 1_000_000_000L;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public void run() {
    throw new CommandLine.ParameterException(spec.commandLine(), "which list? nodes or namespaces");
  }

  @Command(
      name = "namespaces",
      aliases = {"namespace", "ns"},
      description = "Namespaces that flows of the last hour named.",
      mixinStandardHelpOptions = true)
  int namespaces(
      @Mixin HubbleServerOptions server,
      @Option(
              names = {"-o", "--output"},
              defaultValue = "table",
              paramLabel = "FORM",
              description = FORMS)
          String output) {
    List<Namespace> namespaces =
        call(server, stub -> stub.getNamespaces(GetNamespacesRequest.getDefaultInstance()))
            .getNamespacesList();
    if (isJson(output)) {
      return print(IndentedJson.of(namespaces));
    }
    boolean wide = output.equals("wide");
    Table table = new Table(3);
    if (wide) {
      table.row("NAMESPACE", "CLUSTER");
    } else {
      table.row("NAMESPACE");
    }
    for (Namespace namespace : namespaces) {
      if (wide && !namespace.getCluster().isEmpty()) {
        table.row(namespace.getNamespace(), namespace.getCluster());
      } else {
        table.row(namespace.getNamespace());
      }
    }
    return print(table);
  }

  @Command(
      name = "nodes",
      aliases = "node",
      description = "Nodes behind a relay.",
      mixinStandardHelpOptions = true)
  int nodes(
      @Mixin HubbleServerOptions server,
      @Option(
              names = {"-o", "--output"},
              defaultValue = "table",
              paramLabel = "FORM",
              description = FORMS)
          String output) {
    List<Node> nodes =
        call(server, stub -> stub.getNodes(GetNodesRequest.getDefaultInstance()))
            .getNodesList()
            .stream()
            .sorted(Comparator.comparing(Node::getName))
            .toList();
    if (isJson(output)) {
      return print(IndentedJson.of(nodes));
    }
    var header = new ArrayList<>(List.of("NAME", "STATUS", "AGE", "FLOWS/S", "CURRENT/MAX-FLOWS"));
    boolean wide = output.equals("wide");
    if (wide) {
      header.addAll(List.of("VERSION", "ADDRESS", "TLS"));
    }
    Table table = new Table(3);
    table.row(header.toArray(String[]::new));
    for (Node node : nodes) {
      long seconds = (node.getUptimeNs() + SECOND / 2) / SECOND;
      var cells = new ArrayList<String>();
      cells.add(node.getName());
      cells.add(status(node));
      cells.add(seconds == 0 ? UNKNOWN : GoDuration.of(seconds * SECOND));
      cells.add(
          seconds == 0
              ? UNKNOWN
              : String.format(Locale.ROOT, "%.2f", (double) node.getSeenFlows() / seconds));
      cells.add(
          node.getMaxFlows() == 0
              ? UNKNOWN
              : String.format(
                  Locale.ROOT,
                  "%d/%d (%6.2f%%)",
                  node.getNumFlows(),
                  node.getMaxFlows(),
                  100.0 * node.getNumFlows() / node.getMaxFlows()));
      if (wide) {
        cells.add(node.getVersion().isEmpty() ? UNKNOWN : node.getVersion());
        cells.add(node.getAddress());
        cells.add(!node.hasTls() ? UNKNOWN : node.getTls().getEnabled() ? "Enabled" : "Disabled");
      }
      table.row(cells.toArray(String[]::new));
    }
    return print(table);
  }

  private static boolean isJson(String output) {
    return switch (output) {
      case "json" -> true;
      case "table", "wide" -> false;
      default -> throw new HubbleException("-o " + output + ": the forms are " + FORMS);
    };
  }

  private int print(String text) {
    PrintWriter out = spec.commandLine().getOut();
    out.println(text);
    out.flush();
    return 0;
  }

  private static String status(Node node) {
    return switch (node.getState()) {
      case NODE_CONNECTED -> "Connected";
      case NODE_UNAVAILABLE -> "Unavailable";
      case NODE_GONE -> "Gone";
      case NODE_ERROR -> "Error";
      case UNKNOWN_NODE_STATE, UNRECOGNIZED -> "Unknown";
    };
  }

  private int print(Table table) {
    PrintWriter out = spec.commandLine().getOut();
    table.print(out);
    out.flush();
    return 0;
  }

  private static <T> T call(
      ServerOptions server, Function<ObserverGrpc.ObserverBlockingStub, T> request) {
    try (HubbleClient client = server.connect()) {
      try {
        return request.apply(
            ObserverGrpc.newBlockingStub(client.channel())
                .withDeadlineAfter(HubbleClient.CALL_SECONDS, TimeUnit.SECONDS));
      } catch (StatusRuntimeException e) {
        throw ServerOptions.explain(client.server(), e);
      }
    }
  }
}
