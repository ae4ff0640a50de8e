package io.ovenet.kubernetes.policy;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.policy.Cidr;
import io.ovenet.policy.CompiledPolicy;
import io.ovenet.policy.Decision;
import io.ovenet.policy.Label;
import io.ovenet.policy.LabelKeys;
import io.ovenet.policy.Labels;
import io.ovenet.policy.NamedPort;
import io.ovenet.policy.NamedPorts;
import io.ovenet.policy.NodeLabels;
import io.ovenet.policy.NumericIdentity;
import io.ovenet.policy.PeerGroup;
import io.ovenet.policy.PolicyEngine;
import io.ovenet.policy.PolicyKey;
import io.ovenet.policy.PolicyKind;
import io.ovenet.policy.PolicyLookup;
import io.ovenet.policy.PolicySettings;
import io.ovenet.policy.PolicySnapshot;
import io.ovenet.policy.PolicySubject;
import io.ovenet.policy.PortRange;
import io.ovenet.policy.ReservedIdentity;
import io.ovenet.policy.RuleOrigin;
import io.ovenet.policy.TrafficDirection;
import io.ovenet.policy.Verdict;
import io.ovenet.policy.naive.NaiveEvaluator;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A small node for tests: one subject, peers by name, policies as documents. What the compiled form
 * decides is asked of the naive evaluator, too, and has to be the same.
 */
final class World {
  static final String CLUSTER = "default";

  private final PolicyEngine engine;
  private final PolicyParser parser;
  private final PeerGroupReader groupReader =
      new PeerGroupReader(
          new PeerServices.Listener() {
            @Override
            public void upserted(PeerGroup group) {
              engine.upsertGroup(group);
            }

            @Override
            public void deleted(String id) {
              engine.removeGroup(id);
            }
          });

  /** A pod of the cluster: its identity and address. */
  private record Pod(int identity, Cidr address) {}

  private final Map<String, Pod> pods = new HashMap<>();
  private final Map<String, Integer> peers = new HashMap<>();
  private final Map<Labels, Integer> identities = new HashMap<>();
  private final Map<Cidr, Integer> prefixes = new HashMap<>();
  private final Map<PolicyKey, Map<String, ?>> documents = new LinkedHashMap<>();
  private final Map<String, Map<String, ?>> groups = new LinkedHashMap<>();
  private final Map<String, NaiveEvaluator.Peer> judged = new HashMap<>();
  private final PolicySettings settings;
  private final PolicySubject subject;
  private PolicySnapshot snapshot;
  private @Nullable NaiveEvaluator naive;

  World(String namespace, String... labels) {
    this(PolicySubject.of(pod(namespace, labels)), PolicySettings.defaults(CLUSTER));
  }

  World(PolicySubject subject, PolicySettings settings) {
    engine = new PolicyEngine(settings);
    this.settings = settings;
    parser = new PolicyParser(CLUSTER, settings.nodeLabels());
    this.subject = subject;
    engine.addSubject(subject);
    snapshot = engine.compile();
    for (ReservedIdentity reserved : ReservedIdentity.values()) {
      peers.put(reserved.labelName(), reserved.number());
      String address =
          switch (reserved) {
            case WORLD, WORLD_IPV4 -> "203.0.113.77";
            case WORLD_IPV6 -> "2001:db8::77";
            default -> null;
          };
      judged.put(
          reserved.labelName(),
          new NaiveEvaluator.Peer(reserved.labels().toSecurityLabels(), address));
    }
  }

  static Labels pod(String namespace, String... labels) {
    List<Label> all = new ArrayList<>();
    for (String label : labels) {
      Label parsed = Label.parse(label);
      all.add(Label.k8s(parsed.key(), parsed.value()));
    }
    all.add(Label.k8s(LabelKeys.NAMESPACE, namespace));
    all.add(Label.k8s(LabelKeys.CLUSTER, CLUSTER));
    return Labels.of(all);
  }

  World peer(String name, Labels labels) {
    int number = 1000 + peers.size();
    peers.put(name, number);
    engine.upsertIdentity(number, labels);
    judged.put(name, new NaiveEvaluator.Peer(labels.toSecurityLabels(), null));
    return this;
  }

