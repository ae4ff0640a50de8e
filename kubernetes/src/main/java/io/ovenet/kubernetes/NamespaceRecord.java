package io.ovenet.kubernetes;

import java.util.Map;

/** A namespace; its labels take part in the identities of its pods. */
public record NamespaceRecord(
    ObjectKey key, Map<String, String> labels, Map<String, String> annotations)
    implements KubernetesRecord {
  public NamespaceRecord {
    labels = Map.copyOf(labels);
    annotations = Map.copyOf(annotations);
  }

  public String name() {
    return key.name();
  }
}
