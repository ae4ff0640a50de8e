package io.ovenet.kubernetes.policy;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.policy.Decision;
import io.ovenet.policy.MatchType;
import io.ovenet.policy.PolicyKind;
import io.ovenet.policy.TrafficDirection;
import io.ovenet.policy.Verdict;
import org.junit.jupiter.api.Test;

/** Construct by construct, what contracts 5 and 5a say. The subject is an app=web in shop. */
class SemanticsTest {
  private static final int TCP = 6;
  private static final int UDP = 17;
  private static final int SCTP = 132;
  private static final int ICMP = 1;

  private static World world() {
    return new World("shop", "app=web")
        .peer("api", World.pod("shop", "app=api", "team=red"))
        .peer("db", World.pod("shop", "app=db"))
        .peer("bank api", World.pod("bank", "app=api"))
        .peer(
            "other cluster",
            io.ovenet.policy.Labels.parse(
                "k8s:app=api",
                "k8s:io.kubernetes.pod.namespace=shop",
                "k8s:io.cilium.k8s.policy.cluster=other"));
  }

  private static World shop(String rest) {
    return world().cnp("p", "shop", "{endpointSelector: {}, " + rest + "}");
  }

  @Test
  void nothingIsEnforcedWithoutARule() {
    World world = world().cnp("p", "bank", "{endpointSelector: {}, ingress: [{}]}");
    assertThat(world.in("world", TCP, 80)).isTrue();
    assertThat(world.policy().enforces(TrafficDirection.INGRESS)).isFalse();
  }

  @Test
  void anEmptyRuleIsolatesAndLetsNobodyIn() {
    World world = shop("ingress: [{}]");
    assertThat(world.in("api", TCP, 80)).isFalse();
    assertThat(world.out("api", TCP, 80)).isTrue();
  }

  @Test
  void anEmptyListIsNothingAtAll() {
    World world = shop("ingress: [], egress: [{}]");
    assertThat(world.in("api", TCP, 80)).isTrue();
    assertThat(world.out("api", TCP, 80)).isFalse();
  }

  @Test
  void anEmptyPeerListIsNobodyAndAMissingOneEverybody() {
    World nobody = shop("ingress: [{fromEndpoints: [], toPorts: [{ports: [{port: '80'}]}]}]");
    assertThat(nobody.in("api", TCP, 80)).isFalse();
    World cidr = shop("ingress: [{fromCIDR: [], toPorts: [{ports: [{port: '80'}]}]}]");
    assertThat(cidr.in("8.8.8.8", TCP, 80)).isFalse();
    World everybody = shop("ingress: [{toPorts: [{ports: [{port: '80'}]}]}]");
    assertThat(everybody.in("api", TCP, 80)).isTrue();
    assertThat(everybody.in("8.8.8.8", TCP, 80)).isTrue();
    assertThat(everybody.in("api", TCP, 81)).isFalse();
  }

  @Test
  void anEmptyToPortsIsAbsentAndOneWithoutPortsAllowsNothing() {
    World absent = shop("ingress: [{fromEndpoints: [{}], toPorts: []}]");
    assertThat(absent.in("api", TCP, 80)).isTrue();
    assertThat(absent.in("api", 47, 0)).isTrue();
    World nothing = shop("ingress: [{fromEndpoints: [{}], toPorts: [{ports: []}]}]");
    assertThat(nothing.in("api", TCP, 80)).isFalse();
  }

  @Test
  void denyBeatsAMoreSpecificAllow() {
    World world =
        shop(
            "ingress: [{fromEndpoints: [{matchLabels: {app: api}}],"
                + " toPorts: [{ports: [{port: '80', protocol: TCP}]}]}],"
                + " ingressDeny: [{fromEntities: [all]}]");
    Decision denied = world.decide(TrafficDirection.INGRESS, "api", TCP, 80);
    assertThat(denied.verdict()).isEqualTo(Verdict.DENY);
    assertThat(denied.origins().asList().getFirst().fieldPath()).isEqualTo("spec.ingressDeny[0]");
    assertThat(world.in("host", TCP, 80)).isFalse();
  }

