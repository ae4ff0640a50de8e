package io.ovenet.prove;

import io.ovenet.kubernetes.policy.ParsedPolicy;
import io.ovenet.kubernetes.policy.PeerGroupReader;
import io.ovenet.kubernetes.policy.PeerServices;
import io.ovenet.kubernetes.policy.PolicyParser;
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
import io.ovenet.policy.ReservedIdentity;
import io.ovenet.policy.TrafficDirection;
import io.ovenet.policy.naive.NaiveEvaluator;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** A node whose policies, identities and endpoints come by chance, and its changes. */
final class RandomWorld {
  static final String CLUSTER = "default";
  private static final List<String> ADDRESSES =
      List.of("10.1.2.3", "10.1.2.9", "10.1.7.7", "10.9.9.9", "192.168.3.4", "8.8.8.8", "1.1.1.1");
  private static final List<Integer> PROTOCOLS = List.of(6, 6, 6, 17, 17, 132, 1, 58, 47);
  private static final List<Integer> PORTS =
      List.of(0, 1, 52, 53, 54, 79, 80, 81, 85, 90, 91, 442, 443, 444, 8080, 40000, 65534, 65535);
  private static final List<Integer> TYPES = List.of(0, 1, 3, 8, 8, 13, 128, 129, 255);

  static final List<String> POD_ADDRESSES =
      List.of("10.1.2.4", "10.1.7.8", "10.20.0.1", "10.20.0.2", "192.168.9.9", "172.16.0.5");

  static final List<String> NODE_ADDRESSES = List.of("172.31.0.11", "172.31.0.12", "172.31.0.13");
  static final String HOST_ADDRESS = "172.31.0.1";

  /** Where an API server may answer: on a node, here, and outside, of which prefixes hold one. */
  static final List<String> API_SERVERS =
      List.of(NODE_ADDRESSES.getFirst(), HOST_ADDRESS, "10.1.2.10", "9.9.9.9");

  /** Of API servers outside, apart from those of prefixes. */
  private static final int FIRST_API_SERVER = 1_000_000;

  /** Someone to ask about. */
  record Peer(int identity, Labels labels, @Nullable String address, NamedPorts ports) {
    NaiveEvaluator.Peer naive() {
      return new NaiveEvaluator.Peer(map(labels), address, named(ports));
    }
  }

  /** Who has an address in the cluster. */
  record Pod(int identity, NamedPorts ports) {}

  final Random random;
  final Map<PolicyKey, Map<String, Object>> documents = new TreeMap<>();
  final Map<Integer, Labels> identities = new TreeMap<>();

  /** CiliumCIDRGroups, Services and EndpointSlices. */
  final Map<String, Map<String, Object>> groups = new TreeMap<>();

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

  final Map<String, Pod> pods = new TreeMap<>();

  /** The labels of other nodes, by address. */
  final Map<String, Map<String, String>> nodes = new TreeMap<>();

  final Set<String> apiServers = new TreeSet<>();
  final List<PolicySubject> subjects = new ArrayList<>();
  private final Map<Cidr, Integer> prefixes = new HashMap<>();
  private final PolicyParser parser = new PolicyParser(CLUSTER);
  private final RandomPolicies generator;
  PolicyEngine engine = new PolicyEngine(PolicySettings.defaults(CLUSTER));
  PolicySnapshot snapshot = engine.compile();

  RandomWorld(long seed) {
    this.random = new Random(seed);
    this.generator = new RandomPolicies(random);
    for (int i = 0; i < 10; i++) {
      putIdentity();
    }
    for (int i = 0; i < 3; i++) {
      addSubject(random.nextInt(12) == 0 ? ReservedIdentity.INIT.labels() : podLabels());
      putPod();
      putNode();
    }
  }

  /** A copy but for its engine. */
  private RandomWorld(RandomWorld other) {
    random = other.random;
    generator = other.generator;
    documents.putAll(other.documents);
    identities.putAll(other.identities);
    pods.putAll(other.pods);
    nodes.putAll(other.nodes);
    apiServers.addAll(other.apiServers);
    groups.putAll(other.groups);
    subjects.addAll(other.subjects);
    prefixes.putAll(other.prefixes);
  }

