package io.ovenet.lab;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Stands in for the kubelet of one node: watches the pods that are bound to it and gives each a
 * worker. Thread-safe.
 */
final class Kubelet implements ResourceEventHandler<Pod>, AutoCloseable {
  private final KubernetesClient client;
  private final VirtualNode node;
  private final CniRuntime cni;
  private final PodWorker.Programs programs;
  private final Map<String, PodWorker> workers = new ConcurrentHashMap<>();
  private final Map<String, Thread> threads = new ConcurrentHashMap<>();
  private @Nullable SharedIndexInformer<Pod> informer;

  Kubelet(KubernetesClient client, VirtualNode node, PodWorker.Programs programs) {
    this.client = client;
    this.node = node;
    this.cni = new CniRuntime(node.holder(), node.networkConfigurations());
    this.programs = programs;
  }

  void start() throws IOException, InterruptedException {
    RootFileSystem.makePrograms(node.run("kubelet/busybox"));
    informer =
        Informers.start(
            "the pods of " + node.name(),
            client.pods().inAnyNamespace().withField("spec.nodeName", node.name()),
            this,
            0);
  }

  /** What a pod's worker has made of it; null if there is none. */
  PodWorker.@Nullable View view(String uid) {
    PodWorker worker = workers.get(uid);
    return worker == null ? null : worker.view();
  }

  @Override
  public void onAdd(Pod pod) {
    if (RelayPod.is(pod)) {
      return;
    }
    String uid = pod.getMetadata().getUid();
    workers.computeIfAbsent(
        uid,
        _ -> {
          PodWorker worker = new PodWorker(client, node, cni, programs, pod);
          threads.put(
              uid,
              Thread.ofVirtual()
                  .name(
                      "pod-" + pod.getMetadata().getNamespace() + "/" + pod.getMetadata().getName())
                  .start(
                      () -> {
                        try {
                          worker.run();
                        } finally {
                          workers.remove(uid);
                          threads.remove(uid);
                        }
                      }));
          return worker;
        });
  }

  @Override
  public void onUpdate(Pod before, Pod pod) {
    if (!before.getMetadata().getUid().equals(pod.getMetadata().getUid())) {
      // A deletion and a new pod of the same name may come as one change.
      onDelete(before, true);
      onAdd(pod);
      return;
    }
    PodWorker worker = workers.get(pod.getMetadata().getUid());
    if (worker != null) {
      worker.tell(new PodWorker.Event.Changed(pod));
    } else if (RelayPod.is(pod) && pod.getMetadata().getDeletionTimestamp() != null) {
      client.resource(pod).withGracePeriod(0).delete();
    }
  }

  @Override
  public void onDelete(Pod pod, boolean finalStateUnknown) {
    PodWorker worker = workers.get(pod.getMetadata().getUid());
    if (worker != null) {
      worker.tell(new PodWorker.Event.Removed());
    } else if (RelayPod.is(pod)) {
      // The process goes on, so its object comes again, as a static pod's does.
      RelayPod.make(client, node);
    }
  }

  /** Stops looking after pods; their processes end with the node. */
  @Override
  public void close() {
    SharedIndexInformer<Pod> watching = informer;
    if (watching != null) {
      watching.close();
    }
    threads.values().forEach(Thread::interrupt);
  }
}
