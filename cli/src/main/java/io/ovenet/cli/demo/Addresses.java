package io.ovenet.cli.demo;

import io.fabric8.kubernetes.api.model.Pod;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Where workloads are: their pods, and the address of who is outside. Thread-safe. */
final class Addresses {
  private final String outside;
  private final Map<Workload, Pod> pods = new ConcurrentHashMap<>();

  Addresses(String outside) {
    this.outside = outside;
  }

  void put(Workload workload, Pod pod) {
    pods.put(workload, pod);
  }

  boolean knows(Workload workload) {
    return workload.outside() || pods.containsKey(workload);
  }

  String of(Workload workload) {
    if (workload.outside()) {
      return outside;
    }
    Pod pod = pods.get(workload);
    if (pod == null) {
      throw new IllegalStateException("no pod known for " + workload);
    }
    return pod.getStatus().getPodIP();
  }
}
