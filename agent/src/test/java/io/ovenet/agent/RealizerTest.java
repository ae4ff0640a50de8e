package io.ovenet.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Random changes over tables in memory, looked at after every single write: what a packet would
 * meet is decided as before the change or as after it, never otherwise; also over restarts.
 */
class RealizerTest {
  private static final String[] APPS = {"a", "b", "c", "d"};
  private static final int[] PORTS = {80, 443, 8080};

  /** Tells of each entry that is written. */
  private final class MemoryTable<K, V> implements Table<K, V> {
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

  private Runnable look = () -> {};
  private final MemoryTable<PolicyKey, PolicyValue> policies = new MemoryTable<>();
  private final MemoryTable<Integer, Integer> classes = new MemoryTable<>();
  private final MemoryTable<IpcacheKey, IpcacheValue> ipcache = new MemoryTable<>();
  private final MemoryTable<AddressKey, EndpointRef> byAddress = new MemoryTable<>();
  private final Tables tables =
      new Tables(
          policies,
          classes,
          ipcache,
          byAddress,
          new EndpointTable(Arena.ofAuto().allocate(4096L * 128, 4096)),
          new Revisions(Arena.ofAuto().allocate(16, 16)));
  private final PolicyParser parser = new PolicyParser("default");
  private final Map<String, Map<String, ?>> documents = new TreeMap<>();
  private final Map<Integer, Labels> identities = new TreeMap<>();
  private final Map<Integer, LocalEndpoint> endpoints = new TreeMap<>();

  /** Named ports of pods, by the last digit of their address. */
  private static final List<NamedPorts> NAMED =
      List.of(
          NamedPorts.NONE,
          NamedPorts.of(List.of(new NamedPort("http", 6, 80))),
          NamedPorts.of(List.of(new NamedPort("http", 6, 443), new NamedPort("web", 6, 8080))));

  private static final List<String> REMOTE = List.of("10.0.1.1", "10.0.1.2", "10.0.2.1");
  private static final List<String> OUTSIDE =
      List.of("192.0.2.1", "192.0.2.70", "192.0.2.130", "192.0.2.190");

  private record Pod(int identity, NamedPorts ports) {}

  private final Map<String, Pod> remote = new TreeMap<>();

  /** The peer is an identity, or who has an address. */
  private record Question(int endpoint, int peer, String address, int direction, int port) {}