  /** A pod with an address and named ports; pods with the same labels have one identity. */
  World podPeer(String name, Labels labels, String address, NamedPort... ports) {
    int number = identities.computeIfAbsent(labels, _ -> 2000 + identities.size());
    engine.upsertIdentity(number, labels);
    engine.upsertAddress(Cidr.parse(address), number, NamedPorts.of(List.of(ports)));
    pods.put(name, new Pod(number, Cidr.parse(address)));
    judged.put(
        name,
        new NaiveEvaluator.Peer(
            labels.toSecurityLabels(), address, named(NamedPorts.of(List.of(ports)))));
    compile();
    return this;
  }

  /** Another node, or an API server on one; peers of this name are that address of it. */
  World node(String name, String address, boolean apiServer, Map<String, String> labels) {
    int identity = NodeLabels.identityOf(apiServer).number();
    Labels all = NodeLabels.ofRemote(labels, CLUSTER, apiServer);
    engine.upsertNode(Cidr.parse(address), identity, all);
    pods.put(name, new Pod(identity, Cidr.parse(address)));
    judged.put(name, new NaiveEvaluator.Peer(all.toSecurityLabels(), address));
    compile();
    return this;
  }

  /** An API server outside the cluster. */
  World apiServer(String name, String address) {
    int number = 3000 + peers.size();
    peers.put(name, number);
    Cidr parsed = Cidr.parse(address);
    Labels labels = NodeLabels.ofOutsideApiServer(parsed);
    engine.upsertIdentity(number, labels, parsed);
    judged.put(name, new NaiveEvaluator.Peer(labels.toSecurityLabels(), address));
    compile();
    return this;
  }

  World remove(PolicyKind kind, String name, String namespace) {
    PolicyKey key = new PolicyKey(kind, namespace, name);
    engine.remove(key);
    documents.remove(key);
    compile();
    return this;
  }

  World cnp(String name, String namespace, String spec) {
    return put(PolicyKind.CILIUM_NETWORK_POLICY, name, namespace, "spec: " + spec);
  }

  World ccnp(String name, String spec) {
    return put(PolicyKind.CILIUM_CLUSTERWIDE_NETWORK_POLICY, name, "", "spec: " + spec);
  }

  World np(String name, String namespace, String spec) {
    return put(PolicyKind.NETWORK_POLICY, name, namespace, "spec: " + spec);
  }

  World put(PolicyKind kind, String name, String namespace, String body) {
    return putWith(kind, "{name: " + name + ", namespace: '" + namespace + "'}", body);
  }

  World putWith(PolicyKind kind, String metadata, String body) {
    return putDocument(kind, Json.object("{metadata: " + metadata + ", " + body + "}"));
  }

  World group(String document) {
    return group(Json.object(document));
  }

  /** A CiliumCIDRGroup, a Service or an EndpointSlice. */
  World group(Map<String, ?> document) {
    groupReader.put(
        document,
        error -> {
          throw new AssertionError(error.toString());
        });
    groups.put(PeerGroupReader.keyOf(document), document);
    compile();
    return this;
  }

  World removeGroup(String document) {
    Map<String, ?> object = Json.object(document);
    groupReader.remove(object);
    groups.remove(PeerGroupReader.keyOf(object));
    compile();
    return this;
  }

  World putDocument(PolicyKind kind, Map<String, ?> document) {
    ParsedPolicy parsed = parser.parse(kind, document);
    if (!(parsed instanceof ParsedPolicy.Valid valid)) {
      throw new AssertionError("invalid: " + parsed);
    }
    engine.upsert(valid.object());
    documents.put(valid.key(), withKey(valid.key(), document));
    compile();
    return this;
  }

  private static Map<String, ?> withKey(PolicyKey key, Map<String, ?> document) {
    Map<String, Object> metadata = new HashMap<>();
    new Field("", document).get("metadata").object().forEach(metadata::put);
    metadata.put("namespace", key.namespace());
    Map<String, Object> whole = new LinkedHashMap<>(document);
    whole.put("metadata", metadata);
    whole.put("kind", key.kind().toString());
    return whole;
  }