  private Labels podLabels() {
    List<Label> labels = new ArrayList<>();
    labels.add(Label.k8s(LabelKeys.NAMESPACE, pick(RandomPolicies.NAMESPACES)));
    labels.add(Label.k8s(LabelKeys.CLUSTER, random.nextInt(8) == 0 ? "other" : CLUSTER));
    if (random.nextInt(5) > 0) {
      labels.add(Label.k8s("app", pick(RandomPolicies.APPS)));
    }
    if (random.nextInt(8) == 0) {
      labels.add(new Label("container", "app", pick(RandomPolicies.APPS)));
    }
    if (random.nextBoolean()) {
      labels.add(Label.k8s("tier", pick(RandomPolicies.APPS)));
    }
    if (random.nextBoolean()) {
      labels.add(Label.k8s(LabelKeys.NAMESPACE_LABELS + "team", pick(RandomPolicies.TEAMS)));
    }
    return Labels.of(labels);
  }

  private void putIdentity() {
    int number = 256 + random.nextInt(16);
    Labels labels = podLabels();
    identities.put(number, labels);
    engine.upsertIdentity(number, labels);
  }

  private void addSubject(Labels labels) {
    PolicySubject subject = new PolicySubject(labels, ports(), random.nextInt(8) == 0);
    subjects.add(subject);
    engine.addSubject(subject);
  }

  private void putPod() {
    String address = pick(POD_ADDRESSES);
    Pod pod = new Pod(256 + random.nextInt(16), ports());
    pods.put(address, pod);
    engine.upsertAddress(Cidr.parse(address), pod.identity, pod.ports);
  }

  private void putNode() {
    Map<String, String> labels = new TreeMap<>();
    if (random.nextInt(4) > 0) {
      labels.put("zone", pick(RandomPolicies.TEAMS));
    }
    if (random.nextBoolean()) {
      labels.put("app", pick(RandomPolicies.APPS));
    }
    String address = pick(NODE_ADDRESSES);
    nodes.put(address, labels);
    tell(engine, address);
  }

  private void changeApiServers() {
    String address = pick(API_SERVERS);
    if (!apiServers.remove(address)) {
      apiServers.add(address);
    }
    tell(engine, address);
  }

  /** Tells an engine of a node's, the host's or an API server's address. */
  private void tell(PolicyEngine told, String address) {
    Cidr at = Cidr.parse(address);
    if (nodes.containsKey(address) || address.equals(HOST_ADDRESS)) {
      Peer peer = nodeAt(address);
      if (peer.labels.equals(ReservedIdentity.HOST.labels())) {
        told.removeAddress(at);
      } else {
        told.upsertNode(at, reservedAt(address), peer.labels);
      }
    } else if (isInside(address)) {
      told.removeAddress(at);
    } else if (apiServers.contains(address)) {
      told.upsertIdentity(apiServerNumber(address), NodeLabels.ofOutsideApiServer(at), at);
    } else {
      told.removeIdentity(apiServerNumber(address));
    }
  }

  private static boolean isInside(String address) {
    return NODE_ADDRESSES.contains(address) || address.equals(HOST_ADDRESS);
  }

  private static int apiServerNumber(String address) {
    return NumericIdentity.local(FIRST_API_SERVER + API_SERVERS.indexOf(address));
  }

  private int reservedAt(String address) {
    return address.equals(HOST_ADDRESS)
        ? ReservedIdentity.HOST.number()
        : NodeLabels.identityOf(apiServers.contains(address)).number();
  }

  /** Another node, or the host. */
  private Peer nodeAt(String address) {
    boolean apiServer = apiServers.contains(address);
    Labels labels =
        !address.equals(HOST_ADDRESS)
            ? NodeLabels.ofRemote(Objects.requireNonNull(nodes.get(address)), CLUSTER, apiServer)
            : apiServer ? NodeLabels.ofHostWithApiServer() : ReservedIdentity.HOST.labels();
    return new Peer(
        engine.peerAt(Cidr.parse(address), reservedAt(address)), labels, address, NamedPorts.NONE);
  }

