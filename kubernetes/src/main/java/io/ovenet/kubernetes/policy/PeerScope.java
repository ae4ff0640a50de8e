package io.ovenet.kubernetes.policy;

import io.ovenet.policy.EndpointSelector;
import io.ovenet.policy.Label;
import io.ovenet.policy.LabelKeys;
import io.ovenet.policy.LabelRequirement;
import java.util.ArrayList;
import java.util.List;

/**
 * What a selector says without saying so: whose pods it means.
 *
 * @param namespace of the policy, empty if it belongs to the cluster
 */
record PeerScope(String namespace, String cluster) {

  /**
   * A peer selector as it is meant: in the policy's namespace, unless it names a namespace or a
   * label of namespaces; for a policy of the cluster in any namespace; in the own cluster, unless
   * it names one. A key with source {@code reserved} takes off all of it.
   */
  EndpointSelector peers(List<LabelRequirement> written) {
    List<LabelRequirement> requirements = new ArrayList<>(written);
    boolean namesNamespace = false;
    boolean namesNamespaceLabel = false;
    boolean namesCluster = false;
    for (LabelRequirement requirement : written) {
      if (requirement.source().equals(Label.RESERVED)) {
        return EndpointSelector.of(written);
      }
      if (isOfPod(requirement)) {
        namesNamespace |= requirement.key().equals(LabelKeys.NAMESPACE);
        namesNamespaceLabel |= requirement.key().startsWith(LabelKeys.NAMESPACE_LABELS);
        namesCluster |= requirement.key().equals(LabelKeys.CLUSTER);
      }
    }
    if (namespace.isEmpty() && !namesNamespace) {
      requirements.add(LabelRequirement.exists(Label.K8S, LabelKeys.NAMESPACE));
    }
    if (!namespace.isEmpty() && !namesNamespace && !namesNamespaceLabel) {
      requirements.add(inNamespace());
    }
    if (!namesCluster) {
      requirements.add(LabelRequirement.in(Label.K8S, LabelKeys.CLUSTER, List.of(cluster)));
    }
    return EndpointSelector.of(requirements);
  }

  /** The subjects: always in the policy's namespace, besides what is written. */
  EndpointSelector subjects(List<LabelRequirement> written) {
    List<LabelRequirement> requirements = new ArrayList<>(written);
    if (!namespace.isEmpty()) {
      requirements.add(inNamespace());
    }
    return EndpointSelector.of(requirements);
  }

  private LabelRequirement inNamespace() {
    return LabelRequirement.in(Label.K8S, LabelKeys.NAMESPACE, List.of(namespace));
  }

  private static boolean isOfPod(LabelRequirement requirement) {
    return requirement.source().equals(Label.K8S)
        || requirement.source().equals(LabelRequirement.ANY_SOURCE);
  }
}
