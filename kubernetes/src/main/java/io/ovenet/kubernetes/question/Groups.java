package io.ovenet.kubernetes.question;

import io.ovenet.kubernetes.world.ClusterState;
import io.ovenet.kubernetes.world.Workload;
import io.ovenet.policy.ReservedIdentity;
import io.ovenet.policy.question.Party;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** Parties by what people call them together. */
public enum Groups {
  NAMESPACE,
  APPLICATION,
  POD;

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }

  private String of(Workload workload) {
    return switch (this) {
      case NAMESPACE -> workload.namespace();
      case APPLICATION -> workload.namespace() + "/" + workload.application();
      case POD -> workload.title();
    };
  }

  /** All pods, and after them the host and the world. */
  public Map<String, List<Party>> all(ClusterState state) {
    Map<String, List<Party>> groups = pods(state.workloads());
    groups.put("(host)", List.of(Party.reserved(ReservedIdentity.HOST)));
    groups.put("(world)", List.of(Party.reserved(ReservedIdentity.WORLD)));
    return groups;
  }

  /** Those of a namespace, or those that an expression means. */
  public Map<String, List<Party>> of(ClusterState state, String text, String namespace) {
    List<Workload> in = new ArrayList<>();
    for (Workload workload : state.workloads()) {
      if (workload.namespace().equals(text)) {
        in.add(workload);
      }
    }
    if (!in.isEmpty()) {
      return pods(in);
    }
    List<Party> parties = new EndExpression(state, namespace).parties(text);
    Map<String, List<Party>> groups = new LinkedHashMap<>();
    List<Workload> meant = new ArrayList<>();
    for (Party party : parties) {
      boolean pod = false;
      for (Workload workload : state.workloads()) {
        if (workload.party().subject().equals(party.subject())) {
          meant.add(workload);
          pod = true;
        }
      }
      if (!pod) {
        groups.put(party.name(), List.of(party));
      }
    }
    groups.putAll(pods(meant));
    return groups;
  }

  private Map<String, List<Party>> pods(List<Workload> workloads) {
    Map<String, List<Party>> groups = new TreeMap<>();
    for (Workload workload : Set.copyOf(workloads)) {
      groups.computeIfAbsent(of(workload), _ -> new ArrayList<>()).add(workload.party());
    }
    return groups;
  }
}
