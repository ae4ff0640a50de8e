package io.ovenet.lab;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Runs a command in a pod, on a node, or outside of the cluster. */
@Command(
    name = "exec",
    description =
        "Run a command in a pod, on a node (node/NAME), or outside of the cluster (outside).",
    mixinStandardHelpOptions = true)
final class ExecCommand implements Callable<Integer> {
  @Mixin private LabOptions lab = new LabOptions();

  @Parameters(
      index = "0",
      paramLabel = "POD",
      description = "namespace/name, a pod's name, node/NAME, or outside.")
  private String target = "";

  @Parameters(index = "1..*", arity = "1..*", paramLabel = "CMD", description = "What to run.")
  private List<String> command = List.of();

  @Override
  public Integer call() throws IOException, InterruptedException {
    ProcessBuilder builder = new ProcessBuilder(arguments(lab.status())).inheritIO();
    if (!target.startsWith("node/") && !target.equals("outside")) {
      builder.environment().clear();
      builder.environment().put("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin");
      builder.environment().put("HOME", "/root");
      builder.environment().put("TERM", System.getenv().getOrDefault("TERM", "dumb"));
    }
    return builder.start().waitFor();
  }

  private List<String> arguments(LabStatus status) throws LabException {
    if (target.equals("outside") && status.outside() != null) {
      List<String> arguments =
          new ArrayList<>(Namespaces.entering(status.outside().pid(), Underlay.KINDS));
      arguments.addAll(command);
      return arguments;
    }
    if (target.startsWith("node/")) {
      LabStatus.Node node =
          Lookup.one("node", target, status.nodes(), each -> "node", LabStatus.Node::name);
      List<String> arguments = new ArrayList<>(Namespaces.entering(node.pid(), VirtualNode.KINDS));
      arguments.addAll(command);
      return arguments;
    }
    LabStatus.Pod pod = Lookup.pod(status, target);
    if (pod.pid() == 0) {
      throw new LabException(
          pod.namespace() + "/" + pod.name() + " does not run yet: see `ovenet lab status`");
    }
    return Invocation.joining(
        Path.of(pod.cgroup()), PodSandbox.inside(pod.pid(), pod.root(), command));
  }
}
