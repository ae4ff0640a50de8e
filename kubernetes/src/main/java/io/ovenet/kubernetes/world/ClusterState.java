package io.ovenet.kubernetes.world;

import io.ovenet.kubernetes.policy.ParsedPolicy;
import io.ovenet.kubernetes.policy.PolicyParser;
import io.ovenet.policy.PeerGroup;
import io.ovenet.policy.PolicyException;
import io.ovenet.policy.PolicyKey;
import io.ovenet.policy.PolicyKind;
import io.ovenet.policy.PolicyObject;
import io.ovenet.policy.PolicySettings;
import io.ovenet.policy.RuleOrigin;
import io.ovenet.policy.question.Judge;
import io.ovenet.policy.question.Party;
import io.ovenet.policy.question.Why;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Who there is and what policies there are, at one moment. Immutable.
 *
 * @param nodes addresses of nodes, as any other node knows them, and of API servers outside
 * @param namespaces their labels
 * @param policies by key
 * @param groups that policies may name
 * @param groupDocuments the objects that these were read from
 */
public record ClusterState(
    PolicySettings settings,
    List<Workload> workloads,
    List<Party> nodes,
    Map<String, Map<String, String>> namespaces,
    Map<PolicyKey, PolicyDocument> policies,
    List<PeerGroup> groups,
    List<Map<String, ?>> groupDocuments) {
  public ClusterState {
    workloads = List.copyOf(workloads);
    nodes = List.copyOf(nodes);
    groups = List.copyOf(groups);
    groupDocuments = List.copyOf(groupDocuments);
    namespaces = Map.copyOf(namespaces);
    policies = java.util.Collections.unmodifiableMap(new TreeMap<>(policies));
  }

  public List<PolicyObject> objects() {
    List<PolicyObject> objects = new ArrayList<>(policies.size());
    policies.values().forEach(policy -> objects.add(policy.object()));
    return objects;
  }

  public List<Party> pods() {
    List<Party> pods = new ArrayList<>(workloads.size());
    workloads.forEach(workload -> pods.add(workload.party()));
    return pods;
  }

  /** With these policies put, each in the place of one with its key. */
  public ClusterState with(Map<PolicyKey, PolicyDocument> changed) {
    Map<PolicyKey, PolicyDocument> both = new TreeMap<>(policies);
    both.putAll(changed);
    return new ClusterState(settings, workloads, nodes, namespaces, both, groups, groupDocuments);
  }

  /** Without these policies. */
  public ClusterState without(java.util.Collection<PolicyKey> removed) {
    Map<PolicyKey, PolicyDocument> rest = new TreeMap<>(policies);
    rest.keySet().removeAll(removed);
    return new ClusterState(settings, workloads, nodes, namespaces, rest, groups, groupDocuments);
  }

  /** Decides for this state. */
  public Judge judge() {
    return judge(List.of());
  }

  /** Decides for this state, at once for all of these subjects. */
  public Judge judge(List<Party> subjects) {
    Judge judge = new Judge(settings, objects(), pods(), subjects);
    groups.forEach(judge::apply);
    return judge;
  }

  /** Explains this state. */
  public Why why(Judge judge) {
    PolicyParser parser = new PolicyParser(settings.cluster(), settings.nodeLabels());
    return new Why(
        judge, settings.cluster(), objects(), pods(), document -> read(parser, document));
  }

  private static PolicyObject read(PolicyParser parser, Map<String, Object> document) {
    PolicyKind kind =
        String.valueOf(document.get("kind")).equals(PolicyKind.CILIUM_NETWORK_POLICY.toString())
            ? PolicyKind.CILIUM_NETWORK_POLICY
            : PolicyKind.CILIUM_CLUSTERWIDE_NETWORK_POLICY;
    return switch (parser.parse(kind, document)) {
      case ParsedPolicy.Valid(var object) -> object;
      case ParsedPolicy.Invalid(var key, var error, var isolation) ->
          throw new PolicyException(error);
    };
  }

  /** {@code CiliumNetworkPolicy shop/web spec.ingress[0] (policies.yaml:12)}. */
  public String place(RuleOrigin origin) {
    PolicyDocument policy = policies.get(origin.policy());
    return policy == null || policy.source() == null
        ? origin.toString()
        : origin + " (" + policy.source().place(origin.fieldPath()) + ")";
  }
}
