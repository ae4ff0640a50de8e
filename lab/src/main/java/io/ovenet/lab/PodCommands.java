package io.ovenet.lab;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.ovenet.lab.api.ApiException;
import io.ovenet.lab.api.PodExec;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Commands in pods' containers, as the API's `exec` asks for them. Thread-safe. */
final class PodCommands implements PodExec {
  private final Map<String, VirtualNode> nodes;
  private final Map<String, Kubelet> kubelets;
  private volatile @Nullable KubernetesClient client;

  /** Of the nodes and kubelets that there are when a command is asked for. */
  PodCommands(Map<String, VirtualNode> nodes, Map<String, Kubelet> kubelets) {
    this.nodes = nodes;
    this.kubelets = kubelets;
  }

  /** Gives the client, which exists only after the server that asks for commands. */
  void use(KubernetesClient newClient) {
    client = newClient;
  }

  @Override
  public Process start(Request request) throws IOException {
    KubernetesClient api = client;
    Pod pod =
        api == null
            ? null
            : api.pods().inNamespace(request.namespace()).withName(request.pod()).get();
    if (pod == null) {
      throw new ApiException(404, "NotFound", "pods \"" + request.pod() + "\" not found");
    }
    String on = String.valueOf(pod.getSpec().getNodeName());
    VirtualNode node = nodes.get(on);
    Kubelet kubelet = kubelets.get(on);
    PodWorker.View view = kubelet == null ? null : kubelet.view(pod.getMetadata().getUid());
    if (node == null || view == null || view.holder() == 0 || view.addresses().isEmpty()) {
      throw new ApiException(
          400, "BadRequest", "pod " + request.pod() + " does not run: see its status");
    }
    ContainerSpec container = container(request, pod, view.addresses().getFirst(), node);
    List<String> command = PodSandbox.inside(view.holder(), view.root(), request.command());
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
