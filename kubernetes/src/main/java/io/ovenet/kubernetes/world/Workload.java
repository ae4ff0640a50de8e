package io.ovenet.kubernetes.world;

import io.ovenet.policy.Label;
import io.ovenet.policy.LabelKeys;
import io.ovenet.policy.question.Party;
import java.util.List;
import java.util.Map;

/**
 * A pod, or what pods are made from: a Deployment, a VirtualMachine.
 *
 * @param party named {@code namespace/name}
 * @param kind of the object it was read from
 * @param machine name of the virtual machine that it runs, empty for none
 * @param podLabels as the pod has them, those included that make no identity
 */
public record Workload(Party party, String kind, String machine, Map<String, String> podLabels) {
  private static final List<String> APPLICATION =
      List.of("app", "app.kubernetes.io/name", "k8s-app", LabelKeys.VM_NAME);

  public Workload {
    podLabels = Map.copyOf(podLabels);
  }

  public String namespace() {
    return party.namespace();
  }

  public String name() {
    return party.name().substring(party.name().indexOf('/') + 1);
  }

  /** The application, by the label that names it; else the pod's own name. */
  public String application() {
    for (String key : APPLICATION) {
      String value = party.labels().get(Label.K8S, key);
      if (value != null) {
        return value;
      }
    }
    return machine.isEmpty() ? name() : machine;
  }

  /** {@code vm shop/db} or {@code shop/web-1}. */
  public String title() {
    return machine.isEmpty() ? party.name() : "vm " + namespace() + "/" + machine;
  }
}