  /** Everybody who is a node, or an API server, or both. */
  List<Peer> nodePeers() {
    List<Peer> peers = new ArrayList<>(List.of(nodeAt(HOST_ADDRESS)));
    nodes.keySet().forEach(address -> peers.add(nodeAt(address)));
    for (String address : apiServers) {
      if (!isInside(address)) {
        peers.add(apiServerAt(address));
      }
    }
    return peers;
  }

  private static Peer apiServerAt(String address) {
    return new Peer(
        apiServerNumber(address),
        NodeLabels.ofOutsideApiServer(Cidr.parse(address)),
        address,
        NamedPorts.NONE);
  }

  private NamedPorts ports() {
    List<NamedPort> ports = new ArrayList<>();
    for (String name : List.of("http", "http", "dns")) {
      if (random.nextInt(3) > 0) {
        ports.add(new NamedPort(name, pick(List.of(6, 6, 17)), pick(List.of(80, 85, 8080, 53))));
      }
    }
    return NamedPorts.of(ports);
  }

  static List<NaiveEvaluator.Port> named(NamedPorts ports) {
    List<NaiveEvaluator.Port> named = new ArrayList<>();
    for (NamedPort port : ports.ports()) {
      named.add(new NaiveEvaluator.Port(port.name(), port.protocol(), port.port()));
    }
    return named;
  }

  /** Changes one thing, or a few at once, and compiles. */
  void change() {
    int count = 1 + random.nextInt(3);
    for (int i = 0; i < count; i++) {
      switch (random.nextInt(19)) {
        case 0 -> {
          if (!identities.isEmpty()) {
            int number = pick(List.copyOf(identities.keySet()));
            identities.remove(number);
            engine.removeIdentity(number);
          }
        }
        case 1, 2 -> putIdentity();
        case 3 -> addSubject(podLabels());
        case 4 -> {
          if (subjects.size() > 2) {
            engine.removeSubject(subjects.remove(random.nextInt(subjects.size())));
          }
        }
        case 5 -> {
          if (!documents.isEmpty()) {
            PolicyKey key = pick(List.copyOf(documents.keySet()));
            documents.remove(key);
            engine.remove(key);
          }
        }
        case 6, 7 -> putPod();
        case 15 -> putNode();
        case 16 -> changeApiServers();
        case 17 -> {
          String address = pick(NODE_ADDRESSES);
          nodes.remove(address);
          tell(engine, address);
        }
        case 9, 18 -> {
          Map<String, Object> group = generator.group();
          putGroup(group);
          if (random.nextInt(3) == 0) {
            groups.remove(PeerGroupReader.keyOf(group));
            groupReader.remove(group);
          }
        }
        case 8 -> {
          if (!pods.isEmpty()) {
            String address = pick(List.copyOf(pods.keySet()));
            pods.remove(address);
            engine.removeAddress(Cidr.parse(address));
          }
        }
        default -> put(generator.policy());
      }
    }
    compile();
  }

  private void putGroup(Map<String, Object> group) {
    groups.put(PeerGroupReader.keyOf(group), group);
    groupReader.put(group, _ -> {});
  }

  void put(Map<String, Object> document) {
    ParsedPolicy.Valid parsed = parse(document);
    documents.put(parsed.key(), document);
    engine.upsert(parsed.object());
  }

  Map<String, Object> newPolicy() {
    return generator.policy();
  }

  ParsedPolicy.Valid parse(Map<String, Object> document) {
    PolicyKind kind = null;
    for (PolicyKind candidate : PolicyKind.values()) {
      if (candidate.toString().equals(document.get("kind"))) {
        kind = candidate;
      }
    }
    ParsedPolicy parsed = parser.parse(Objects.requireNonNull(kind), document);
    if (parsed instanceof ParsedPolicy.Valid valid) {
      return valid;
    }
    throw new AssertionError(parsed + " from " + document);
  }

