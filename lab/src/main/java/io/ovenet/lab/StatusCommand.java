package io.ovenet.lab;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.Objects;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Prints what there is. */
@Command(
    name = "status",
    description = "Show nodes, pods and virtual machines.",
    mixinStandardHelpOptions = true)
final class StatusCommand implements Callable<Integer> {
  @Mixin private LabOptions lab = new LabOptions();
  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(names = "--json", description = "For machines.")
  private boolean json;

  @Override
  public Integer call() throws IOException {
    LabStatus status = lab.status();
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      out.println(status.json());
      out.flush();
      return 0;
    }
    out.printf("Lab %s is %s%n", status.name(), status.state());
    out.printf("Kubeconfig  %s%n", status.kubeconfig());
    if (status.api() != null && status.api().page() != null) {
      out.printf("Page        %s%n", status.api().page());
    }
    for (LabStatus.Node node : status.nodes()) {
      out.printf(
          "Node        %s  %s  pods %s%n            hubble %s%n            log    %s%n",
          node.name(),
          node.address(),
          Objects.requireNonNullElse(node.podCidr(), "-"),
          node.hubbleSocket(),
          node.agentLog());
    }
    for (LabStatus.Pod pod : status.pods()) {
      out.printf(
          "Pod         %s/%s  %s  %s  identity %s  %s%n",
          pod.namespace(),
          pod.name(),
          pod.phase(),
          Objects.requireNonNullElse(pod.ip(), "-"),
          pod.identity() == null ? "-" : pod.identity().toString(),
          Objects.requireNonNullElse(pod.node(), "-"));
    }
    for (LabStatus.VirtualMachine machine : status.vms()) {
      out.printf(
          "VM          %s/%s  %s  %s  identity %s  %s%n",
          machine.namespace(),
          machine.name(),
          machine.phase(),
          Objects.requireNonNullElse(machine.ip(), "-"),
          machine.identity() == null ? "-" : machine.identity().toString(),
          Objects.requireNonNullElse(machine.node(), "-"));
    }
    out.flush();
    return 0;
  }
}
