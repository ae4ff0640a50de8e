package io.ovenet.kubernetes.policy;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.policy.PolicyKind;
import io.ovenet.policy.PolicySettings;
import io.ovenet.policy.PolicySubject;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What fromNodes, toNodes and the entity kube-apiserver mean. */
class NodesTest {
  private static final int TCP = 6;

  private static World world() {
    return with(PolicySettings.defaults(World.CLUSTER));
  }

  private static World with(PolicySettings settings) {
    return new World(PolicySubject.of(World.pod("shop", "app=web")), settings)
        .peer("api", World.pod("shop", "zone=a"))
        .node("a", "192.0.2.1", false, Map.of("zone", "a", "kubernetes.io/hostname", "a"))
        .node("b", "192.0.2.2", false, Map.of("zone", "b"))
        .node("control", "192.0.2.3", true, Map.of("zone", "a", "control", ""))
        .apiServer("outside", "198.51.100.7");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{} | a b control",
        "{matchLabels: {zone: a}} | a control",
        "{matchLabels: {'node:zone': b}} | b",
        "{matchLabels: {'k8s:zone': a}} | ''",
        "{matchLabels: {kubernetes.io/hostname: a}} | a",
        "{matchExpressions: [{key: zone, operator: NotIn, values: [a]}]} | b",
        "{matchExpressions: [{key: control, operator: DoesNotExist}]} | a b",
        "{matchExpressions: [{key: control, operator: Exists}]} | control",
        "{matchLabels: {'reserved:kube-apiserver': ''}} | control",
        "{matchLabels: {'reserved:host': ''}} | ''",
        "{matchLabels: {io.cilium.k8s.policy.cluster: other}} | ''",
      })
  void otherNodesAreSelectedByTheirLabelsAndNobodyElse(String selector, String selected) {
    for (String direction : List.of("ingress: [{from", "egress: [{to")) {
      for (boolean clusterwide : new boolean[] {false, true}) {
        String spec = "{endpointSelector: {}, " + direction + "Nodes: [" + selector + "]}]}";
        World world = clusterwide ? world().ccnp("p", spec) : world().cnp("p", "shop", spec);
        for (String peer : List.of("a", "b", "control", "api", "outside", "8.8.8.8")) {
          boolean passes =
              direction.startsWith("in") ? world.in(peer, TCP, 80) : world.out(peer, TCP, 80);
          assertThat(passes)
              .as("%s %s", spec, peer)
              .isEqualTo(List.of(selected.split(" ")).contains(peer));
        }
      }
    }
  }

  @Test
  void aDenyOfNodesStandsOverAnAllow() {
    World world =
        world()
            .cnp("a", "shop", "{endpointSelector: {}, egress: [{toEntities: [all]}]}")
            .cnp(
                "d",
                "shop",
                "{endpointSelector: {}, egressDeny: [{toNodes: [{matchLabels: {zone: a}}],"
                    + " toPorts: [{ports: [{port: '22', protocol: TCP}]}]}]}");
    assertThat(world.out("a", TCP, 22)).isFalse();
    assertThat(world.out("a", TCP, 80)).isTrue();
    assertThat(world.out("b", TCP, 22)).isTrue();
    assertThat(world.out("api", TCP, 22)).isTrue();
    assertThat(world.out("host", TCP, 22)).isTrue();
  }

  @Test
  void aNodeWithOtherLabelsIsSelectedByThese() {
    World world =
        world()
            .ccnp(
                "p", "{endpointSelector: {}, ingress: [{fromNodes: [{matchLabels: {zone: a}}]}]}");
    assertThat(world.in("b", TCP, 80)).isFalse();
    world.node("b", "192.0.2.2", false, Map.of("zone", "a"));
    assertThat(world.in("b", TCP, 80)).isTrue();
    world.node("a", "192.0.2.1", false, Map.of());
    assertThat(world.in("a", TCP, 80)).isFalse();
  }

  @Test
  void anEmptyListIsNobody() {
    World world =
        world()
            .cnp(
                "p",
                "shop",
                "{endpointSelector: {}, ingress: [{fromNodes: [],"
                    + " toPorts: [{ports: [{port: '80'}]}]}]}");
    assertThat(world.in("a", TCP, 80)).isFalse();
    assertThat(world.in("8.8.8.8", TCP, 80)).isFalse();
  }

  @Test
  void entitiesHoldAnApiServerByWhereItIs() {
    assertThat(holding("kube-apiserver")).containsExactly("control", "outside");
    assertThat(holding("remote-node")).containsExactly("a", "b", "control");
    assertThat(holding("cluster")).containsExactly("a", "b", "control", "outside");
    assertThat(holding("world")).containsExactly("outside");
  }

  private static List<String> holding(String entity) {
    World world =
        world()
            .cnp("p", "shop", "{endpointSelector: {}, egress: [{toEntities: [" + entity + "]}]}");
    return List.of("a", "b", "control", "outside").stream()
        .filter(peer -> world.out(peer, TCP, 443))
        .toList();
  }

  @Test
  void prefixesSelectAnApiServerOutsideAndNoNode() {
    World world =
        world()
            .cnp(
                "p",
                "shop",
                "{endpointSelector: {}, egress: [{toCIDR: [198.51.100.0/24, 192.0.2.0/24]}]}");
    assertThat(world.out("outside", TCP, 443)).isTrue();
    assertThat(world.out("a", TCP, 443)).isFalse();
    world.np(
        "n",
        "shop",
        "{podSelector: {}, policyTypes: [Egress],"
            + " egress: [{to: [{ipBlock: {cidr: 192.0.2.0/24}}]}]}");
    assertThat(world.out("control", TCP, 443)).isFalse();
  }

  @Test
  void withoutLabelsOfNodesTheFieldIsNotInForce() {
    PolicySettings off =
        new PolicySettings(World.CLUSTER, PolicySettings.Enforcement.DEFAULT, true, false, false);
    World allow = with(off).cnp("p", "shop", "{endpointSelector: {}, egress: [{toNodes: [{}]}]}");
    World deny =
        with(off)
            .cnp("a", "shop", "{endpointSelector: {}, egress: [{toEntities: [all]}]}")
            .cnp(
                "d",
                "shop",
                "{endpointSelector: {}, egressDeny: [{toNodes: [{}],"
                    + " toPorts: [{ports: [{port: '80'}]}]}]}");
    for (String peer : List.of("remote-node", "api", "8.8.8.8")) {
      assertThat(allow.out(peer, TCP, 80)).isFalse();
      assertThat(deny.out(peer, TCP, 80)).isFalse();
      assertThat(deny.out(peer, TCP, 81)).isTrue();
    }
    ParsedPolicy parsed =
        new PolicyParser(World.CLUSTER, false)
            .parse(
                PolicyKind.CILIUM_NETWORK_POLICY,
                Json.object(
                    "{metadata: {name: p}, spec: {endpointSelector: {},"
                        + " egress: [{toNodes: [{}]}]}}"));
    assertThat(((ParsedPolicy.Valid) parsed).object().notices().getFirst().toString())
        .contains("spec.egress[0].toNodes")
        .contains("enable-node-selector-labels");
  }
}