  void compile() {
    snapshot = engine.compile();
    for (Cidr cidr : snapshot.prefixes()) {
      if (!prefixes.containsKey(cidr)) {
        int number = NumericIdentity.local(prefixes.size() + 1);
        prefixes.put(cidr, number);
        engine.upsertIdentity(number, Labels.of(Label.reserved("world")), cidr);
      }
    }
    snapshot = engine.compile();
    if (random.nextInt(3) == 0) {
      boolean coarser = engine.trim();
      coarser |= engine.merge();
      if (coarser) {
        snapshot = engine.compile();
      }
    }
  }

  /** The same world in an engine that was told of it at once, policies in any order. */
  RandomWorld fromNothing() {
    RandomWorld whole = new RandomWorld(this);
    PolicyEngine fresh = new PolicyEngine(PolicySettings.defaults(CLUSTER));
    List<Map<String, Object>> shuffled = new ArrayList<>(documents.values());
    java.util.Collections.shuffle(shuffled, random);
    identities.forEach(fresh::upsertIdentity);
    peerGroups().forEach(fresh::upsertGroup);
    prefixes.forEach(
        (cidr, number) -> fresh.upsertIdentity(number, Labels.of(Label.reserved("world")), cidr));
    pods.forEach(
        (address, pod) -> fresh.upsertAddress(Cidr.parse(address), pod.identity, pod.ports));
    nodes.keySet().forEach(address -> tell(fresh, address));
    API_SERVERS.forEach(address -> tell(fresh, address));
    boolean subjectsFirst = random.nextBoolean();
    if (subjectsFirst) {
      subjects.forEach(fresh::addSubject);
    }
    shuffled.forEach(document -> fresh.upsert(parse(document).object()));
    if (!subjectsFirst) {
      subjects.forEach(fresh::addSubject);
    }
    whole.engine = fresh;
    whole.snapshot = fresh.compile();
    return whole;
  }

  /** The same with these policies instead, in an engine that was told of it at once. */
  RandomWorld with(List<Map<String, Object>> policies) {
    RandomWorld other = new RandomWorld(this);
    other.documents.clear();
    policies.forEach(document -> other.documents.put(parse(document).key(), document));
    RandomWorld fresh = other.fromNothing();
    fresh.compile();
    return fresh;
  }

  /** The same where labels have other keys and values, in documents and on everybody. */
  RandomWorld renamed(UnaryOperator<String> rename) {
    RandomWorld other = new RandomWorld(this);
    other.documents.clear();
    other.identities.clear();
    other.subjects.clear();
    other.groups.clear();
    nodes.forEach((address, labels) -> other.nodes.put(address, renamed(labels, rename)));
    identities.forEach((number, labels) -> other.identities.put(number, renamed(labels, rename)));
    subjects.forEach(subject -> other.subjects.add(renamed(subject, rename)));
    groups.values().stream()
        .map(group -> tree(group, rename))
        .forEach(group -> other.groups.put(PeerGroupReader.keyOf(group), group));
    for (Map<String, Object> document : documents.values()) {
      Map<String, Object> changed = new LinkedHashMap<>(document);
      for (String spec : List.of("spec", "specs")) {
        changed.computeIfPresent(spec, (_, value) -> renamedTree(value, rename));
      }
      other.documents.put(parse(changed).key(), changed);
    }
    RandomWorld fresh = other.fromNothing();
    fresh.compile();
    return fresh;
  }

  static PolicySubject renamed(PolicySubject subject, UnaryOperator<String> rename) {
    return new PolicySubject(renamed(subject.labels(), rename), subject.ports(), subject.audit());
  }

  static Labels renamed(Labels labels, UnaryOperator<String> rename) {
    List<Label> changed = new ArrayList<>();
    for (Label label : labels.asList()) {
      changed.add(
          new Label(label.source(), rename.apply(label.key()), rename.apply(label.value())));
    }
    return Labels.of(changed);
  }

  private static Map<String, String> renamed(
      Map<String, String> labels, UnaryOperator<String> rename) {
    Map<String, String> changed = new TreeMap<>();
    labels.forEach((key, value) -> changed.put(rename.apply(key), rename.apply(value)));
    return changed;
  }

