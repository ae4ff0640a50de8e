package io.ovenet.agent;

import io.ovenet.api.flow.Workload;
import io.ovenet.kubernetes.PodRecord;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** What pods belong to, one object for a workload. Thread-safe. */
final class Workloads {
  /** More of them than a cluster has at a time: those that are gone are forgotten. */
  private static final int LIMIT = 20_000;

  /** What a pod of this node belongs to; another pod of its name is another one. */
  private record Owned(String uid, String workload) {}

  private final Map<String, Owned> pods = new ConcurrentHashMap<>();
  private final Map<String, List<Workload>> known = new ConcurrentHashMap<>();

  /** Whether that is news. */
  boolean add(PodRecord pod) {
    var workload = io.ovenet.kubernetes.Workload.of(pod);
    var owned = new Owned(pod.uid(), workload == null ? "" : workload.toString());
    var before = pods.put(pod.key().path(), owned);
    return before == null ? workload != null : !before.equals(owned);
  }

  void remove(String namespace, String pod) {
    pods.remove(namespace + "/" + pod);
  }

  /** {@code kind/name}, or empty. */
  String text(LocalEndpoint endpoint) {
    var owned = pods.get(endpoint.namespace() + "/" + endpoint.pod());
    return owned == null || !isOf(endpoint.podUid(), owned.uid) ? "" : owned.workload;
  }

  /** Runtimes that don't name the pod's uid leave it empty. */
  private static boolean isOf(@Nullable String uid, String of) {
    return uid == null || uid.isEmpty() || uid.equals(of);
  }

  List<Workload> of(LocalEndpoint endpoint) {
    return named(text(endpoint));
  }

  /** From {@code kind/name}; empty where it is not that. */
  List<Workload> named(String text) {
    var present = known.get(text);
    if (present != null) {
      return present;
    }
    var workload = io.ovenet.kubernetes.Workload.parse(text);
    if (workload == null) {
      return List.of();
    }
    if (known.size() >= LIMIT) {
      known.clear();
    }
    var made =
        List.of(Workload.newBuilder().setKind(workload.kind()).setName(workload.name()).build());
    known.put(text, made);
    return made;
  }
}
