package io.ovenet.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.datapath.IpcacheKey;
import io.ovenet.datapath.IpcacheValue;
import io.ovenet.datapath.PolicyKey;
import java.net.InetAddress;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Nodes and API servers in tables in memory, asked as the packet path asks. */
class NodeAddressesTest {
  private static final String NODE = RealizerWorld.NODES.getFirst();
  private static final String OTHER = RealizerWorld.NODES.getLast();
  private static final String HOST = RealizerWorld.HOST;
  private static final String OUTSIDE = "192.0.2.130";
  private static final int TUNNEL = 0xac1f0001;

  private final RealizerWorld world = new RealizerWorld();
  private Realizer realizer = world.restarted();

  @BeforeEach
  void anEndpoint() {
    for (var app : RealizerWorld.APPS) {
      world.identities.put(RealizerWorld.identityOf(app), RealizerWorld.labels(app));
    }
    world.endpoints.put(1, RealizerWorld.endpoint(1, 1, "a"));
    realizer = world.restarted();
    realizer.realize();
  }

  private void policy(String name, String direction, Map<String, ?> rule) {
    Map<String, ?> document =
        Map.of(
            "metadata",
            Map.of("name", name, "namespace", "n"),
            "spec",
            Map.of("endpointSelector", Map.of(), direction, List.of(rule)));
    world.documents.put(name, document);
    realizer.upsertPolicy(world.valid(document));
  }

  private void node(String name, String address, String zone) {
    realizer
        .nodes()
        .put(name, List.of(InetAddress.ofLiteral(address)), Map.of("zone", zone), TUNNEL);
  }

  private void apiServers(String... addresses) {
    realizer.nodes().apiServers(List.of(addresses).stream().map(InetAddress::ofLiteral).toList());
    realizer.realize();
  }

  private boolean reaches(String address) {
    return world.passes(new RealizerWorld.Question(1, 0, address, PolicyKey.EGRESS, 443));
  }

  /** Whether the endpoint's connections with who is elsewhere rest on what was then no more. */
  private boolean isJudgedAnewSince(long revision) {
    var endpoint = Objects.requireNonNull(world.tables.endpoints().get(1));
    return endpoint.revision() > revision || world.tables.revisions().remote() > revision;
  }

  private IpcacheValue entry(String address) {
    return Objects.requireNonNull(
        world.ipcache.entries.get(IpcacheKey.of(InetAddress.ofLiteral(address))));
  }

  @Test
  void aNodeIsSelectedByTheLabelsThatItHasNow() {
    policy("p", "egress", Map.of("toNodes", List.of(Map.of("matchLabels", Map.of("zone", "a")))));
    node("n1", NODE, "a");
    node("n2", OTHER, "b");
    realizer.realize();
    assertThat(reaches(NODE)).isTrue();
    assertThat(reaches(OTHER)).isFalse();
    assertThat(reaches(HOST)).as("the local node is the host").isFalse();
    assertThat(entry(NODE).identity()).isEqualTo(6);
    assertThat(entry(NODE).flags()).isEqualTo(IpcacheValue.NODE);
    assertThat(entry(NODE).tunnelEndpoint()).isEqualTo(TUNNEL);

    long revision = world.tables.revisions().current();
    node("n1", NODE, "b");
    node("n2", OTHER, "a");
    realizer.realize();
    assertThat(reaches(NODE)).isFalse();
    assertThat(reaches(OTHER)).isTrue();
    assertThat(isJudgedAnewSince(revision)).isTrue();

    realizer.nodes().remove("n2");
    realizer.realize();
    assertThat(reaches(OTHER)).isFalse();
  }

  @Test
  void anAddressOfTwoNodesIsTheFirstsUntilItGoes() {
    policy("p", "egress", Map.of("toNodes", List.of(Map.of("matchLabels", Map.of("zone", "a")))));
    node("n2", NODE, "a");
    realizer.realize();
    assertThat(reaches(NODE)).isTrue();
    node("n1", NODE, "b");
    realizer.realize();
    assertThat(reaches(NODE)).isFalse();
    realizer.nodes().remove("n1");
    realizer.realize();
    assertThat(reaches(NODE)).isTrue();
  }