  @Test
  void aDenyOfPortsLeavesTheOthers() {
    World world =
        shop(
            "ingress: [{fromEndpoints: [{}]}],"
                + " ingressDeny: [{toPorts: [{ports: [{port: '80', endPort: 90}]}]}]");
    assertThat(world.in("api", TCP, 79)).isTrue();
    assertThat(world.in("api", TCP, 80)).isFalse();
    assertThat(world.in("api", UDP, 90)).isFalse();
    assertThat(world.in("api", TCP, 91)).isTrue();
    assertThat(world.in("api", ICMP, 80 << 8)).isTrue();
    assertThat(world.in("host", TCP, 85)).isFalse();
    assertThat(world.in("host", TCP, 91)).isTrue();
  }

  @Test
  void withoutDefaultDenyItsDenyStillActs() {
    World world =
        shop(
            "enableDefaultDeny: {ingress: false},"
                + " ingressDeny: [{fromEndpoints: [{matchLabels: {app: db}}]}]");
    assertThat(world.in("db", TCP, 80)).isFalse();
    assertThat(world.in("api", TCP, 80)).isTrue();
    world.cnp("q", "shop", "{endpointSelector: {}, ingress: [{}]}");
    assertThat(world.in("api", TCP, 80)).isFalse();
  }

  @Test
  void enableDefaultDenyWithoutARuleOfTheDirectionDoesNothing() {
    World world = shop("enableDefaultDeny: {egress: true}, ingress: [{}]");
    assertThat(world.out("api", TCP, 80)).isTrue();
  }

  @Test
  void theLocalHostGetsInAndOtherNodesDoNot() {
    World world = shop("ingress: [{}]");
    assertThat(world.in("host", TCP, 1)).isTrue();
    assertThat(world.in("remote-node", TCP, 1)).isFalse();
    assertThat(shop("egress: [{}]").out("host", TCP, 1)).isFalse();
  }

  @Test
  void peersAreOfTheOwnNamespaceAndClusterUnlessNamed() {
    World own = shop("ingress: [{fromEndpoints: [{}]}]");
    assertThat(own.in("api", TCP, 1)).isTrue();
    assertThat(own.in("bank api", TCP, 1)).isFalse();
    assertThat(own.in("other cluster", TCP, 1)).isFalse();
    assertThat(own.in("world", TCP, 1)).isFalse();
    World named =
        shop(
            "ingress: [{fromEndpoints: [{matchLabels: {'k8s:io.kubernetes.pod.namespace': bank}}]}]");
    assertThat(named.in("bank api", TCP, 1)).isTrue();
    assertThat(named.in("api", TCP, 1)).isFalse();
    World cluster =
        shop(
            "ingress: [{fromEndpoints: [{matchLabels: {'io.cilium.k8s.policy.cluster': other}}]}]");
    assertThat(cluster.in("other cluster", TCP, 1)).isTrue();
    assertThat(cluster.in("api", TCP, 1)).isFalse();
    World reserved = shop("ingress: [{fromEndpoints: [{matchLabels: {'reserved:world': ''}}]}]");
    assertThat(reserved.in("8.8.8.8", TCP, 1)).isTrue();
    assertThat(reserved.in("api", TCP, 1)).isFalse();
  }

  @Test
  void aClusterwidePeerIsAnyPodWithANamespace() {
    World world = world().ccnp("c", "{endpointSelector: {}, ingress: [{fromEndpoints: [{}]}]}");
    assertThat(world.in("api", TCP, 1)).isTrue();
    assertThat(world.in("bank api", TCP, 1)).isTrue();
    assertThat(world.in("other cluster", TCP, 1)).isFalse();
    assertThat(world.in("world", TCP, 1)).isFalse();
    assertThat(world.in("remote-node", TCP, 1)).isFalse();
  }

  @Test
  void aForeignNamespaceOfTheSubjectIsOverwritten() {
    World world =
        world()
            .cnp(
                "p",
                "shop",
                "{endpointSelector: {matchLabels: {'k8s:io.kubernetes.pod.namespace': bank}},"
                    + " ingress: [{}]}");
    assertThat(world.in("api", TCP, 80)).isFalse();
  }

