package io.ovenet.cli.node;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Whether nodes are asked or what a sysdump kept of them. A picocli mixin. */
public final class DumpOptions {
  @Option(
      names = {"-f", "--file"},
      paramLabel = "DUMP",
      description = "What `ovenet sysdump` wrote is asked instead of nodes.")
  private @Nullable Path file;

  /**
   * The agents that are meant; at least one.
   *
   * @throws IOException if there is none, saying what to do
   */
  public List<NodeAgent> agents(NodeOptions nodes) throws IOException {
    return file == null ? nodes.agents() : nodes.of(DumpedAgent.all(file));
  }
}