  void compile() {
    naive = null;
    snapshot = engine.compile();
    for (Cidr cidr : snapshot.prefixes()) {
      if (!prefixes.containsKey(cidr)) {
        int number = NumericIdentity.local(prefixes.size() + 1);
        prefixes.put(cidr, number);
        engine.upsertIdentity(
            number,
            Labels.of(
                new Label(Label.CIDR, cidr.toString().replace(':', '-'), ""),
                Label.reserved("world")),
            cidr);
      }
    }
    snapshot = engine.compile();
    if (engine.trim()) {
      snapshot = engine.compile();
    }
  }

  PolicySnapshot snapshot() {
    return snapshot;
  }

  CompiledPolicy policy() {
    return Objects.requireNonNull(snapshot.policyOf(subject));
  }

  /** The verdict on traffic from or to a peer by name or address; ICMP's port holds the type. */
  Decision decide(TrafficDirection direction, String peer, int protocol, int port) {
    Decision decision =
        PolicyLookup.decide(snapshot, policy(), direction, identity(peer), protocol, port);
    if (settings.equals(PolicySettings.defaults(CLUSTER))) {
      judge(decision, direction, peer, protocol, port);
    }
    return decision;
  }

  private void judge(
      Decision decision, TrafficDirection direction, String peer, int protocol, int port) {
    if (naive == null) {
      naive =
          new NaiveEvaluator(
              CLUSTER, List.copyOf(documents.values()), List.copyOf(groups.values()));
    }
    NaiveEvaluator.Peer other =
        judged.containsKey(peer)
            ? judged.get(peer)
            : new NaiveEvaluator.Peer(ReservedIdentity.WORLD.labels().toSecurityLabels(), peer);
    boolean icmp = protocol == PortRange.ICMP || protocol == PortRange.ICMPV6;
    NaiveEvaluator.Answer answer =
        naive.ask(
            subject.labels().toSecurityLabels(),
            subject.audit(),
            named(subject.ports()),
            direction == TrafficDirection.INGRESS,
            Objects.requireNonNull(other),
            protocol,
            icmp ? port >> 8 : port);
    Verdict expected =
        switch (answer.outcome()) {
          case ALLOWED, NOT_ENFORCED -> Verdict.ALLOW;
          case DENIED -> Verdict.DENY;
          case WITHHELD, DEFAULT_DENIED -> Verdict.DEFAULT;
          case AUDITED -> Verdict.AUDIT;
        };
    assertThat(decision.verdict())
        .as("%s %s %d/%d: documents say %s", direction, peer, port, protocol, answer)
        .isEqualTo(expected);
    for (RuleOrigin origin : decision.origins().asList()) {
      assertThat(answer.rules()).contains(origin.toString());
    }
  }

  private static List<NaiveEvaluator.Port> named(NamedPorts ports) {
    List<NaiveEvaluator.Port> named = new ArrayList<>();
    for (NamedPort port : ports.ports()) {
      named.add(new NaiveEvaluator.Port(port.name(), port.protocol(), port.port()));
    }
    return named;
  }

  boolean in(String peer, int protocol, int port) {
    return decide(TrafficDirection.INGRESS, peer, protocol, port).verdict().passes();
  }

  boolean out(String peer, int protocol, int port) {
    return decide(TrafficDirection.EGRESS, peer, protocol, port).verdict().passes();
  }

  private int identity(String peer) {
    Pod pod = pods.get(peer);
    if (pod != null) {
      return engine.peerAt(pod.address, pod.identity);
    }
    Integer named = peers.get(peer);
    if (named != null) {
      return named;
    }
    Cidr address = Cidr.parse(peer);
    int best = (address.ipv6() ? ReservedIdentity.WORLD_IPV6 : ReservedIdentity.WORLD).number();
    int length = -1;
    for (Map.Entry<Cidr, Integer> prefix : prefixes.entrySet()) {
      if (prefix.getKey().contains(address) && prefix.getKey().length() > length) {
        best = prefix.getValue();
        length = prefix.getKey().length();
      }
    }
    return best;
  }
}