  @Test
  void entities() {
    World cluster = shop("ingress: [{fromEntities: [cluster]}]");
    assertThat(cluster.in("bank api", TCP, 1)).isTrue();
    assertThat(cluster.in("remote-node", TCP, 1)).isTrue();
    assertThat(cluster.in("kube-apiserver", TCP, 1)).isTrue();
    assertThat(cluster.in("other cluster", TCP, 1)).isFalse();
    assertThat(cluster.in("8.8.8.8", TCP, 1)).isFalse();
    World all = shop("ingress: [{fromEntities: [all]}]");
    assertThat(all.in("other cluster", TCP, 1)).isTrue();
    assertThat(all.in("world", TCP, 1)).isTrue();
    World nodes = shop("ingress: [{fromEntities: [remote-node]}]");
    assertThat(nodes.in("kube-apiserver", TCP, 1)).isTrue();
    assertThat(nodes.in("world", TCP, 1)).isFalse();
    assertThat(shop("ingress: [{fromEntities: [none]}]").in("api", TCP, 1)).isFalse();
  }

  @Test
  void cidrSelectsOutsideOnlyAndExceptIsAnIdentityOfItsOwn() {
    World world = shop("egress: [{toCIDRSet: [{cidr: 10.0.0.0/8, except: [10.1.0.0/16]}]}]");
    assertThat(world.out("10.2.0.1", TCP, 1)).isTrue();
    assertThat(world.out("10.1.0.1", TCP, 1)).isFalse();
    assertThat(world.out("11.0.0.1", TCP, 1)).isFalse();
    world.cnp("q", "shop", "{endpointSelector: {}, egress: [{toCIDR: [10.1.2.3]}]}");
    assertThat(world.out("10.1.2.3", TCP, 1)).isTrue();
    assertThat(world.out("10.1.2.4", TCP, 1)).isFalse();
    World whole = shop("egress: [{toCIDR: ['0.0.0.0/0']}]");
    assertThat(whole.out("8.8.8.8", TCP, 1)).isTrue();
    assertThat(whole.out("world", TCP, 1)).isTrue();
    assertThat(whole.out("api", TCP, 1)).isFalse();
    assertThat(whole.out("host", TCP, 1)).isFalse();
    assertThat(whole.out("remote-node", TCP, 1)).isFalse();
  }

  @Test
  void portsAndProtocols() {
    World any = shop("ingress: [{fromEndpoints: [{}], toPorts: [{ports: [{port: '80'}]}]}]");
    assertThat(any.in("api", TCP, 80)).isTrue();
    assertThat(any.in("api", UDP, 80)).isTrue();
    assertThat(any.in("api", SCTP, 80)).isTrue();
    assertThat(any.in("api", ICMP, 80 << 8)).isFalse();
    World all =
        shop("ingress: [{fromEndpoints: [{}], toPorts: [{ports: [{port: '0', protocol: udp}]}]}]");
    assertThat(all.in("api", UDP, 65535)).isTrue();
    assertThat(all.in("api", TCP, 80)).isFalse();
    World zeroTo =
        shop(
            "ingress: [{fromEndpoints: [{}],"
                + " toPorts: [{ports: [{port: '0', endPort: 100, protocol: TCP}]}]}]");
    assertThat(zeroTo.in("api", TCP, 0)).isTrue();
    assertThat(zeroTo.in("api", TCP, 100)).isTrue();
    assertThat(zeroTo.in("api", TCP, 101)).isFalse();
  }

  @Test
  void everyPortOfARangeAndNoOther() {
    World world =
        shop(
            "ingress: [{fromEndpoints: [{}],"
                + " toPorts: [{ports: [{port: '1023', endPort: 33333, protocol: TCP}]}]}]");
    for (int port = 0; port <= 65535; port++) {
      assertThat(world.in("api", TCP, port)).isEqualTo(port >= 1023 && port <= 33333);
    }
  }

  @Test
  void icmpTypesByNumberAndNameAndZeroIsZero() {
    World world =
        shop(
            "ingress: [{fromEndpoints: [{}], icmps: [{fields: [{type: EchoRequest},"
                + " {type: 0}, {family: IPv6, type: EchoRequest}]}]}]");
    assertThat(world.in("api", ICMP, 8 << 8)).isTrue();
    assertThat(world.in("api", ICMP, 8 << 8 | 7)).isTrue();
    assertThat(world.in("api", ICMP, 0)).isTrue();
    assertThat(world.in("api", ICMP, 3 << 8)).isFalse();
    assertThat(world.in("api", 58, 128 << 8)).isTrue();
    assertThat(world.in("api", 58, 8 << 8)).isFalse();
    assertThat(world.in("api", TCP, 2048)).isFalse();
  }

