package io.ovenet.policy.question;

import io.ovenet.policy.Labels;
import io.ovenet.policy.PolicyKey;
import io.ovenet.policy.PolicyKind;
import io.ovenet.policy.PolicyObject;
import io.ovenet.policy.PortRange;
import io.ovenet.policy.TrafficDirection;
import io.ovenet.policy.Verdict;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Says why a connection passes or not, and what would let it pass. Used by one thread. */
public final class Why {
  /**
   * One side of a connection.
   *
   * @param subject whose policy it is
   * @param answer null where the side is no endpoint, so that no policy of this kind is about it
   * @param nearMisses allow rules that miss it by little, where nobody allows it
   * @param proposal what would let it pass; null if it passes, or no addition would
   */
  public record Side(
      TrafficDirection direction,
      Party subject,
      Party peer,
      @Nullable Answer answer,
      List<NearMiss> nearMisses,
      @Nullable Proposal proposal) {
    public boolean passes() {
      return answer == null || answer.passes();
    }
  }

  private final Judge judge;
  private final Map<PolicyKey, PolicyObject> policies = new LinkedHashMap<>();
  private final Addition addition;
  private final Function<Map<String, Object>, PolicyObject> reader;

  /**
   * For one world.
   *
   * @param judge of the world; is left as it was
   * @param cluster name of the own cluster
   * @param pods all that are known
   * @param reader of documents as the nodes read them
   */
  public Why(
      Judge judge,
      String cluster,
      Collection<PolicyObject> policies,
      Collection<Party> pods,
      Function<Map<String, Object>, PolicyObject> reader) {
    this.judge = judge;
    this.reader = reader;
    policies.forEach(policy -> this.policies.put(policy.key(), policy));
    Set<Labels> known = new LinkedHashSet<>();
    pods.forEach(pod -> known.add(pod.labels()));
    this.addition = new Addition(cluster, known);
  }

  /**
   * One side.
   *
   * @param protocol IP protocol number
   * @param port destination port; for ICMP the type
   */
  public Side side(Party subject, TrafficDirection direction, Party peer, int protocol, int port) {
    if (!subject.isEndpoint()) {
      return new Side(direction, subject, peer, null, List.of(), null);
    }
    Answer answer = judge.ask(subject, direction, peer, protocol, port);
    boolean defaultDeny =
        answer.reason() == Reason.DEFAULT_DENY && answer.decision().verdict() != Verdict.AUDIT;
    if (!defaultDeny) {
      return new Side(direction, subject, peer, answer, List.of(), null);
    }
    boolean icmp = protocol == PortRange.ICMP || protocol == PortRange.ICMPV6;
    PortRange asked = icmp ? PortRange.icmp(protocol, port) : new PortRange(protocol, port, port);
    return new Side(
        direction,
        subject,
        peer,
        answer,
        new NearMisses(subject, direction, peer, asked).among(policies.values()),
        propose(subject, direction, peer, protocol, port));
  }

  private @Nullable Proposal propose(
      Party subject, TrafficDirection direction, Party peer, int protocol, int port) {
    Proposal proposal = addition.of(subject, direction, peer, protocol, port);
    if (proposal == null) {
      return null;
    }
    Proposal named = named(proposal);
    PolicyObject object = reader.apply(named.document());
    judge.apply(object);
    try {
      return judge.ask(subject, direction, peer, protocol, port).passes() ? named : null;
    } finally {
      judge.withdraw(object.key());
    }
  }

  /** Under a name that no policy has: applying it replaces nothing. */
  private Proposal named(Proposal proposal) {
    Map<String, Object> document = new LinkedHashMap<>(proposal.document());
    PolicyKind kind =
        String.valueOf(document.get("kind")).equals(PolicyKind.CILIUM_NETWORK_POLICY.toString())
            ? PolicyKind.CILIUM_NETWORK_POLICY
            : PolicyKind.CILIUM_CLUSTERWIDE_NETWORK_POLICY;
    Map<String, Object> metadata = new LinkedHashMap<>();
    if (document.get("metadata") instanceof Map<?, ?> map) {
      map.forEach((key, value) -> metadata.put(String.valueOf(key), value));
    }
    String wanted = String.valueOf(metadata.get("name"));
    String namespace = String.valueOf(metadata.getOrDefault("namespace", ""));
    String name = wanted;
    for (int i = 2; policies.containsKey(new PolicyKey(kind, namespace, name)); i++) {
      name = wanted + "-" + i;
    }
    metadata.put("name", name);
    document.put("metadata", metadata);
    return new Proposal(document, proposal.opens());
  }
}
