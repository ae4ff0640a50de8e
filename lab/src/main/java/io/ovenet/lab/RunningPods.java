package io.ovenet.lab;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.ovenet.lab.api.ApiException;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Finds what runs of the API's pods. Thread-safe. */
final class RunningPods {
  /**
   * A pod that runs.
   *
   * @param holder the process that holds its namespaces
   * @param root of its files
   */
  record Running(Pod pod, VirtualNode node, long holder, String root, String address) {}

  private final Map<String, VirtualNode> nodes;
  private final Map<String, Kubelet> kubelets;
  private volatile @Nullable KubernetesClient client;

  /** Of the nodes and kubelets that there are when a pod is asked for. */
  RunningPods(Map<String, VirtualNode> nodes, Map<String, Kubelet> kubelets) {
    this.nodes = nodes;
    this.kubelets = kubelets;
  }

  /** Gives the client, which exists only after the server that asks for pods. */
  void use(KubernetesClient newClient) {
    client = newClient;
  }

  /**
   * Finds one.
   *
   * @throws ApiException if there is no such pod, or it does not run
   */
  Running find(String namespace, String name) {
    KubernetesClient api = client;
    Pod pod = api == null ? null : api.pods().inNamespace(namespace).withName(name).get();
    if (pod == null) {
      throw new ApiException(404, "NotFound", "pods \"" + name + "\" not found");
    }
    String on = String.valueOf(pod.getSpec().getNodeName());
    VirtualNode node = nodes.get(on);
    if (node != null && RelayPod.is(pod)) {
      return new Running(pod, node, node.holder(), "/", node.address());
    }
    Kubelet kubelet = kubelets.get(on);
    PodWorker.View view = kubelet == null ? null : kubelet.view(pod.getMetadata().getUid());
    if (node == null || view == null || view.holder() == 0 || view.addresses().isEmpty()) {
      throw new ApiException(400, "BadRequest", "pod " + name + " does not run: see its status");
    }
    return new Running(pod, node, view.holder(), view.root(), view.addresses().getFirst());
  }
}