  @Test
  void negativeExpressionsHoldWhereTheLabelIsMissing() {
    World world =
        shop(
            "ingress: [{fromEndpoints: [{matchExpressions:"
                + " [{key: team, operator: NotIn, values: [red]}]}]}]");
    assertThat(world.in("db", TCP, 1)).isTrue();
    assertThat(world.in("api", TCP, 1)).isFalse();
    World missing =
        shop(
            "ingress: [{fromEndpoints: [{matchExpressions:"
                + " [{key: 'k8s:team', operator: DoesNotExist}]}]}]");
    assertThat(missing.in("db", TCP, 1)).isTrue();
    assertThat(missing.in("api", TCP, 1)).isFalse();
  }

  @Test
  void anEndpointWithoutIdentityIsAlwaysEnforced() {
    World pod = shop("ingress: [{}]");
    assertThat(pod.policy().enforces(TrafficDirection.EGRESS)).isFalse();
    var engine =
        new io.ovenet.policy.PolicyEngine(io.ovenet.policy.PolicySettings.defaults(World.CLUSTER));
    var init = io.ovenet.policy.ReservedIdentity.INIT.labels();
    engine.addSubject(init);
    var policy = java.util.Objects.requireNonNull(engine.compile().policyOf(init));
    assertThat(policy.enforces(TrafficDirection.INGRESS)).isTrue();
    assertThat(policy.enforces(TrafficDirection.EGRESS)).isTrue();
  }

  @Test
  void specsComeIntoForceTogether() {
    World world =
        world()
            .put(
                PolicyKind.CILIUM_NETWORK_POLICY,
                "p",
                "shop",
                "specs: [{endpointSelector: {}, ingress: [{fromEntities: [world]}]},"
                    + " {endpointSelector: {}, egress: [{}]}]");
    assertThat(world.in("world", TCP, 1)).isTrue();
    assertThat(world.in("api", TCP, 1)).isFalse();
    assertThat(world.out("api", TCP, 1)).isFalse();
  }

  @Test
  void theMostPreciseRuleIsNamed() {
    World world =
        shop(
            "ingress: [{fromEndpoints: [{}]}, {toPorts: [{ports: [{port: '80'}]}]},"
                + " {fromEndpoints: [{}], toPorts: [{ports: [{port: '80'}]}]}],"
                + " log: {value: seen}");
    Decision at80 = world.decide(TrafficDirection.INGRESS, "api", TCP, 80);
    assertThat(at80.origins().asList())
        .extracting(origin -> origin.fieldPath())
        .containsExactly("spec.ingress[2]");
    assertThat(at80.match()).isEqualTo(MatchType.L3_L4);
    assertThat(at80.log()).containsExactly("seen");
    assertThat(world.decide(TrafficDirection.INGRESS, "api", TCP, 81).match())
        .isEqualTo(MatchType.L3_ONLY);
    assertThat(world.decide(TrafficDirection.INGRESS, "bank api", TCP, 80).match())
        .isEqualTo(MatchType.L4_ONLY);
  }

  @Test
  void networkPolicy() {
    World everybody = world().np("n", "shop", "{podSelector: {}, ingress: [{}]}");
    assertThat(everybody.in("world", TCP, 1)).isTrue();
    assertThat(everybody.out("world", TCP, 1)).isTrue();
    World nobody = world().np("n", "shop", "{podSelector: {}, policyTypes: [Ingress]}");
    assertThat(nobody.in("api", TCP, 1)).isFalse();
    World ignored =
        world()
            .np(
                "n",
                "shop",
                "{podSelector: {}, policyTypes: [Egress], ingress: [{from: [{podSelector: {}}]}]}");
    assertThat(ignored.in("world", TCP, 1)).isTrue();
    assertThat(ignored.out("world", TCP, 1)).isFalse();
    World both =
        world()
            .np(
                "n",
                "shop",
                "{podSelector: {}, ingress: [{from: [{namespaceSelector: {},"
                    + " podSelector: {matchLabels: {app: api}}}], ports: [{port: 80}]}]}");
    assertThat(both.in("bank api", TCP, 80)).isTrue();
    assertThat(both.in("bank api", UDP, 80)).isFalse();
    assertThat(both.in("db", TCP, 80)).isFalse();
    assertThat(both.in("other cluster", TCP, 80)).isFalse();
    World own =
        world().np("n", "shop", "{podSelector: {}, ingress: [{from: [{podSelector: {}}]}]}");
    assertThat(own.in("db", TCP, 80)).isTrue();
    assertThat(own.in("bank api", TCP, 80)).isFalse();
  }
}