  @Test
  void anApiServerOutsideIsFollowedAndItsAddressIsTheWorldsAgainAtOnce() {
    policy("p", "egress", Map.of("toEntities", List.of("kube-apiserver")));
    realizer.realize();
    assertThat(reaches(OUTSIDE)).isFalse();
    apiServers(OUTSIDE);
    assertThat(reaches(OUTSIDE)).isTrue();
    int number = entry(OUTSIDE).identity();

    long revision = world.tables.revisions().current();
    apiServers("203.0.113.1");
    assertThat(reaches(OUTSIDE)).isFalse();
    assertThat(world.ipcache.entries)
        .doesNotContainKey(IpcacheKey.of(InetAddress.ofLiteral(OUTSIDE)));
    assertThat(reaches("203.0.113.1")).isTrue();
    assertThat(isJudgedAnewSince(revision)).isTrue();
    apiServers(OUTSIDE);
    assertThat(entry(OUTSIDE).identity()).as("a number means one thing").isNotEqualTo(number);
  }

  @Test
  void anApiServerOutsideIsPartOfItsPrefixAndOfTheWorld() {
    policy("p", "egress", Map.of("toCIDR", List.of("192.0.2.128/26")));
    apiServers(OUTSIDE);
    assertThat(reaches(OUTSIDE)).isTrue();
    assertThat(reaches("192.0.2.131")).isTrue();
    policy("d", "egressDeny", Map.of("toEntities", List.of("kube-apiserver")));
    realizer.realize();
    assertThat(reaches(OUTSIDE)).isFalse();
    assertThat(reaches("192.0.2.131")).isTrue();
    apiServers();
    assertThat(reaches(OUTSIDE)).as("the prefix's meaning again").isTrue();
  }

  @Test
  void anAddressThatAPolicyNamesByItselfIsAnApiServersAndBack() {
    policy("p", "egress", Map.of("toCIDR", List.of(OUTSIDE)));
    realizer.realize();
    int number = entry(OUTSIDE).identity();
    apiServers(OUTSIDE);
    assertThat(entry(OUTSIDE).identity()).isNotEqualTo(number);
    assertThat(reaches(OUTSIDE)).isTrue();
    realizer = world.restarted();
    realizer.nodes().apiServers(Set.of(InetAddress.ofLiteral(OUTSIDE)));
    realizer.realize();
    assertThat(reaches(OUTSIDE)).isTrue();
    apiServers();
    assertThat(entry(OUTSIDE).identity()).isNotZero();
    assertThat(reaches(OUTSIDE)).isTrue();
  }

  @Test
  void anApiServerOnANodeIsThatNodeAndAnApiServer() {
    policy("p", "egress", Map.of("toEntities", List.of("kube-apiserver")));
    node("n1", NODE, "a");
    apiServers(NODE);
    assertThat(reaches(NODE)).isTrue();
    assertThat(entry(NODE).identity()).isEqualTo(7);
    assertThat(entry(NODE).flags()).isEqualTo(IpcacheValue.NODE);
    policy("p", "egress", Map.of("toNodes", List.of(Map.of("matchLabels", Map.of("zone", "a")))));
    realizer.realize();
    assertThat(reaches(NODE)).isTrue();
    policy("p", "egress", Map.of("toEntities", List.of("world")));
    realizer.realize();
    assertThat(reaches(NODE)).isFalse();
    policy("p", "egress", Map.of("toEntities", List.of("remote-node")));
    realizer.realize();
    assertThat(reaches(NODE)).isTrue();
    apiServers();
    assertThat(entry(NODE).identity()).isEqualTo(6);
  }

  @Test
  void anApiServerHereMakesTheHostOneAsWell() {
    policy("p", "egress", Map.of("toEntities", List.of("kube-apiserver")));
    realizer.realize();
    assertThat(reaches(HOST)).isFalse();
    apiServers(HOST);
    assertThat(reaches(HOST)).isTrue();
    assertThat(entry(HOST).identity()).isEqualTo(1);
    policy("p", "egress", Map.of("toEntities", List.of("host")));
    realizer.realize();
    assertThat(reaches(HOST)).isTrue();
    policy("p", "egress", Map.of("toEntities", List.of("remote-node")));
    realizer.realize();
    assertThat(reaches(HOST)).isFalse();
    apiServers();
    assertThat(entry(HOST).variant()).isZero();
  }

  @Test
  void aPodsAddressStaysThePods() {
    policy("p", "egress", Map.of("toEntities", List.of("kube-apiserver")));
    var pod = InetAddress.ofLiteral("10.0.1.1");
    realizer.sayPod(pod, RealizerWorld.identityOf("a"), RealizerWorld.NAMED.getFirst());
    apiServers("10.0.1.1");
    assertThat(reaches("10.0.1.1")).isFalse();
    realizer.sayPod(pod, 0, RealizerWorld.NAMED.getFirst());
    realizer.realize();
    assertThat(reaches("10.0.1.1")).isTrue();
  }
}
