package io.ovenet.lab;

import io.fabric8.kubernetes.api.model.Pod;
import io.ovenet.lab.api.ApiException;
import io.ovenet.lab.api.PodExec;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** Commands in pods' containers, as the API's `exec` asks for them. Thread-safe. */
final class PodCommands implements PodExec {
  private final RunningPods pods;

  PodCommands(RunningPods pods) {
    this.pods = pods;
  }

  @Override
  public Process start(Request request) throws IOException {
    RunningPods.Running running = pods.find(request.namespace(), request.pod());
    Pod pod = running.pod();
    if (RelayPod.is(pod)) {
      throw new ApiException(
          400, "BadRequest", "pod " + request.pod() + " is a process of its node: see its logs");
    }
    VirtualNode node = running.node();
    ContainerSpec container = container(request, pod, running.address(), node);
    List<String> command = PodSandbox.inside(running.holder(), running.root(), request.command());
    if (request.tty()) {
      command = onTerminal(command);
    }
    ProcessBuilder builder =
        new ProcessBuilder(
            Invocation.joining(
                PodSandbox.group(node, pod.getMetadata().getUid()).procs(), command));
    builder.environment().clear();
    builder.environment().putAll(container.environment());
    builder.environment().put("TERM", "xterm");
    return builder.start();
  }

  private static ContainerSpec container(
      Request request, Pod pod, String address, VirtualNode node) {
    List<ContainerSpec> all = ContainerSpec.of(pod, address, node.address());
    if (request.container().isEmpty()) {
      return all.getFirst();
    }
    return all.stream()
        .filter(each -> each.name().equals(request.container()))
        .findFirst()
        .orElseThrow(
            () ->
                new ApiException(
                    400,
                    "BadRequest",
                    "container " + request.container() + " is not valid for pod " + request.pod()));
  }

  /** Under `script`, which has a terminal for it, whoever asks. */
  private static List<String> onTerminal(List<String> command) {
    String quoted =
        command.stream()
            .map(word -> "'" + word.replace("'", "'\\''") + "'")
            .collect(Collectors.joining(" "));
    return new ArrayList<>(
        List.of(
            "/usr/bin/script",
            "--quiet",
            "--return",
            "--flush",
            "--command",
            "exec " + quoted,
            "/dev/null"));
  }
}
