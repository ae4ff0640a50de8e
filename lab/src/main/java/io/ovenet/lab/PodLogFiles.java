package io.ovenet.lab;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.ovenet.lab.api.ApiException;
import io.ovenet.lab.api.PodLogs;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The files that containers' output goes to, as the API's `logs` reads them. Thread-safe. */
final class PodLogFiles implements PodLogs {
  private final Function<String, @Nullable VirtualNode> nodes;
  private volatile @Nullable KubernetesClient client;

  PodLogFiles(Function<String, @Nullable VirtualNode> nodes) {
    this.nodes = nodes;
  }

  /** Gives the client, which exists only after the server that asks for logs. */
  void use(KubernetesClient newClient) {
    client = newClient;
  }

  @Override
  public void write(Request request, OutputStream out) throws IOException, InterruptedException {
    Pod pod = pod(request);
    String container = container(request, pod);
    VirtualNode node =
        pod.getSpec().getNodeName() == null ? null : nodes.apply(pod.getSpec().getNodeName());
    if (node == null) {
      throw new ApiException(
          400, "BadRequest", "pod " + request.pod() + " does not have a host assigned");
    }
    Path file =
        RelayPod.is(pod)
            ? node.log("relay")
            : node.run("kubelet/logs/" + pod.getMetadata().getUid()).resolve(container + ".log");
    if (!Files.exists(file)) {
      throw new ApiException(
          400,
          "BadRequest",
          "container \"" + container + "\" in pod \"" + request.pod() + "\" is waiting to start");
    }
    String uid = pod.getMetadata().getUid();
    long start = request.tailLines() < 0 ? 0 : startOfTail(file, request.tailLines());
    try (FileFollower from =
        new FileFollower(file, start, () -> request.follow() && runs(request, uid))) {
      from.drain(
          chunk -> {
            out.write(chunk);
            out.flush();
          });
    }
  }

  private Pod pod(Request request) {
    KubernetesClient api = client;
    Pod pod =
        api == null
            ? null
            : api.pods().inNamespace(request.namespace()).withName(request.pod()).get();
    if (pod == null) {
      throw new ApiException(404, "NotFound", "pods \"" + request.pod() + "\" not found");
    }
    return pod;
  }

  private static String container(Request request, Pod pod) {
    List<String> names = pod.getSpec().getContainers().stream().map(Container::getName).toList();
    if (request.container().isEmpty()) {
      return names.getFirst();
    }
    if (!names.contains(request.container())) {
      throw new ApiException(
          400,
          "BadRequest",
          "container " + request.container() + " is not valid for pod " + request.pod());
    }
    return request.container();
  }

  private boolean runs(Request request, String uid) {
    KubernetesClient api = client;
    Pod pod =
        api == null
            ? null
            : api.pods().inNamespace(request.namespace()).withName(request.pod()).get();
    return pod != null
        && pod.getMetadata().getUid().equals(uid)
        && (pod.getStatus() == null
            || !List.of("Succeeded", "Failed")
                .contains(String.valueOf(pod.getStatus().getPhase())));
  }

  /** How many bytes come before the last lines. */
  static long startOfTail(Path file, long lines) throws IOException {
    byte[] all = Files.readAllBytes(file);
    int at = all.length;
    long left = lines;
    while (at > 0) {
      if (all[at - 1] == '\n' && at != all.length && --left == 0) {
        return at;
      }
      at--;
    }
    return lines == 0 ? all.length : 0;
  }
}
