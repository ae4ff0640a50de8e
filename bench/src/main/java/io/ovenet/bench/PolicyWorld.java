package io.ovenet.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.locks.LockSupport;

/** What is there while policy changes: objects, endpoints, and the policy that is changed. */
final class PolicyWorld {
  static final String NAMESPACE = "bench";
  static final String NAME = "changed";
  static final String PATH =
      "/apis/cilium.io/v2/namespaces/" + NAMESPACE + "/ciliumnetworkpolicies/" + NAME;

  private static final int REPLICAS = 10;
  private static final int FIRST_IDENTITY = 1_024;
  private static final int NAMESPACES = 100;
  private static final int PREFIXES_A_POLICY = 1_000;
  private static final int WRITERS = 4;

  private PolicyWorld() {}

  /**
   * Between whom the probes go.
   *
   * @param others pods that no change is about
   */
  record Ends(BenchPod client, BenchPod server, List<BenchPod> others) {}

  /** The policy that is changed: its subjects hear its peers, or not on the probes' port. */
  static Map<String, Object> policy(boolean denies, String version) {
    Map<String, Object> peers = Map.of("matchLabels", Map.of("peers", "yes"));
    Map<String, Object> rule = Map.of("fromEndpoints", List.of(peers));
    Map<String, Object> spec = new LinkedHashMap<>();
    spec.put("endpointSelector", Map.of("matchLabels", Map.of("group", "changed")));
    spec.put("ingress", List.of(rule));
    if (denies) {
      spec.put(
          "ingressDeny",
          List.of(Map.of("fromEndpoints", List.of(peers), "toPorts", ports(ProbeStream.PORT))));
    }
    return object(NAMESPACE, NAME, version, spec);
  }

  private static List<Map<String, Object>> ports(int port) {
    return List.of(
        Map.of("ports", List.of(Map.of("port", Integer.toString(port), "protocol", "UDP"))));
  }

  private static Map<String, Object> object(
      String namespace, String name, String version, Map<String, Object> spec) {
    return Map.of(
        "apiVersion",
        "cilium.io/v2",
        "kind",
        "CiliumNetworkPolicy",
        "metadata",
        Map.of("namespace", namespace, "name", name, "resourceVersion", version),
        "spec",
        spec);
  }

  /** Two pods and the policy. */
  static Ends small(BenchNode node) throws IOException {
    node.namespace(NAMESPACE);
    create(node, NAMESPACE, policy(false, ""));
    node.startAgent();
    BenchPod client = node.pod(NAMESPACE, "client", Map.of("peers", "yes"));
    BenchPod server = node.pod(NAMESPACE, "server", Map.of("group", "changed"));
    node.awaitAgent(client);
    server.add();
    return new Ends(client, server, List.of());
  }

  private static void create(BenchNode node, String namespace, Map<String, Object> policy)
      throws IOException {
    node.create("/apis/cilium.io/v2/namespaces/" + namespace + "/ciliumnetworkpolicies", policy);
  }

  /** A policy that lets one application's pods hear another's. */
  static void allowFrom(BenchNode node, String name, String subject, String peer)
      throws IOException {
    Map<String, Object> rule =
        Map.of("fromEndpoints", List.of(Map.of("matchLabels", Map.of("app", peer))));
    Map<String, Object> spec =
        Map.of(
            "endpointSelector",
            Map.of("matchLabels", Map.of("app", subject)),
            "ingress",
            List.of(rule));
    create(node, NAMESPACE, object(NAMESPACE, name, "", spec));
  }

  /**
   * A cluster and a node as they are in a few hundred nodes' company: every application has ten
   * pods on the node and two policies, and its identity; the other identities and policies are of
   * other nodes and namespaces.
   */
  static Ends of(WorldSize size, BenchNode node, long seed, Map<String, Object> report)
      throws IOException, InterruptedException {
    Random random = new Random(seed);
    Output.note(size + "; seed " + seed);
    node.namespace(NAMESPACE);
    List<Write> writes = new ArrayList<>();
    for (int i = 0; i < NAMESPACES; i++) {
      String name = namespace(i);
      writes.add(() -> node.namespace(name));
    }
    run(writes);
    writes.clear();
    for (int i = 0; i < size.identities() - size.endpoints() / REPLICAS; i++) {
      Map<String, Object> identity = identity(FIRST_IDENTITY + i, i, random);
      writes.add(() -> node.create("/apis/cilium.io/v2/ciliumidentities", identity));
    }
    for (int i = 0; i < size.policies() - 1; i++) {
      boolean here = i < 2 * size.endpoints() / REPLICAS;
      String namespace = here ? NAMESPACE : namespace(random.nextInt(NAMESPACES));
      Map<String, Object> policy = other(namespace, i, random);
      writes.add(() -> create(node, namespace, policy));
    }
    for (int first = 0; first < size.prefixes(); first += PREFIXES_A_POLICY) {
      Map<String, Object> policy =
          toPrefixes(first, Math.min(size.prefixes(), first + PREFIXES_A_POLICY), size);
      writes.add(() -> create(node, NAMESPACE, policy));
    }
    writes.add(() -> create(node, NAMESPACE, policy(false, "")));
    run(writes);
    List<BenchPod> pods = new ArrayList<>();
    for (int i = 0; i < size.endpoints(); i++) {
      Map<String, String> labels = new HashMap<>();
      labels.put("app", "app-" + i / REPLICAS);
      labels.put("tier", "tier-" + i / REPLICAS % 5);
      if (i < WorldSize.SELECTED_ENDPOINTS) {
        labels.put("group", "changed");
      } else if (i == WorldSize.SELECTED_ENDPOINTS) {
        labels.put("peers", "yes");
      }
      pods.add(node.pod(NAMESPACE, "pod-" + i, labels));
    }
    long begin = System.nanoTime();
    node.startAgent();
    node.awaitAgent(pods.getFirst());
    report.put(
        "agent start to first ADD, all policies from nothing",
        Times.of(List.of(System.nanoTime() - begin)));
    report.put("  the agent's processor time in it, ms", node.processorTime().toMillis());
    AtOnce.run(pods.subList(1, pods.size()), BenchPod::add);
    LockSupport.parkNanos(3_000_000_000L); // until the agent has said so to the API
    return new Ends(
        pods.get(WorldSize.SELECTED_ENDPOINTS),
        pods.getFirst(),
        pods.subList(WorldSize.SELECTED_ENDPOINTS + 1, pods.size()));
  }

