package io.ovenet.cli.node;

import io.ovenet.kubernetes.Json;
import io.ovenet.kubernetes.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which agents are asked: that of this node, or those of the lab's nodes. A picocli mixin. */
public final class NodeOptions {
  private static final Path ROOT = Path.of("/");
  private static final Path USUAL = Path.of("/var/run/ovenet/admin.sock");

  @Option(
      names = "--node",
      paramLabel = "NAME",
      description = "One of the lab's nodes; all of them by default.")
  private @Nullable String node;

  @Option(
      names = "--agent-socket",
      paramLabel = "FILE",
      description =
          "The agent's admin socket. By default those of the running lab's nodes, else "
              + "/var/run/ovenet/admin.sock.")
  private @Nullable Path socket;

  /**
   * The agents that are meant; at least one.
   *
   * @throws IOException if there is none, saying what to do
   */
  public List<NodeAgent> agents() throws IOException {
    return agents(System.getenv());
  }

  List<NodeAgent> agents(Map<String, String> environment) throws IOException {
    if (socket != null) {
      return List.of(new LiveAgent("", socket, ROOT, List.of()));
    }
    var directory = environment.getOrDefault("OVENET_LAB_DIR", "");
    var status =
        directory.isEmpty()
            ? Path.of("/run/ovenet-lab/status.json")
            : Path.of(directory, "run", "status.json");
    if (Files.isReadable(status)) {
      return ofLab(Json.parse(Files.readAllBytes(status)));
    }
    if (node != null) {
      throw new IOException(
          "no lab runs ("
              + status
              + "): ask on the node itself, or name a socket with"
              + " --agent-socket");
    }
    if (!Files.exists(USUAL)) {
      throw new IOException(
          "no agent runs here ("
              + USUAL
              + "): ask on one of the cluster's nodes, start the lab"
              + " with `ovenet lab up`, or name a socket with --agent-socket");
    }
    return List.of(new LiveAgent("", USUAL, ROOT, List.of()));
  }

  /**
   * Those of several that are meant.
   *
   * @throws IOException if there is none of the name
   */
  List<NodeAgent> of(List<NodeAgent> all) throws IOException {
    List<NodeAgent> meant =
        all.stream().filter(agent -> node == null || node.equals(agent.node())).toList();
    if (meant.isEmpty()) {
      throw new IOException(
          "there is no node '" + node + "', but " + all.stream().map(NodeAgent::node).toList());
    }
    return meant;
  }

  private List<NodeAgent> ofLab(JsonObject status) throws IOException {
    List<NodeAgent> agents = new ArrayList<>();
    for (JsonObject each : status.objects("nodes")) {
      var name = each.string("name");
      // The node's /run/cilium/hubble.sock, as it is reached from outside.
      var hubble = Path.of(each.string("hubbleSocket"));
      agents.add(
          new LiveAgent(
              name,
              hubble.resolveSibling("../ovenet/admin.sock").normalize(),
              Path.of("/proc", Long.toString(each.integer("pid")), "root"),
              List.of(Path.of(each.string("agentLog")))));
    }
    return of(agents);
  }
}
