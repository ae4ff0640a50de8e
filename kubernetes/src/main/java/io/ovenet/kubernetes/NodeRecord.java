package io.ovenet.kubernetes;

import java.util.List;
import java.util.Map;

/** A node as the cluster knows it. */
public record NodeRecord(
    ObjectKey key,
    Map<String, String> labels,
    Map<String, String> annotations,
    List<NodeAddress> addresses,
    List<String> podCidrs)
    implements KubernetesRecord {
  public NodeRecord {
    labels = Map.copyOf(labels);
    annotations = Map.copyOf(annotations);
    addresses = List.copyOf(addresses);
    podCidrs = List.copyOf(podCidrs);
  }

  public String name() {
    return key.name();
  }
}
