package io.ovenet.agent;

import io.ovenet.bpf.MacAddress;
import io.ovenet.datapath.AddressKey;
import io.ovenet.datapath.Endpoint;
import io.ovenet.datapath.EndpointRef;
import io.ovenet.datapath.EndpointTable;
import io.ovenet.datapath.IpcacheKey;
import io.ovenet.datapath.IpcacheValue;
import io.ovenet.datapath.PolicyKey;
import io.ovenet.datapath.PolicyValue;
import io.ovenet.datapath.Revisions;
import io.ovenet.datapath.Verdict;
import io.ovenet.kubernetes.policy.ParsedPolicy;
import io.ovenet.kubernetes.policy.PolicyParser;
import io.ovenet.policy.Cidr;
import io.ovenet.policy.Label;
import io.ovenet.policy.LabelKeys;
import io.ovenet.policy.Labels;
import io.ovenet.policy.NamedPort;
import io.ovenet.policy.NamedPorts;
import io.ovenet.policy.PolicyEngine;
import io.ovenet.policy.PolicyKind;
import io.ovenet.policy.PolicyObject;
import io.ovenet.policy.PolicySettings;
import java.lang.foreign.Arena;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * A node whose tables are in memory, with policies, identities and pods by chance, asked as the
 * packet path asks. {@link #look} is called after every single write.
 */
final class RealizerWorld {
  static final String[] APPS = {"a", "b", "c", "d"};
  static final int[] PORTS = {80, 443, 8080};

  /** Tells of each entry that is written. */
  final class MemoryTable<K, V> implements Table<K, V> {
    final Map<K, V> entries = new HashMap<>();
    int room = Integer.MAX_VALUE;

    @Override
    public Map<K, V> dump() {
      return new HashMap<>(entries);
    }

    @Override
    public void put(Map<K, V> added) {
      added.forEach(
          (key, value) -> {
            if (entries.size() >= room && !entries.containsKey(key)) {
              throw new TableException("full", new IllegalStateException());
            }
            entries.put(key, value);
            look.run();
          });
    }

    @Override
    public void delete(Collection<K> keys) {
      for (var key : List.copyOf(keys)) {
        entries.remove(key);
        look.run();
      }
    }
  }

  /** endpoint_map likewise: each of its stores can be met by a packet. */
  private final class MemoryEndpoints extends EndpointTable {
    MemoryEndpoints() {
      super(Arena.ofAuto().allocate(4096L * 128, 4096));
    }

    @Override
    public void put(int id, Endpoint endpoint) {
      super.put(id, endpoint);
      look.run();
    }

    @Override
    public void remove(int id) {
      super.remove(id);
      look.run();
    }

    @Override
    public void setIdentity(int id, int identity) {
      super.setIdentity(id, identity);
      look.run();
    }

    @Override
    public void setVariant(int id, int variant) {
      super.setVariant(id, variant);
      look.run();
    }

    @Override
    public void setPolicy(int id, int policy) {
      super.setPolicy(id, policy);
      look.run();
    }

    @Override
    public void setFlags(int id, Set<Endpoint.Flag> flags) {
      super.setFlags(id, flags);
      look.run();
    }
  }

  Runnable look = () -> {};
  final MemoryTable<PolicyKey, PolicyValue> policies = new MemoryTable<>();
  final MemoryTable<Integer, Integer> classes = new MemoryTable<>();
  final MemoryTable<IpcacheKey, IpcacheValue> ipcache = new MemoryTable<>();
  final MemoryTable<AddressKey, EndpointRef> byAddress = new MemoryTable<>();
  final Tables tables =
      new Tables(
          policies,
          classes,
          ipcache,
          byAddress,
          new MemoryEndpoints(),
          new Revisions(Arena.ofAuto().allocate(24, 16)));
  final PolicyParser parser = new PolicyParser("default");
  final Map<String, Map<String, ?>> documents = new TreeMap<>();
  final Map<Integer, Labels> identities = new TreeMap<>();
  final Map<Integer, LocalEndpoint> endpoints = new TreeMap<>();

  /** Named ports of pods, by the last digit of their address. */
  static final List<NamedPorts> NAMED =
      List.of(
          NamedPorts.NONE,
          NamedPorts.of(List.of(new NamedPort("http", 6, 80))),
          NamedPorts.of(List.of(new NamedPort("http", 6, 443), new NamedPort("web", 6, 8080))));

  static final List<String> REMOTE = List.of("10.0.1.1", "10.0.1.2", "10.0.2.1");
  static final List<String> OUTSIDE =
      List.of("192.0.2.1", "192.0.2.70", "192.0.2.130", "192.0.2.190");

  static final List<String> NODES = List.of("172.31.0.1", "172.31.0.2");
  static final String HOST = "172.31.0.9";

  /** Where an API server may be: on a node, here, outside, and outside in a prefix by itself. */
  static final List<String> API_SERVERS =
      List.of(NODES.getFirst(), HOST, "192.0.2.130", "203.0.113.1");

  record Pod(int identity, NamedPorts ports) {}

  final Map<String, Pod> remote = new TreeMap<>();

  /** The label zone of each other node, by its address. */
  final Map<String, String> nodes = new TreeMap<>();

  final Set<String> apiServers = new TreeSet<>();

  /** The peer is an identity, or who has an address. */
  record Question(int endpoint, int peer, String address, int direction, int port) {}

  /** What stands in class_map for an address, as the packet path finds it; 0 if nothing does. */
  int peerAt(String text) {
    var address = InetAddress.ofLiteral(text);
    var ref = byAddress.entries.get(new AddressKey(address));
    var local = ref == null ? null : tables.endpoints().get(ref.id());
    if (local != null) {
      return local.variant() == 0 ? local.identity() : local.variant();
    }
    for (int length = 32; length >= 0; length--) {
      var found = ipcache.entries.get(PrefixIdentities.keyOf(Cidr.of(address).widen(length)));
      if (found != null) {
        return found.variant() == 0 ? found.identity() : found.variant();
      }
    }
    return 0;
  }

  private int peerOf(Question q) {
    return q.peer == 0 ? peerAt(q.address) : q.peer;
  }

  /** Whether numbers come to mean something else: only then a moment tells whose are nobody's. */
  boolean otherMeanings;

  /** What the numbers mean, where cluster and endpoints agree. */
  Map<Integer, Labels> meanings() {
    var meanings = new TreeMap<>(identities);
    for (var endpoint : endpoints.values()) {
      var labels = meanings.putIfAbsent(endpoint.identity(), endpoint.labels());
      if (labels != null && !labels.equals(endpoint.labels())) {
        meanings.put(endpoint.identity(), Labels.EMPTY);
      }
    }
    return meanings;
  }

  /** As the packet path looks it up. */
  boolean passes(Question q) {
    var endpoint = tables.endpoints().get(q.endpoint);
    if (endpoint == null || endpoint.policy() == 0) {
      return false;
    }
    var flag =
        q.direction == PolicyKey.INGRESS
            ? Endpoint.Flag.ENFORCE_INGRESS
            : Endpoint.Flag.ENFORCE_EGRESS;
    if (!endpoint.flags().contains(flag)) {
      return true;
    }
    var peerClass = classes.entries.get(peerOf(q));
    if (peerClass == null) {
      return false;
    }
    var found = lookup(endpoint.policy(), peerClass, q);
    if (found == null) {
      found = lookup(endpoint.policy(), PolicyKey.CLASS_ANY, q);
    }
    return found != null && found.verdict() == Verdict.ALLOW;
  }

  @Nullable PolicyValue lookup(int policy, int identityClass, Question q) {
    for (int bits = 16; bits >= 0; bits--) {
      int port = q.port & (0xffff0000 >> bits);
      var value =
          policies.entries.get(
              new PolicyKey(policy, identityClass, q.direction, 6, port & 0xffff, bits));
      if (value != null) {
        return value;
      }
    }
    return policies.entries.get(PolicyKey.any(policy, identityClass, q.direction));
  }

  List<Question> questions() {
    var all = new ArrayList<Question>();
    for (int endpoint : endpoints.keySet()) {
      for (int peer : identities.keySet()) {
        for (int port : PORTS) {
          all.add(new Question(endpoint, peer, "", PolicyKey.INGRESS, port));
          all.add(new Question(endpoint, peer, "", PolicyKey.EGRESS, port));
        }
      }
      var addresses = new ArrayList<String>(OUTSIDE);
      addresses.addAll(REMOTE);
      addresses.addAll(NODES);
      addresses.addAll(API_SERVERS);
      endpoints.values().forEach(e -> addresses.add(e.address().getHostAddress()));
      for (var address : addresses) {
        for (int port : PORTS) {
          all.add(new Question(endpoint, 0, address, PolicyKey.INGRESS, port));
          all.add(new Question(endpoint, 0, address, PolicyKey.EGRESS, port));
        }
      }
    }
    return all;
  }

  Map<Question, Boolean> answers(List<Question> questions) {
    var answers = new HashMap<Question, Boolean>();
    for (var question : questions) {
      answers.put(question, passes(question));
    }
    return answers;
  }

  Realizer restarted() {
    var realizer =
        new Realizer(
            tables,
            new PolicyEngine(PolicySettings.defaults("default")),
            new RuleNumbers(1 + policies.entries.size()),
            endpoints.values());
    documents.forEach((name, document) -> realizer.upsertPolicy(valid(document)));
    identities.forEach(realizer::upsertIdentity);
    remote.forEach(
        (address, pod) -> realizer.sayPod(InetAddress.ofLiteral(address), pod.identity, pod.ports));
    var here = InetAddress.ofLiteral(HOST);
    realizer.say(Ipcache.Source.HOST, IpcacheKey.of(here), 1);
    realizer.nodes().host(List.of(here));
    nodes.forEach((address, zone) -> putNode(realizer, address, zone));
    putApiServers(realizer);
    realizer.complete();
    return realizer;
  }

  private static void putNode(Realizer realizer, String address, String zone) {
    realizer.nodes().put(address, List.of(InetAddress.ofLiteral(address)), Map.of("zone", zone), 0);
  }

  private void putApiServers(Realizer realizer) {
    realizer.nodes().apiServers(apiServers.stream().map(InetAddress::ofLiteral).toList());
  }

  PolicyObject valid(Map<String, ?> document) {
    var parsed = parser.parse(kindOf(document), document);
    if (parsed instanceof ParsedPolicy.Valid(var object)) {
      return object;
    }
    throw new AssertionError(parsed.toString());
  }

  static PolicyKind kindOf(Map<String, ?> document) {
    return document.containsKey("kind")
        ? PolicyKind.NETWORK_POLICY
        : PolicyKind.CILIUM_NETWORK_POLICY;
  }

  static Labels labels(String app) {
    return Labels.of(
        Label.k8s("app", app),
        Label.k8s(LabelKeys.NAMESPACE, "n"),
        Label.k8s(LabelKeys.CLUSTER, "default"));
  }

  static Map<String, ?> networkPolicy(String name, Random random) {
    var blocks = List.of("10.0.0.0/8", "10.0.1.0/24", "10.0.0.0/30", "10.0.1.1/32", "0.0.0.0/0");
    var block = new HashMap<String, Object>();
    block.put("cidr", blocks.get(random.nextInt(blocks.size())));
    if (random.nextInt(3) == 0) {
      block.put("cidr", "10.0.0.0/8");
      block.put("except", List.of(blocks.get(1 + random.nextInt(3))));
    }
    return Map.of(
        "kind", "NetworkPolicy",
        "metadata", Map.of("name", name, "namespace", "n"),
        "spec",
            Map.of(
                "podSelector",
                Map.of(),
                "policyTypes",
                List.of("Egress"),
                "egress",
                List.of(Map.of("to", List.of(Map.of("ipBlock", block))))));
  }

  static Map<String, ?> document(String name, Random random) {
    if (random.nextInt(4) == 0) {
      return networkPolicy(name, random);
    }
    var ports =
        List.of(
            Map.of(
                "ports",
                List.of(
                    Map.of(
                        "port",
                        random.nextInt(3) == 0
                            ? "http"
                            : Integer.toString(PORTS[random.nextInt(PORTS.length)]),
                        "protocol",
                        "TCP"))));
    var rule = new HashMap<String, Object>();
    boolean egress = random.nextBoolean();
    if (random.nextInt(4) == 0) {
      rule.put(egress ? "toNodes" : "fromNodes", List.of(nodeSelector(random)));
    } else if (random.nextInt(4) == 0) {
      var entities = List.of("kube-apiserver", "remote-node", "world", "cluster", "host");
      rule.put(
          egress ? "toEntities" : "fromEntities",
          List.of(entities.get(random.nextInt(entities.size()))));
    } else if (random.nextInt(6) == 0) {
      rule.put(
          egress ? "toCIDR" : "fromCIDR", List.of("192.0.2." + random.nextInt(4) * 64 + "/26"));
    } else {
      rule.put(
          egress ? "toEndpoints" : "fromEndpoints",
          List.of(Map.of("matchLabels", Map.of("app", APPS[random.nextInt(APPS.length)]))));
    }
    if (random.nextBoolean()) {
      rule.put("toPorts", ports);
    }
    var kind = (egress ? "egress" : "ingress") + (random.nextInt(4) == 0 ? "Deny" : "");
    return Map.of(
        "metadata", Map.of("name", name, "namespace", "n"),
        "spec",
            Map.of(
                "endpointSelector",
                random.nextInt(3) == 0
                    ? Map.of()
                    : Map.of("matchLabels", Map.of("app", APPS[random.nextInt(APPS.length)])),
                kind,
                List.of(rule)));
  }

  private static Map<String, ?> nodeSelector(Random random) {
    var zone = APPS[random.nextInt(2)];
    return switch (random.nextInt(4)) {
      case 0 -> Map.of();
      case 1 ->
          Map.of(
              "matchExpressions",
              List.of(Map.of("key", "zone", "operator", "NotIn", "values", List.of(zone))));
      case 2 -> Map.of("matchLabels", Map.of("reserved:kube-apiserver", ""));
      default -> Map.of("matchLabels", Map.of("zone", zone));
    };
  }

  static LocalEndpoint endpoint(int id, int generation, String app) {
    return new LocalEndpoint(
        id,
        generation,
        new AttachmentKey("c" + id, "eth0"),
        "/ns",
        "n",
        "p" + id,
        "u",
        MacAddress.parse("0a:58:0a:00:00:0" + id),
        Inet4Address.ofLiteral("10.0.0." + id),
        1500,
        identityOf(app),
        labels(app),
        NAMED.get(id % NAMED.size()),
        false);
  }

  static int identityOf(String app) {
    return 1000 + app.charAt(0);
  }

  void change(Realizer realizer, Random random) {
    int id = 1 + random.nextInt(5);
    var name = "p" + random.nextInt(4);
    var app = APPS[random.nextInt(APPS.length)];
    switch (random.nextInt(11)) {
      case 0, 1 -> {
        var document = document(name, random);
        var old = documents.put(name, document);
        if (old != null && kindOf(old) != kindOf(document)) {
          realizer.removePolicy(valid(old).key());
        }
        realizer.upsertPolicy(valid(document));
      }
      case 5 -> {
        var address = REMOTE.get(random.nextInt(REMOTE.size()));
        if (remote.remove(address) != null) {
          realizer.sayPod(InetAddress.ofLiteral(address), 0, NamedPorts.NONE);
        } else {
          var pod = new Pod(identityOf(app), NAMED.get(random.nextInt(NAMED.size())));
          remote.put(address, pod);
          realizer.sayPod(InetAddress.ofLiteral(address), pod.identity, pod.ports);
        }
      }
      case 2 -> {
        var old = documents.remove(name);
        if (old != null) {
          realizer.removePolicy(valid(old).key());
        }
      }
      case 3 -> {
        if (endpoints.remove(id) != null) {
          realizer.removeEndpoint(id);
        } else {
          var added = endpoint(id, (tables.endpoints().generation(id) + 1) & 0xffff, app);
          endpoints.put(id, added);
          realizer.addEndpoint(added);
        }
      }
      case 4 -> {
        var relabelled = realizer.relabel(id, identityOf(app), labels(app));
        if (relabelled != null) {
          endpoints.put(id, relabelled);
        }
      }
      case 8, 9 -> {
        var address = NODES.get(random.nextInt(NODES.size()));
        if (nodes.containsKey(address) && random.nextInt(3) == 0) {
          nodes.remove(address);
          realizer.nodes().remove(address);
        } else {
          var zone = APPS[random.nextInt(3)];
          nodes.put(address, zone);
          putNode(realizer, address, zone);
        }
      }
      case 10 -> {
        var address = API_SERVERS.get(random.nextInt(API_SERVERS.size()));
        if (!apiServers.remove(address)) {
          apiServers.add(address);
        }
        putApiServers(realizer);
      }
      case 6 -> {
        // Its number means others' labels, for a while.
        var other = labels(APPS[random.nextInt(APPS.length)]);
        identities.put(identityOf(app), other);
        realizer.upsertIdentity(identityOf(app), other);
      }
      default -> {
        identities.put(identityOf(app), labels(app));
        realizer.upsertIdentity(identityOf(app), labels(app));
      }
    }
  }

  /** What a node says that never knew anything else. */
  Map<Question, Boolean> fresh(List<Question> questions) {
    var other = new RealizerWorld();
    other.documents.putAll(documents);
    other.identities.putAll(identities);
    other.remote.putAll(remote);
    other.nodes.putAll(nodes);
    other.apiServers.addAll(apiServers);
    other.endpoints.putAll(endpoints);
    other.restarted().realize();
    return other.answers(questions);
  }

  /** Who an endpoint is and what it is judged by, as a packet would meet them. */
  record Standing(int identity, int policy, Set<Endpoint.Flag> flags) {
    /** Nothing new passes. */
    boolean isClosed() {
      return policy == 0;
    }
  }

  /**
   * What a packet would meet at one moment.
   *
   * @param nobodys questions about numbers that nobody has
   */
  record Moment(
      Map<Question, Boolean> answers, Map<Integer, Standing> endpoints, Set<Question> nobodys) {}

  Moment moment(List<Question> questions) {
    var nobodys = new HashSet<Question>();
    for (var question : otherMeanings ? questions : List.<Question>of()) {
      if (!classes.entries.containsKey(peerOf(question))) {
        nobodys.add(question);
      }
    }
    var standings = new HashMap<Integer, Standing>();
    for (int id : endpoints.keySet()) {
      var found = tables.endpoints().get(id);
      if (found != null) {
        standings.put(id, new Standing(found.identity(), found.policy(), found.flags()));
      }
    }
    return new Moment(answers(questions), standings, nobodys);
  }

  /** Whether connections with the peer don't outlive the change, for its own sake. */
  boolean isJudgedAnewAt(Question question, long revision) {
    if (question.address().isEmpty()) {
      boolean anew = tables.revisions().remote() > revision;
      for (int id : endpoints.keySet()) {
        var local = tables.endpoints().get(id);
        anew &= local == null || local.identity() != question.peer() || local.revision() > revision;
      }
      return anew;
    }
    var ref = byAddress.entries.get(new AddressKey(InetAddress.ofLiteral(question.address())));
    var local = ref == null ? null : tables.endpoints().get(ref.id());
    return (local == null ? tables.revisions().remote() : local.revision()) > revision;
  }
}
