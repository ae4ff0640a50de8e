package io.ovenet.ui;

import io.ovenet.api.flow.Endpoint;
import io.ovenet.kubernetes.world.ClusterState;
import io.ovenet.kubernetes.world.Workload;
import io.ovenet.policy.Cidr;
import io.ovenet.policy.Label;
import io.ovenet.policy.Labels;
import io.ovenet.policy.NamedPorts;
import io.ovenet.policy.ReservedIdentity;
import io.ovenet.policy.question.Party;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Who the policy library takes an end of a flow for. */
final class Parties {
  private final Map<String, Party> known = new HashMap<>();

  Parties(ClusterState state) {
    for (Workload workload : state.workloads()) {
      known.put(workload.namespace() + "/" + workload.name(), workload.party());
    }
  }

  /**
   * The pod as the cluster has it; one that is gone by the labels that the flow tells; null where
   * neither says enough.
   */
  @Nullable Party of(End end, Endpoint endpoint, String address) {
    if (end.isPod()) {
      Party pod = known.get(end.namespace() + "/" + end.pod());
      return pod != null ? pod : ofLabels(end, endpoint);
    }
    for (ReservedIdentity identity : ReservedIdentity.values()) {
      if (identity.labelName().equals(end.entity()) && !end.entity().startsWith("world")) {
        return Party.reserved(identity);
      }
    }
    try {
      return Party.outside(address, Cidr.parse(address));
    } catch (IllegalArgumentException e) {
      return null;
    }
  }

  private static @Nullable Party ofLabels(End end, Endpoint endpoint) {
    List<Label> labels = new ArrayList<>();
    try {
      for (String text : endpoint.getLabelsList()) {
        labels.add(Label.parse(text));
      }
    } catch (IllegalArgumentException e) {
      return null;
    }
    Party party =
        new Party(
            end.namespace() + "/" + end.pod(), Labels.of(labels), null, NamedPorts.NONE, false);
    return party.isPod() ? party : null;
  }

  @Nullable Party source(FlowView view) {
    return of(view.source(), view.flow().getSource(), view.flow().getIP().getSource());
  }

  @Nullable Party destination(FlowView view) {
    return of(
        view.destination(), view.flow().getDestination(), view.flow().getIP().getDestination());
  }
}
