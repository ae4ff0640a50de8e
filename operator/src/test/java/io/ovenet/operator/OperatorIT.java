package io.ovenet.operator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ovenet.kubernetes.ApiException;
import io.ovenet.kubernetes.CiliumEndpoints;
import io.ovenet.kubernetes.CiliumNodeRecord;
import io.ovenet.kubernetes.CiliumNodes;
import io.ovenet.kubernetes.Cluster;
import io.ovenet.kubernetes.EndpointStatus;
import io.ovenet.kubernetes.IdentityAllocator;
import io.ovenet.kubernetes.Json;
import io.ovenet.kubernetes.JsonObject;
import io.ovenet.kubernetes.KubernetesApi;
import io.ovenet.kubernetes.NodeAddress;
import io.ovenet.kubernetes.PolicyVersion;
import io.ovenet.kubernetes.RecordKind;
import io.ovenet.lab.api.ApiServer;
import io.ovenet.metrics.MetricsText;
import io.ovenet.policy.Labels;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/** The whole operator against the lab's API server. */
class OperatorIT {
  private static final String DEFINITIONS =
      "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/";
  private static final String POLICIES =
      "/apis/cilium.io/v2/namespaces/default/ciliumnetworkpolicies";

  @TempDir private Path directory;
  private final OperatorMetrics metrics = new OperatorMetrics();
  private ApiServer server;
  private KubernetesApi api;
  private final List<Running> running = new ArrayList<>();

  private record Running(Operator operator, KubernetesApi api, Thread thread) {
    void stop() throws InterruptedException {
      operator.stop(Duration.ofSeconds(20));
      thread.join();
      api.close();
    }
  }

  @BeforeEach
  void start() throws IOException {
    server = ApiServer.start(directory, ApiServer.Options.DEFAULT);
    api = connect();
  }

  @AfterEach
  void stop() throws Exception {
    for (var operator : running) {
      operator.stop();
    }
    api.close();
    server.close();
  }

  private String metrics() {
    var text = new MetricsText(false);
    metrics.write(text);
    return text.finish();
  }

  private KubernetesApi connect() {
    return new KubernetesApi(
        new Cluster(URI.create(server.url().toString()), null, "", true, () -> ""));
  }

