package io.ovenet.kubernetes;

import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A node as agents and operator know it.
 *
 * @param labels its Node's, by which policies select it
 * @param podCidrs what the operator gave the node, as the API has it
 * @param depletedPodCidrs those of which the node's agent says that too few addresses are left
 * @param policyRevision the policy revision that the node's agent has in force, 0 before it says so
 * @param operatorError why the operator could not serve the node, empty when all is well
 */
public record CiliumNodeRecord(
    ObjectKey key,
    String resourceVersion,
    Map<String, String> labels,
    List<NodeAddress> addresses,
    List<String> podCidrs,
    Set<String> depletedPodCidrs,
    long policyRevision,
    String operatorError)
    implements KubernetesRecord {
  public CiliumNodeRecord {
    labels = Map.copyOf(labels);
    addresses = List.copyOf(addresses);
    podCidrs = List.copyOf(podCidrs);
    depletedPodCidrs = Set.copyOf(depletedPodCidrs);
  }

  public String name() {
    return key.name();
  }
}
