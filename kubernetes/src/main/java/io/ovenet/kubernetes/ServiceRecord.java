package io.ovenet.kubernetes;

import java.util.List;

/** A service, as far as flows need its name. */
public record ServiceRecord(ObjectKey key, List<String> clusterIps) implements KubernetesRecord {
  public ServiceRecord {
    clusterIps = List.copyOf(clusterIps);
  }
}
