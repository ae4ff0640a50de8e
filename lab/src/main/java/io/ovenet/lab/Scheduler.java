package io.ovenet.lab;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives each pod that has none the node with the fewest pods, among those that its nodeSelector
 * names. Runs on its informer's thread.
 */
final class Scheduler implements ResourceEventHandler<Pod>, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Scheduler.class);

  private final KubernetesClient client;
  private final Collection<String> nodes;
  private @Nullable SharedIndexInformer<Pod> informer;

  /** Pods (by uid) and the nodes they were given. */
  private final Map<String, String> bound = new HashMap<>();

  /**
   * @param nodes a view of those there are, safe for any thread
   */
  Scheduler(KubernetesClient client, Collection<String> nodes) {
    this.client = client;
    this.nodes = nodes;
  }

  void start() throws LabException, InterruptedException {
    // A resync offers a pod again that could not be bound.
    informer = Informers.start("pods", client.pods().inAnyNamespace(), this, 1000);
  }

  @Override
  public void onAdd(Pod pod) {
    String uid = pod.getMetadata().getUid();
    if (pod.getSpec().getNodeName() != null) {
      bound.put(uid, pod.getSpec().getNodeName());
      return;
    }
    if (bound.containsKey(uid) || pod.getMetadata().getDeletionTimestamp() != null) {
      return;
    }
    Map<String, String> selector =
        Objects.requireNonNullElse(pod.getSpec().getNodeSelector(), Map.of());
    String wanted = selector.get("kubernetes.io/hostname");
    String best = null;
    long fewest = Long.MAX_VALUE;
    var present = new TreeSet<>(nodes);
    for (String node : present) {
      long pods = bound.values().stream().filter(node::equals).count();
      if ((wanted == null || wanted.equals(node)) && pods < fewest) {
        best = node;
        fewest = pods;
      }
    }
    if (best == null) {
      LOG.warn(
          "{}/{} selects node {}, which the lab has not: it has {}",
          pod.getMetadata().getNamespace(),
          pod.getMetadata().getName(),
          wanted,
          present);
      return;
    }
    try {
      bind(pod, best);
      bound.put(uid, best);
    } catch (KubernetesClientException e) {
      LOG.info(
          "cannot bind {} to {}, trying again: {}",
          pod.getMetadata().getName(),
          best,
          e.getMessage());
    }
  }

  private void bind(Pod pod, String node) {
    client
        .pods()
        .inNamespace(pod.getMetadata().getNamespace())
        .withName(pod.getMetadata().getName())
        .patch(
            PatchContext.of(PatchType.JSON_MERGE),
            "{\"metadata\":{\"uid\":\""
                + pod.getMetadata().getUid()
                + "\"},\"spec\":{\"nodeName\":\""
                + node
                + "\"}}");
  }

  @Override
  public void onUpdate(Pod before, Pod pod) {
    onAdd(pod);
  }

  @Override
  public void onDelete(Pod pod, boolean finalStateUnknown) {
    bound.remove(pod.getMetadata().getUid());
  }

  @Override
  public void close() {
    SharedIndexInformer<Pod> watching = informer;
    if (watching != null) {
      watching.close();
    }
  }
}