  private static String namespace(int number) {
    return "app-" + number + "-prod";
  }

  /** One more of those that the changed policy selects; the index is from 0 on. */
  static Map<String, Object> peer(WorldSize size, int index, Random random) {
    return identity(FIRST_IDENTITY + size.identities() + index, 0, random);
  }

  private static Map<String, Object> identity(int number, int index, Random random) {
    Map<String, String> labels = new HashMap<>();
    boolean peer = index < WorldSize.SELECTED_IDENTITIES - 1;
    labels.put(
        "k8s:io.kubernetes.pod.namespace",
        peer ? NAMESPACE : namespace(random.nextInt(NAMESPACES)));
    labels.put("k8s:io.cilium.k8s.policy.cluster", "default");
    labels.put("k8s:io.cilium.k8s.policy.serviceaccount", "default");
    labels.put("k8s:app", "app-" + random.nextInt(500));
    labels.put("k8s:tier", "tier-" + random.nextInt(5));
    labels.put("k8s:instance", "instance-" + index);
    if (peer) {
      labels.put("k8s:peers", "yes");
    }
    return Map.of(
        "apiVersion",
        "cilium.io/v2",
        "kind",
        "CiliumIdentity",
        "metadata",
        Map.of("name", Integer.toString(number)),
        "security-labels",
        labels);
  }

  /** What an application of the node may reach: pods, and prefixes outside, none inside another. */
  private static Map<String, Object> toPrefixes(int from, int to, WorldSize size) {
    List<String> prefixes = new ArrayList<>();
    for (int i = from; i < to; i++) {
      prefixes.add("198.%d.%d.%d/31".formatted(18 + i / 32_768, i / 128 % 256, i % 128 * 2));
    }
    String app = "app-" + from / PREFIXES_A_POLICY % (size.endpoints() / REPLICAS);
    List<Map<String, Object>> rules =
        List.of(
            Map.of("toCIDR", prefixes, "toPorts", ports(4_000 + from / PREFIXES_A_POLICY)),
            Map.of("toEntities", List.of("cluster")));
    Map<String, Object> spec =
        Map.of("endpointSelector", Map.of("matchLabels", Map.of("app", app)), "egress", rules);
    return object(NAMESPACE, "prefixes-" + from, "", spec);
  }

  /** A policy as teams write them: an application, who calls it on a port or two. */
  private static Map<String, Object> other(String namespace, int index, Random random) {
    List<Map<String, Object>> rules = new ArrayList<>();
    for (int i = 0; i <= random.nextInt(3); i++) {
      Map<String, String> labels = new HashMap<>();
      labels.put("app", "app-" + random.nextInt(500));
      if (random.nextBoolean()) {
        labels.put("k8s:io.kubernetes.pod.namespace", namespace(random.nextInt(NAMESPACES)));
      }
      rules.add(
          Map.of(
              "fromEndpoints",
              List.of(Map.of("matchLabels", labels)),
              "toPorts",
              ports(1024 + random.nextInt(4000))));
    }
    String app = "app-" + (namespace.equals(NAMESPACE) ? index / 2 : random.nextInt(500));
    Map<String, Object> spec =
        Map.of("endpointSelector", Map.of("matchLabels", Map.of("app", app)), "ingress", rules);
    return object(namespace, "policy-" + index, "", spec);
  }

  /** A write to the API. */
  private interface Write {
    void run() throws IOException;
  }

  private static void run(List<Write> writes) throws IOException, InterruptedException {
    try (var threads = Executors.newFixedThreadPool(WRITERS)) {
      List<Future<?>> ends = new ArrayList<>();
      for (Write write : writes) {
        ends.add(
            threads.submit(
                () -> {
                  write.run();
                  return null;
                }));
      }
      for (Future<?> end : ends) {
        end.get();
      }
    } catch (ExecutionException e) {
      throw new IOException("fill the API: " + e.getCause(), e);
    }
  }
}
