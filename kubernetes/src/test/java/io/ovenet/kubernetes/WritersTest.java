package io.ovenet.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ovenet.policy.IdentityHash;
import io.ovenet.policy.Labels;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class WritersTest {
  private static final String IDENTITIES = "/apis/cilium.io/v2/ciliumidentities/";
  private static final Labels WEB =
      Labels.parse("k8s:app=web", "k8s:io.kubernetes.pod.namespace=shop");

  private ApiFixture server;
  private KubernetesApi api;

  @BeforeEach
  void start() throws IOException {
    server = new ApiFixture();
    api = new KubernetesApi(server.cluster());
  }

  @AfterEach
  void stop() {
    api.close();
    server.close();
  }

  private static Map<String, Object> identity(Labels labels) {
    return Map.of("security-labels", labels.toSecurityLabels());
  }

  @Test
  void aNewIdentityHasTheNumberOfItsHashAndAKnownOneAsksNobody() throws IOException {
    var allocator = new IdentityAllocator(api);
    var number = allocator.allocate(WEB);
    assertThat(number).isEqualTo(IdentityHash.of(WEB).candidate(0));
    var asked = server.requests("").size();
    assertThat(allocator.allocate(WEB)).isEqualTo(number);
    assertThat(server.requests("")).hasSize(asked);
    assertThat(new IdentityAllocator(api).allocate(WEB)).isEqualTo(number);
    assertThat(JsonObject.of(server.object(IDENTITIES + number)).object("security-labels").fields())
        .isEqualTo(WEB.toSecurityLabels());
  }

  @Test
  void aNumberOfOtherLabelsIsPassedOver() throws IOException {
    var hash = IdentityHash.of(WEB);
    server.put(IDENTITIES + hash.candidate(0), identity(Labels.parse("k8s:app=other")));
    server.put(IDENTITIES + hash.candidate(1), identity(Labels.parse("k8s:app=third")));
    assertThat(new IdentityAllocator(api).allocate(WEB)).isEqualTo(hash.candidate(2));
  }

  @Test
  void aNumberOfLabelsThatNobodyCanReadIsPassedOver() throws IOException {
    var hash = IdentityHash.of(WEB);
    var unreadable = new HashMap<String, Object>(identity(WEB));
    unreadable.put("security-labels", Map.of("k8s:", "no key"));
    server.put(IDENTITIES + hash.candidate(0), unreadable);
    assertThat(new IdentityAllocator(api).allocate(WEB)).isEqualTo(hash.candidate(1));
  }

  @Test
  void aNumberThatIsKnownToBeOfOtherLabelsIsNotAskedFor() throws IOException {
    var hash = IdentityHash.of(WEB);
    var other = IDENTITIES + hash.candidate(0);
    server.put(other, identity(Labels.parse("k8s:app=other")));
    var allocator = new IdentityAllocator(api);
    allocator.upserted(CiliumRecords.identity(api.get(other)));
    var asked = server.requests(other).size();
    assertThat(allocator.allocate(WEB)).isEqualTo(hash.candidate(1));
    assertThat(server.requests(other)).hasSize(asked);
  }

  @Test
  void whoHasNotHeardThatANumberBecameFreeMakesNoSecondIdentity() throws IOException {
    var hash = IdentityHash.of(WEB);
    var other = IDENTITIES + hash.candidate(0);
    server.put(other, identity(Labels.parse("k8s:app=other")));
    var late = new IdentityAllocator(api);
    late.upserted(CiliumRecords.identity(api.get(other)));
    server.remove(other);
    assertThat(new IdentityAllocator(api).allocate(WEB)).isEqualTo(hash.candidate(0));
    assertThat(late.allocate(WEB)).isEqualTo(hash.candidate(0));
    assertThat(server.object(IDENTITIES + hash.candidate(1))).isNull();
  }

  @Test
  void aNumberThatBecameFreeDoesNotMakeASecondIdentity() throws IOException {
    var hash = IdentityHash.of(WEB);
    server.put(IDENTITIES + hash.candidate(0), identity(Labels.parse("k8s:app=other")));
    assertThat(new IdentityAllocator(api).allocate(WEB)).isEqualTo(hash.candidate(1));
    server.remove(IDENTITIES + hash.candidate(0));
    // Somebody who has not heard of the second candidate.
    assertThat(new IdentityAllocator(api).allocate(WEB)).isEqualTo(hash.candidate(1));
    assertThat(server.object(IDENTITIES + hash.candidate(0))).isNull();
  }

  @Test
  void whoeverRacesGetsTheSameNumber() throws Exception {
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var calls = new ArrayList<Callable<Integer>>();
      for (var i = 0; i < 40; i++) {
        var allocator = new IdentityAllocator(api);
        calls.add(() -> allocator.allocate(WEB));
      }
      var numbers = new HashSet<Integer>();
      for (var answer : threads.invokeAll(calls)) {
        numbers.add(answer.get());
      }
      assertThat(numbers).hasSize(1);
    }
  }

  @Test
  void takingAMarkedIdentityIntoUseRemovesTheMark() throws IOException {
    var number = new IdentityAllocator(api).allocate(WEB);
    var path = IDENTITIES + number;
    api.patch(
        path,
        Map.of("metadata", Map.of("annotations", Map.of(IdentityRecord.UNUSED_SINCE, "earlier"))));
    var marked = CiliumRecords.identity(api.get(path));
    assertThat(marked.unusedSince()).isEqualTo("earlier");
    var allocator = new IdentityAllocator(api);
    allocator.upserted(marked);
    assertThat(allocator.known(WEB)).isZero();
    assertThat(allocator.allocate(WEB)).isEqualTo(number);
    assertThat(CiliumRecords.identity(api.get(path)).unusedSince()).isEmpty();
    assertThat(allocator.known(WEB)).isEqualTo(number);
    allocator.deleted(marked.key());
    assertThat(allocator.known(WEB)).isZero();
  }

  private static EndpointStatus endpoint(String podUid, String ip) {
    return new EndpointStatus(
        "shop",
        "web-0",
        "web-0",
        podUid,
        7,
        4711,
        List.of("k8s:app=web"),
        ip,
        "",
        "192.0.2.1",
        true,
        false,
        List.of(new ContainerPort("http", 80, "TCP")),
        "ready",
        "Deployment/web");
  }

  @Test
  void anEndpointIsTakenOverByThePodsSuccessorAndNotDeletedForItsPredecessor() throws IOException {
    var endpoints = new CiliumEndpoints(api);
    var first = endpoints.upsert(endpoint("uid-1", "10.0.0.1"));
    assertThat(first.identity()).isEqualTo(4711);
    assertThat(first.workload()).isEqualTo("Deployment/web");
    assertThat(first.ips()).containsExactly("10.0.0.1");
    var second = endpoints.upsert(endpoint("uid-2", "10.0.0.2"));
    assertThat(second.podUid()).isEqualTo("uid-2");
    assertThat(second.ips()).containsExactly("10.0.0.2");
    assertThat(endpoints.delete("shop", "web-0", "uid-1")).isFalse();
    assertThat(endpoints.delete("shop", "web-0", "uid-2")).isTrue();
    assertThat(endpoints.delete("shop", "web-0", "uid-2")).isFalse();
  }

  @Test
  void aNodeIsMadeOnceAndKeepsItsPrefixes() throws IOException {
    var nodes = new CiliumNodes(api);
    var addresses = List.of(new NodeAddress("InternalIP", "192.0.2.1"));
    var made =
        nodes.ensure("n1", "uid-n1", Map.of("zone", "a", "disk", "ssd"), addresses, List.of());
    assertThat(made.addresses()).isEqualTo(addresses);
    assertThat(made.labels()).isEqualTo(Map.of("zone", "a", "disk", "ssd"));
    nodes.assign(made, List.of("10.0.1.0/24"));
    nodes.reportPolicyRevision("n1", 9);
    var moved =
        nodes.ensure(
            "n1",
            "uid-n1",
            Map.of("zone", "b"),
            List.of(new NodeAddress("InternalIP", "192.0.2.9")),
            List.of("10.9.9.0/24"));
    assertThat(moved.labels()).isEqualTo(Map.of("zone", "b"));
    assertThat(moved.podCidrs()).containsExactly("10.0.1.0/24");
    assertThat(moved.policyRevision()).isEqualTo(9);
    assertThat(moved.addresses().getFirst().address()).isEqualTo("192.0.2.9");
    assertThat(moved.depletedPodCidrs()).isEmpty();
    nodes.reportPodCidrs("n1", moved.podCidrs(), true);
    assertThat(
            nodes
                .ensure("n1", "", Map.of("zone", "b"), moved.addresses(), List.of())
                .depletedPodCidrs())
        .containsExactly("10.0.1.0/24");
    nodes.reportPodCidrs("n1", moved.podCidrs(), false);
    api.delete(RecordKind.CILIUM_NODES.path("", "n1"), Map.of());
    var again = nodes.ensure("n1", "", Map.of(), addresses, List.of("10.0.1.0/24", "10.0.2.0/24"));
    assertThat(again.podCidrs()).containsExactly("10.0.1.0/24", "10.0.2.0/24");
  }

  @Test
  void oneLeadsAndAnotherTakesOverWhenItIsGivenUpOrRunsOut() throws IOException {
    var a = new LeaderLease(api, "kube-system", "op", "a", Duration.ofSeconds(1));
    var b = new LeaderLease(api, "kube-system", "op", "b", Duration.ofSeconds(1));
    assertThat(a.hold()).isTrue();
    assertThat(b.hold()).isFalse();
    assertThat(a.hold()).isTrue();
    a.release();
    assertThat(b.hold()).isTrue();
    assertThat(a.hold()).isFalse();
    // b falls silent: a takes over after b's second has run out by a's own clock.
    var silent = System.nanoTime();
    Until.holds(
        "a leads",
        () -> {
          try {
            return a.hold();
          } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
          }
        });
    assertThat(System.nanoTime() - silent).isGreaterThan(900_000_000L);
    assertThat(b.hold()).isFalse();
  }

  @Test
  void refusalsNameOperationCodeAndReason() {
    assertThatThrownBy(() -> api.get("/api/v1/namespaces/shop/pods/none"))
        .isInstanceOfSatisfying(ApiException.class, e -> assertThat(e.notFound()).isTrue())
        .hasMessageContaining("GET /api/v1/namespaces/shop/pods/none: 404 NotFound");
    server.stop();
    assertThatThrownBy(() -> api.create("/api/v1/pods", Map.of()))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("127.0.0.1");
  }
}
