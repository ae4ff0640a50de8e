package io.ovenet.policy;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Names services in a rule. What it selects is pods of the own cluster by the service's selector;
 * by the addresses of a service without one, only what lies outside the cluster.
 *
 * @param namespace of the services; empty: any
 * @param name of the one in each namespace; null where they are selected by their labels
 * @param labels that services must have, where there is no name
 * @param cluster the own one
 */
public record ServiceSelector(
    String namespace, @Nullable String name, EndpointSelector labels, String cluster)
    implements PeerGroupSelector {
  @Override
  public boolean names(PeerGroup group) {
    return group instanceof PeerService service
        && (namespace.isEmpty() || namespace.equals(service.namespace()))
        && (name == null ? labels.matches(service.k8sLabels()) : name.equals(service.name()));
  }

  @Override
  public List<PeerSelector> in(PeerGroup group) {
    PeerService service = (PeerService) group;
    List<PeerSelector> selectors = new ArrayList<>();
    if (service.selector().isEmpty()) {
      service.endpoints().forEach(address -> selectors.add(CidrSelector.of(address)));
      return selectors;
    }
    List<LabelRequirement> requirements = new ArrayList<>();
    service
        .selector()
        .forEach(
            (key, value) -> requirements.add(LabelRequirement.in(Label.K8S, key, List.of(value))));
    requirements.add(
        LabelRequirement.in(Label.K8S, LabelKeys.NAMESPACE, List.of(service.namespace())));
    requirements.add(LabelRequirement.in(Label.K8S, LabelKeys.CLUSTER, List.of(cluster)));
    selectors.add(EndpointSelector.of(requirements));
    return selectors;
  }

  @Override
  public String toString() {
    return "service "
        + (name == null ? labels.toString() : name)
        + (namespace.isEmpty() ? " of any namespace" : " of " + namespace);
  }
}