  /** What stands in class_map for an address, as the packet path finds it; 0 if nothing does. */
  private int peerAt(String text) {
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

  /** As the packet path looks it up. */
  private boolean passes(Question q) {
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
    var peerClass = classes.entries.get(q.peer == 0 ? peerAt(q.address) : q.peer);
    if (peerClass == null) {
      return false;
    }
    var found = lookup(endpoint.policy(), peerClass, q);
    if (found == null) {
      found = lookup(endpoint.policy(), PolicyKey.CLASS_ANY, q);
    }
    return found != null && found.verdict() == Verdict.ALLOW;
  }

  private @Nullable PolicyValue lookup(int policy, int identityClass, Question q) {
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

  private List<Question> questions() {
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

  private Map<Question, Boolean> answers(List<Question> questions) {
    var answers = new HashMap<Question, Boolean>();
    for (var question : questions) {
      answers.put(question, passes(question));
    }
    return answers;
  }

  private Realizer restarted() {
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
    realizer.complete();
    return realizer;
  }

  private PolicyObject valid(Map<String, ?> document) {
    var parsed = parser.parse(kindOf(document), document);
    if (parsed instanceof ParsedPolicy.Valid(var object)) {
      return object;
    }
    throw new AssertionError(parsed.toString());
  }

  private static PolicyKind kindOf(Map<String, ?> document) {
    return document.containsKey("kind")
        ? PolicyKind.NETWORK_POLICY
        : PolicyKind.CILIUM_NETWORK_POLICY;
  }

  private static Labels labels(String app) {
    return Labels.of(
        Label.k8s("app", app),
        Label.k8s(LabelKeys.NAMESPACE, "n"),
        Label.k8s(LabelKeys.CLUSTER, "default"));
  }

  private static Map<String, ?> networkPolicy(String name, Random random) {
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

  private static Map<String, ?> document(String name, Random random) {
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
    if (random.nextInt(6) == 0) {
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

  private LocalEndpoint endpoint(int id, int generation, String app) {
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

  private static int identityOf(String app) {
    return 1000 + app.charAt(0);
  }

  private void change(Realizer realizer, Random random) {
    int id = 1 + random.nextInt(5);
    var name = "p" + random.nextInt(4);
    var app = APPS[random.nextInt(APPS.length)];
    switch (random.nextInt(7)) {
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
      default -> {
        identities.put(identityOf(app), labels(app));
        realizer.upsertIdentity(identityOf(app), labels(app));
      }
    }
  }

  @Test
  void noWriteLeavesWhatNeitherOldNorNewPolicySays() {
    long seed = Long.getLong("ovenet.seed", System.nanoTime());
    System.out.println("RealizerTest: -Dovenet.seed=" + seed);
    var random = new Random(seed);
    for (var app : APPS) {
      identities.put(identityOf(app), labels(app));
    }
    identities.put(1, Labels.of(Label.reserved("host")));
    identities.put(2, Labels.of(Label.reserved("world")));
    var realizer = restarted();
    realizer.realize();
    for (int step = 0; step < 250; step++) {
      if (random.nextInt(10) == 0) {
        realizer = restarted();
      } else {
        change(realizer, random);
      }
      verifyEachWrite(realizer, seed, step);
    }
  }

  private void verifyEachWrite(Realizer realizer, long seed, int step) {
    var questions = questions();
    var before = answers(questions);
    long revision = tables.revisions().current();
    var seen = new ArrayList<Map<Question, Boolean>>();
    look = () -> seen.add(answers(questions));
    realizer.realize();
    look = () -> {};
    var after = answers(questions);
    for (var moment : seen) {
      for (var question : questions) {
        if (!Objects.equals(moment.get(question), before.get(question))) {
          assertThat(moment.get(question))
              .as("seed %d step %d: %s", seed, step, question)
              .isEqualTo(after.get(question));
        }
      }
    }
    assertThat(after)
        .as("seed %d step %d: against a fresh node", seed, step)
        .isEqualTo(fresh(questions));
    for (int id : endpoints.keySet()) {
      var found = Objects.requireNonNull(tables.endpoints().get(id));
      boolean differs = false;
      for (var question : questions) {
        differs |=
            question.endpoint == id
                && !Objects.equals(before.get(question), after.get(question))
                && !isJudgedAnewAt(question.address, revision);
      }
      if (differs) {
        assertThat(found.revision())
            .as("seed %d step %d: connections of %d are judged anew", seed, step, id)
            .isGreaterThan(revision);
      }
    }
  }

  /** Whether connections with an address don't outlive the change, for its own sake. */
  private boolean isJudgedAnewAt(String address, long revision) {
    if (address.isEmpty()) {
      return false;
    }
    var ref = byAddress.entries.get(new AddressKey(InetAddress.ofLiteral(address)));
    var local = ref == null ? null : tables.endpoints().get(ref.id());
    return (local == null ? tables.revisions().remote() : local.revision()) > revision;
  }

  /** What a node says that never knew anything else. */
  private Map<Question, Boolean> fresh(List<Question> questions) {
    var other = new RealizerTest();
    other.documents.putAll(documents);
    other.identities.putAll(identities);
    other.remote.putAll(remote);
    other.endpoints.putAll(endpoints);
    other.restarted().realize();
    return other.answers(questions);
  }

  @Test
  void whatDoesNotFitLeavesWhatWasInForce() {
    for (var app : APPS) {
      identities.put(identityOf(app), labels(app));
    }
    endpoints.put(1, endpoint(1, 1, "a"));
    var document = document("p", new Random(3));
    documents.put("p", document);
    var realizer = restarted();
    realizer.realize();
    var before = answers(questions());
    var held = Map.copyOf(policies.entries);

    policies.room = policies.entries.size();
    for (int i = 0; i < 20; i++) {
      realizer.upsertPolicy(valid(document("q" + i, new Random(i))));
    }
    assertThatThrownBy(realizer::realize).isInstanceOf(Table.TableException.class);
    assertThat(policies.entries).containsAllEntriesOf(held);
    assertThat(answers(questions())).isEqualTo(before);
    var added = endpoint(2, 1, "b");
    realizer.addEndpoint(added);
    assertThatThrownBy(realizer::realize).isInstanceOf(Table.TableException.class);
    assertThat(tables.endpoints().get(2)).as("a new endpoint passes nothing").isNull();

    policies.room = Integer.MAX_VALUE;
    realizer.realize();
    assertThat(tables.endpoints().get(2)).isNotNull();
  }

  @Test
  void realizingTwiceChangesNothing() {
    for (var app : APPS) {
      identities.put(identityOf(app), labels(app));
    }
    endpoints.put(1, endpoint(1, 1, "a"));
    documents.put("p", document("p", new Random(1)));
    var realizer = restarted();
    long revision = realizer.realize();
    look =
        () -> {
          throw new AssertionError("written again");
        };
    assertThat(realizer.realize()).isEqualTo(revision);
  }
}