  private static Map<String, Object> tree(Map<?, ?> map, UnaryOperator<String> rename) {
    Map<String, Object> changed = new LinkedHashMap<>();
    map.forEach(
        (key, value) -> changed.put(rename.apply(String.valueOf(key)), renamedTree(value, rename)));
    return changed;
  }

  private static Object renamedTree(Object value, UnaryOperator<String> rename) {
    return switch (value) {
      case Map<?, ?> map -> tree(map, rename);
      case List<?> list -> {
        List<Object> changed = new ArrayList<>();
        list.forEach(element -> changed.add(renamedTree(element, rename)));
        yield changed;
      }
      case String text -> rename.apply(text);
      default -> value;
    };
  }

  /** The peer as its address is known here. */
  Peer again(Peer peer) {
    String address = peer.address;
    if (address == null) {
      return peer;
    }
    if (isInside(address)) {
      return nodeAt(address);
    }
    if (apiServers.contains(address)) {
      return apiServerAt(address);
    }
    Pod pod = pods.get(address);
    return pod == null
        ? new Peer(identityOf(address), peer.labels, address, peer.ports)
        : podAt(address, pod);
  }

  PolicySettings settings() {
    return PolicySettings.defaults(CLUSTER);
  }

  List<PeerGroup> peerGroups() {
    return PeerGroupReader.groupsOf(groups.values(), _ -> {});
  }

  NaiveEvaluator naive() {
    return naive(List.copyOf(documents.values()));
  }

  NaiveEvaluator naive(List<Map<String, Object>> policies) {
    return new NaiveEvaluator(CLUSTER, policies, List.copyOf(groups.values()));
  }

  Peer peer() {
    int choice = random.nextInt(10);
    if (choice < 4 && !identities.isEmpty()) {
      String address = pick(POD_ADDRESSES);
      Pod pod = pods.get(address);
      if (pod != null && identities.containsKey(pod.identity)) {
        return podAt(address, pod);
      }
    }
    if (choice < 6) {
      return pick(nodePeers());
    }
    if (choice < 9) {
      String address = pick(ADDRESSES);
      return new Peer(
          identityOf(address), ReservedIdentity.WORLD.labels(), address, NamedPorts.NONE);
    }
    ReservedIdentity reserved =
        pick(
            List.of(
                ReservedIdentity.HEALTH,
                ReservedIdentity.REMOTE_NODE,
                ReservedIdentity.KUBE_APISERVER));
    return new Peer(reserved.number(), reserved.labels(), null, NamedPorts.NONE);
  }

  Peer podAt(String address, Pod pod) {
    return new Peer(
        engine.peerAt(Cidr.parse(address), pod.identity),
        Objects.requireNonNull(identities.get(pod.identity)),
        address,
        pod.ports);
  }

  private int identityOf(String text) {
    Cidr address = Cidr.parse(text);
    int best = ReservedIdentity.WORLD.number();
    int length = -1;
    for (Map.Entry<Cidr, Integer> prefix : prefixes.entrySet()) {
      if (prefix.getKey().contains(address) && prefix.getKey().length() > length) {
        best = prefix.getValue();
        length = prefix.getKey().length();
      }
    }
    return best;
  }

  int protocol() {
    return pick(PROTOCOLS);
  }

  /** A port, or an ICMP type. */
  int port(int protocol) {
    return protocol == 1 || protocol == 58 ? pick(TYPES) : pick(PORTS);
  }

  Decision compiled(Question question) {
    CompiledPolicy policy = Objects.requireNonNull(snapshot.policyOf(question.subject()));
    return PolicyLookup.decide(
        snapshot,
        policy,
        question.ingress() ? TrafficDirection.INGRESS : TrafficDirection.EGRESS,
        question.peer().identity,
        question.protocol(),
        question.icmp() ? question.port() << 8 | random.nextInt(256) : question.port());
  }

  static Map<String, String> map(Labels labels) {
    return new LinkedHashMap<>(labels.toSecurityLabels());
  }

  <T> T pick(List<T> list) {
    return list.get(random.nextInt(list.size()));
  }
}
