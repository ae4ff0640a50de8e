package io.ovenet.kubernetes.policy;

import io.ovenet.policy.Cidr;
import io.ovenet.policy.CompiledPolicy;
import io.ovenet.policy.Decision;
import io.ovenet.policy.Label;
import io.ovenet.policy.LabelKeys;
import io.ovenet.policy.Labels;
import io.ovenet.policy.NamedPort;
import io.ovenet.policy.NamedPorts;
import io.ovenet.policy.NumericIdentity;
import io.ovenet.policy.PolicyEngine;
import io.ovenet.policy.PolicyKey;
import io.ovenet.policy.PolicyKind;
import io.ovenet.policy.PolicyLookup;
import io.ovenet.policy.PolicySettings;
import io.ovenet.policy.PolicySnapshot;
import io.ovenet.policy.PolicySubject;
import io.ovenet.policy.TrafficDirection;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** A small node for tests: one subject, peers by name, policies as documents. */
final class World {
  static final String CLUSTER = "default";

  private final PolicyEngine engine;
  private final PolicyParser parser = new PolicyParser(CLUSTER);

  /** A pod of the cluster: its identity and address. */
  private record Pod(int identity, Cidr address) {}

  private final Map<String, Pod> pods = new HashMap<>();
  private final Map<String, Integer> peers = new HashMap<>();
  private final Map<Labels, Integer> identities = new HashMap<>();
  private final Map<Cidr, Integer> prefixes = new HashMap<>();
  private final PolicySubject subject;
  private PolicySnapshot snapshot;

  World(String namespace, String... labels) {
    this(PolicySubject.of(pod(namespace, labels)), PolicySettings.defaults(CLUSTER));
  }

  World(PolicySubject subject, PolicySettings settings) {
    engine = new PolicyEngine(settings);
    this.subject = subject;
    engine.addSubject(subject);
    snapshot = engine.compile();
    peers.put("host", 1);
    peers.put("world", 2);
    peers.put("remote-node", 6);
    peers.put("kube-apiserver", 7);
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
    return this;
  }

  /** A pod with an address and named ports; pods with the same labels have one identity. */
  World podPeer(String name, Labels labels, String address, NamedPort... ports) {
    int number = identities.computeIfAbsent(labels, _ -> 2000 + identities.size());
    engine.upsertIdentity(number, labels);
    engine.upsertAddress(Cidr.parse(address), number, NamedPorts.of(List.of(ports)));
    pods.put(name, new Pod(number, Cidr.parse(address)));
    compile();
    return this;
  }

  World remove(PolicyKind kind, String name, String namespace) {
    engine.remove(new PolicyKey(kind, namespace, name));
    compile();
    return this;
  }

  PolicyEngine engine() {
    return engine;
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
    engine.upsertCidrGroup(
        CidrGroups.parse(
            Json.object(document),
            error -> {
              throw new AssertionError(error.toString());
            }));
    compile();
    return this;
  }

  World putDocument(PolicyKind kind, Map<String, ?> document) {
    ParsedPolicy parsed = parser.parse(kind, document);
    if (!(parsed instanceof ParsedPolicy.Valid valid)) {
      throw new AssertionError("invalid: " + parsed);
    }
    engine.upsert(valid.object());
    compile();
    return this;
  }

  void compile() {
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

  /** The verdict on traffic from or to a peer by name or address. */
  Decision decide(TrafficDirection direction, String peer, int protocol, int port) {
    return PolicyLookup.decide(snapshot, policy(), direction, identity(peer), protocol, port);
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
    int best = 2;
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
