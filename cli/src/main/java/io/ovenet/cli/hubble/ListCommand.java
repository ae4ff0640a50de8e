package io.ovenet.cli.hubble;

import io.grpc.StatusRuntimeException;
import io.ovenet.api.observer.GetNamespacesRequest;
import io.ovenet.api.observer.GetNodesRequest;
import io.ovenet.api.observer.Namespace;
import io.ovenet.api.observer.Node;
import io.ovenet.api.observer.ObserverGrpc;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code ovenet hubble list}. */
@Command(
    name = "list",
    description = "Lists nodes, or namespaces that have had flows.",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "COMMAND")
final class ListCommand implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public void run() {
    throw new CommandLine.ParameterException(spec.commandLine(), "which list? nodes or namespaces");
  }

  @Command(
      name = "namespaces",
      aliases = "namespace",
      description = "Namespaces that flows of the last hour named.",
      mixinStandardHelpOptions = true)
  int namespaces(@Mixin ServerOptions server) {
    List<Namespace> namespaces =
        call(server, stub -> stub.getNamespaces(GetNamespacesRequest.getDefaultInstance()))
            .getNamespacesList();
    Table table = new Table();
    table.row("NAMESPACE", "CLUSTER");
    for (Namespace namespace : namespaces) {
      table.row(namespace.getNamespace(), namespace.getCluster());
    }
    return print(table);
  }

  @Command(
      name = "nodes",
      aliases = "node",
      description = "Nodes behind a relay.",
      mixinStandardHelpOptions = true)
  int nodes(@Mixin ServerOptions server) {
    List<Node> nodes =
        call(server, stub -> stub.getNodes(GetNodesRequest.getDefaultInstance())).getNodesList();
    Table table = new Table();
    table.row("NAME", "STATUS", "AGE", "FLOWS/S", "CURRENT/MAX-FLOWS");
    for (Node node : nodes) {
      double seconds = node.getUptimeNs() / 1e9;
      table.row(
          node.getName(),
          status(node),
          seconds == 0 ? "N/A" : age((long) seconds),
          seconds == 0 ? "N/A" : String.format(Locale.ROOT, "%.2f", node.getSeenFlows() / seconds),
          node.getMaxFlows() == 0
              ? "N/A"
              : String.format(
                  Locale.ROOT,
                  "%d/%d (%6.2f%%)",
                  node.getNumFlows(),
                  node.getMaxFlows(),
                  100.0 * node.getNumFlows() / node.getMaxFlows()));
    }
    return print(table);
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

  private static String age(long seconds) {
    long days = TimeUnit.SECONDS.toDays(seconds);
    if (days > 0) {
      return days + "d" + TimeUnit.SECONDS.toHours(seconds) % 24 + "h";
    }
    long hours = TimeUnit.SECONDS.toHours(seconds);
    long minutes = TimeUnit.SECONDS.toMinutes(seconds) % 60;
    return hours > 0 ? hours + "h" + minutes + "m" : minutes + "m" + seconds % 60 + "s";
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