  private Running operator(String holder, String... args) {
    var own = connect();
    var operator =
        new Operator(own, Options.parse(args), holder, metrics, new CountDownLatch(1)::countDown);
    var thread =
        Thread.ofVirtual()
            .start(
                () -> {
                  try {
                    var _ = operator.run();
                  } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                  }
                });
    var started = new Running(operator, own, thread);
    running.add(started);
    return started;
  }

  private static void until(String what, Callable<Boolean> condition) throws Exception {
    var deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
    while (true) {
      try {
        if (condition.call()) {
          return;
        }
      } catch (ApiException e) {
        // Kinds are unknown until their definitions are there.
        if (!e.notFound()) {
          throw e;
        }
      }
      assertThat(System.nanoTime()).as("in time: " + what).isLessThan(deadline);
      Thread.sleep(5);
    }
  }

  private Map<String, CiliumNodeRecord> nodes() throws IOException {
    var nodes = new TreeMap<String, CiliumNodeRecord>();
    api.list(RecordKind.CILIUM_NODES, node -> nodes.put(node.name(), node));
    return nodes;
  }

  private CiliumNodeRecord present(String name) throws IOException {
    return Objects.requireNonNull(nodes().get(name), name);
  }

  private void addNode(String name) throws IOException {
    new CiliumNodes(api)
        .ensure(name, "", Map.of(), List.of(new NodeAddress("InternalIP", "192.0.2.1")), List.of());
  }

  private void installed() throws IOException, InterruptedException {
    new DefinitionInstaller(api).install();
  }

  private void awaitPrefixes(int count) throws Exception {
    until(
        count + " nodes with prefixes",
        () -> nodes().values().stream().filter(n -> !n.podCidrs().isEmpty()).count() == count);
  }

  @Test
  void definitionsAreInstalledAndReplacedWhenTheyDiffer() throws Exception {
    installed();
    var path = DEFINITIONS + "ciliumidentities.cilium.io";
    var before = api.get(path).object("metadata").string("resourceVersion");
    installed();
    assertThat(api.get(path).object("metadata").string("resourceVersion")).isEqualTo(before);
    api.patch(
        path,
        Map.of("metadata", Map.of("annotations", Map.of("ovenet.io/definition-digest", "old"))));
    installed();
    assertThat(api.get(path).object("metadata").object("annotations").fields())
        .doesNotContainEntry("ovenet.io/definition-digest", "old");
  }

  @Test
  void everyNodeGetsAPrefixOfItsOwnAndKeepsItOverARestart() throws Exception {
    installed();
    for (var i = 0; i < 20; i++) {
      addNode("n" + i);
    }
    var first = operator("a");
    awaitPrefixes(20);
    var given = new TreeMap<String, List<String>>();
    nodes().forEach((name, node) -> given.put(name, node.podCidrs()));
    assertThat(new HashSet<>(given.values())).hasSize(20);
    first.stop();
    addNode("n20");
    operator("b");
    awaitPrefixes(21);
    for (var before : given.entrySet()) {
      assertThat(present(before.getKey()).podCidrs()).isEqualTo(before.getValue());
    }
    assertThat(given.values()).doesNotContain(present("n20").podCidrs());
  }

  @Test
  void anExhaustedPoolIsToldAndAFreedPrefixIsGivenOn() throws Exception {
    installed();
    addNode("n0");
    addNode("n1");
    operator("a", "--cluster-pool-ipv4-cidr=10.7.0.0/23");
    awaitPrefixes(2);
    addNode("late");
    until("it is told", () -> present("late").operatorError().contains("all 2 prefixes"));
    assertThat(metrics())
        .contains("ovenet_operator_leading 1\n")
        .contains("ovenet_operator_failures_total{queue=\"node\"} 0\n")
        .contains("ovenet_pod_prefixes{state=\"free\"} 0\n")
        .contains("ovenet_pod_prefixes{state=\"given\"} 2\n");
    api.delete(RecordKind.CILIUM_NODES.path("", "n0"), Map.of());
    awaitPrefixes(2);
    until("it is told no more", () -> present("late").operatorError().isEmpty());
  }

  @Test
  void aNodeWhosePrefixesAreUsedUpGetsAnother() throws Exception {
    installed();
    addNode("n0");
    addNode("n1");
    var first = operator("a");
    awaitPrefixes(2);
    var own = new CiliumNodes(api);
    var before = present("n0").podCidrs();
    own.reportPodCidrs("n0", before, true);
    until("it has another", () -> present("n0").podCidrs().size() == 2);
    var two = present("n0").podCidrs();
    assertThat(two).startsWith(before.getFirst());
    first.stop();
    own.reportPodCidrs("n0", two, true);
    addNode("n2");
    operator("b");
    until("it has another", () -> present("n0").podCidrs().size() == 3);
    awaitPrefixes(3);
    assertThat(present("n0").podCidrs()).containsAll(two);
    assertThat(present("n1").podCidrs()).hasSize(1);
    var all = new HashSet<String>();
    nodes().values().forEach(node -> all.addAll(node.podCidrs()));
    assertThat(all).hasSize(5);
  }

  @Test
  void twoNodesOfOnePrefixAreTold() throws Exception {
    installed();
    var own = new CiliumNodes(api);
    for (var name : List.of("a", "b")) {
      addNode(name);
      own.assign(present(name), List.of("10.0.0.0/24"));
    }
    addNode("c");
    operator("x");
    awaitPrefixes(3);
    until("the second is told", () -> present("b").operatorError().contains("overlaps"));
    assertThat(present("c").podCidrs()).doesNotContain("10.0.0.0/24");
  }

  private static Map<String, Object> policy(String name, Map<String, ?> ingress) {
    return Map.of(
        "apiVersion",
        "cilium.io/v2",
        "kind",
        "CiliumNetworkPolicy",
        "metadata",
        Map.of("name", name, "namespace", "default"),
        "spec",
        Map.of(
            "endpointSelector",
            Map.of("matchLabels", Map.of("app", "web")),
            "ingress",
            List.of(ingress)));
  }

  private JsonObject condition(String policy) throws IOException {
    var conditions = api.get(POLICIES + "/" + policy).object("status").objects("conditions");
    return conditions.isEmpty() ? JsonObject.EMPTY : conditions.getFirst();
  }

  @Test
  void authorsAreToldWhatTheirPolicyMeans() throws Exception {
    operator("a");
    installed();
    api.create(POLICIES, policy("good", Map.of("fromCIDR", List.of("192.0.2.0/24"))));
    api.create(POLICIES, policy("bad", Map.of("fromCIDR", List.of("999.0.2.0/24"))));
    until("good is judged", () -> condition("good").string("status").equals("True"));
    until("bad is judged", () -> condition("bad").string("status").equals("False"));
    assertThat(condition("bad").string("message")).contains("spec.ingress[0].fromCIDR[0]");
    var since = condition("good").string("lastTransitionTime");

    var spec = policy("good", Map.of("fromCIDR", List.of("not-a-prefix"))).get("spec");
    assertThatThrownBy(() -> api.patch(POLICIES + "/good", Map.of("spec", spec)))
        .as("the schema refuses what it can")
        .hasMessageContaining("422")
        .hasMessageContaining("spec.ingress[0].fromCIDR[0]");
    var better = policy("bad", Map.of("fromCIDR", List.of("198.51.100.0/24"))).get("spec");
    api.patch(POLICIES + "/bad", Map.of("spec", JsonObject.of(better).fields()));
    until("bad is judged again", () -> condition("bad").string("status").equals("True"));
    assertThat(condition("bad").integer("observedGeneration")).isEqualTo(2);
    assertThat(condition("good").string("lastTransitionTime")).isEqualTo(since);
  }

  @Test
  void theLastValidVersionIsKept() throws Exception {
    var first = operator("a");
    installed();
    var never = policy("never", Map.of("fromCIDR", List.of("999.0.2.0/24")));
    api.create(POLICIES, never);
    api.create(POLICIES, policy("edited", Map.of("fromCIDR", List.of("192.0.2.0/24"))));
    until("it is kept", () -> generationKept("edited") == 1);
    edit("edited", "198.51.100.0/24");
    until("a newer one is kept", () -> generationKept("edited") == 2);

    edit("edited", "999.0.2.0/24");
    until("it is invalid", () -> condition("edited").string("status").equals("False"));
    assertThat(condition("edited").string("message"))
        .contains("spec.ingress[0].fromCIDR[0]")
        .contains("Generation 2, the last valid one, stays in force");
    assertThat(generationKept("edited")).isEqualTo(2);
    until("the other is judged", () -> condition("never").string("status").equals("False"));
    assertThat(condition("never").string("message")).contains("No valid version", "isolated");
    assertThat(generationKept("never")).isZero();

    // Another operator knows of it by the status alone.
    first.stop();
    operator("b");
    edit("edited", "998.0.2.0/24");
    until("judged again", () -> condition("edited").integer("observedGeneration") == 4);
    assertThat(generationKept("edited")).isEqualTo(2);
    assertThat(condition("edited").string("message")).contains("Generation 2");

    // A new object of the same name has no past.
    api.delete(POLICIES + "/edited", Map.of());
    api.create(POLICIES, policy("edited", Map.of("fromCIDR", List.of("999.0.2.0/24"))));
    until("the new one is judged", () -> condition("edited").string("status").equals("False"));
    assertThat(generationKept("edited")).isZero();
  }

  private void edit(String name, String prefix) throws IOException {
    var spec = policy(name, Map.of("fromCIDR", List.of(prefix))).get("spec");
    api.patch(POLICIES + "/" + name, Map.of("spec", JsonObject.of(spec).fields()));
  }

  /** 0 where none is. */
  private long generationKept(String policy) throws IOException {
    var kept = api.get(POLICIES + "/" + policy).object("status").string("lastValid");
    return kept.isEmpty() ? 0 : PolicyVersion.unpack(kept).generation();
  }

  @Test
  void everyFieldOfUpstreamIsAcceptedAndWhatIsNoFieldIsRefused() throws Exception {
    installed();
    try (var in = OperatorIT.class.getResourceAsStream("every-field.yaml")) {
      assertThat(in).isNotNull();
      var yaml = new Load(LoadSettings.builder().build()).loadFromInputStream(in);
      var written = JsonObject.of(yaml);
      var kept = api.create(POLICIES + "?fieldValidation=Strict", written.fields());
      var text = new String(Json.write(kept.fields()), StandardCharsets.UTF_8);
      assertThat(text).contains("cidrGroupSelector", "toFQDNs", "serverNames", "l7proto");
    }
    var typo = policy("typo", Map.of("fromEndpoint", List.of()));
    assertThatThrownBy(() -> api.create(POLICIES + "?fieldValidation=Strict", typo))
        .hasMessageContaining("spec.ingress[0].fromEndpoint");
    var tooMany = new ArrayList<Map<String, String>>();
    for (var port = 1; port <= 41; port++) {
      tooMany.add(Map.of("port", Integer.toString(port)));
    }
    var many = policy("many", Map.of("toPorts", List.of(Map.of("ports", tooMany))));
    assertThatThrownBy(() -> api.create(POLICIES, many)).hasMessageContaining("toPorts[0].ports");
    var neither =
        Map.of(
            "apiVersion",
            "cilium.io/v2",
            "kind",
            "CiliumNetworkPolicy",
            "metadata",
            Map.of("name", "neither"),
            "spec",
            Map.of("ingress", List.of()));
    assertThatThrownBy(() -> api.create(POLICIES, neither)).hasMessageContaining("422");
  }

  @Test
  void anotherTakesOverWhenTheLeaderStops() throws Exception {
    installed();
    var first = operator("a", "--leader-election-lease-duration=60s");
    addNode("n0");
    awaitPrefixes(1);
    operator("b", "--leader-election-lease-duration=60s");
    first.stop();
    addNode("n1");
    awaitPrefixes(2);
  }

  private Map<Integer, String> identities() throws IOException {
    var marks = new TreeMap<Integer, String>();
    api.list(RecordKind.CILIUM_IDENTITIES, i -> marks.put(i.number(), i.unusedSince()));
    return marks;
  }

  @Test
  void onlyIdentitiesThatStayUnusedAreCollected() throws Exception {
    installed();
    var allocator = new IdentityAllocator(api);
    var used = allocator.allocate(Labels.parse("k8s:app=used"));
    var unused = allocator.allocate(Labels.parse("k8s:app=unused"));
    var pod = pod("web");
    endpoint("web", pod, used);
    var grace = Duration.ofMinutes(30);
    var created = Instant.now();

    new GarbageCollection(api, grace, () -> created, metrics).sweep();
    assertThat(identities()).containsEntry(unused, "").containsEntry(used, "");
    var marking = created.plus(grace).plusSeconds(60);
    new GarbageCollection(api, grace, () -> marking, metrics).sweep();
    assertThat(identities()).containsEntry(unused, marking.toString()).containsEntry(used, "");
    new GarbageCollection(api, grace, () -> marking.plus(grace).minusSeconds(1), metrics).sweep();
    assertThat(identities()).containsOnlyKeys(used, unused);

    // Taken into use at the last moment, by an agent whose endpoint isn't told yet.
    assertThat(new IdentityAllocator(api).allocate(Labels.parse("k8s:app=unused")))
        .isEqualTo(unused);
    new GarbageCollection(api, grace, () -> marking.plus(grace), metrics).sweep();
    assertThat(identities()).containsOnlyKeys(used, unused);
    new GarbageCollection(api, grace, () -> marking.plus(grace).plus(grace), metrics).sweep();
    assertThat(identities()).containsOnlyKeys(used);
    assertThat(metrics()).contains("ovenet_operator_collected_total{kind=\"CiliumIdentity\"} 1\n");
  }

  @Test
  void endpointsOfPodsThatAreGoneAreCollected() throws Exception {
    installed();
    var kept = pod("kept");
    endpoint("kept", kept, 300);
    // Without an owner: the API server would take away what belongs to a pod that is gone.
    api.create(
        "/apis/cilium.io/v2/namespaces/default/ciliumendpoints",
        Map.of(
            "apiVersion",
            "cilium.io/v2",
            "kind",
            "CiliumEndpoint",
            "metadata",
            Map.of("name", "orphan")));
    var garbage = new GarbageCollection(api, Duration.ofMinutes(30), Instant::now, metrics);
    garbage.sweep();
    garbage.sweep();
    var left = new ArrayList<String>();
    api.list(RecordKind.CILIUM_ENDPOINTS, endpoint -> left.add(endpoint.key().name()));
    assertThat(left).containsExactly("kept");
    assertThat(metrics()).contains("ovenet_operator_collected_total{kind=\"CiliumEndpoint\"} 1\n");
    ;
  }

  private String pod(String name) throws IOException {
    return api.create(
            "/api/v1/namespaces/default/pods",
            Map.of(
                "apiVersion",
                "v1",
                "kind",
                "Pod",
                "metadata",
                Map.of("name", name),
                "spec",
                Map.of("containers", List.of(Map.of("name", "c", "image", "none")))))
        .object("metadata")
        .string("uid");
  }

  private void endpoint(String name, String podUid, int identity) throws IOException {
    new CiliumEndpoints(api)
        .upsert(
            new EndpointStatus(
                "default",
                name,
                name,
                podUid,
                1,
                identity,
                List.of("k8s:app=used"),
                "10.0.0.1",
                "",
                "192.0.2.1",
                false,
                false,
                List.of(),
                "ready",
                ""));
  }
}
