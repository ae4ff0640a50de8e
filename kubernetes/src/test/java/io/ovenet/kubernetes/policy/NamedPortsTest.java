package io.ovenet.kubernetes.policy;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.policy.Labels;
import io.ovenet.policy.NamedPort;
import io.ovenet.policy.NamedPorts;
import io.ovenet.policy.PolicyKind;
import io.ovenet.policy.PolicySettings;
import io.ovenet.policy.PolicySubject;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A name is the subject's own port in ingress, and each peer's own in egress. */
class NamedPortsTest {
  private static final int TCP = 6;
  private static final int UDP = 17;
  private static final Labels API = World.pod("shop", "app=api");
  private static final String HTTP = "toPorts: [{ports: [{port: http, protocol: TCP}]}]";

  /** The subject has http=8080/TCP; three pods of one identity have other numbers or none. */
  private static World world() {
    PolicySubject subject =
        new PolicySubject(
            World.pod("shop", "app=web"),
            NamedPorts.of(List.of(new NamedPort("http", TCP, 8080))),
            false);
    return new World(subject, PolicySettings.defaults(World.CLUSTER))
        .podPeer("eighty", API, "10.0.0.1", new NamedPort("HTTP", TCP, 80))
        .podPeer("ninety", API, "10.0.0.2", new NamedPort("http", TCP, 90))
        .podPeer(
            "two", API, "10.0.0.3", new NamedPort("http", TCP, 80), new NamedPort("http", TCP, 81))
        .podPeer("none", API, "10.0.0.4");
  }

  private static World shop(String rest) {
    return world().cnp("p", "shop", "{endpointSelector: {}, " + rest + "}");
  }

  @Test
  void inIngressItIsTheSubjectsOwn() {
    World world = shop("ingress: [{fromEndpoints: [{}], " + HTTP + "}]");
    for (String peer : List.of("eighty", "ninety", "none")) {
      assertThat(world.in(peer, TCP, 8080)).isTrue();
      assertThat(world.in(peer, TCP, 80)).isFalse();
      assertThat(world.in(peer, UDP, 8080)).isFalse();
    }
  }

  @Test
  void inEgressItIsEachPeersOwn() {
    World world = shop("egress: [{toEndpoints: [{}], " + HTTP + "}]");
    assertThat(world.out("eighty", TCP, 80)).isTrue();
    assertThat(world.out("eighty", TCP, 90)).isFalse();
    assertThat(world.out("ninety", TCP, 90)).isTrue();
    assertThat(world.out("ninety", TCP, 80)).isFalse();
    assertThat(world.out("two", TCP, 80)).isTrue();
    assertThat(world.out("two", TCP, 81)).isTrue();
    assertThat(world.out("none", TCP, 80)).isFalse();
    assertThat(world.out("none", TCP, 8080)).isFalse();
  }

  @Test
  void namesIgnoreCase() {
    World world =
        shop("egress: [{toEndpoints: [{}], toPorts: [{ports: [{port: HtTp, protocol: tcp}]}]}]");
    assertThat(world.out("eighty", TCP, 80)).isTrue();
  }

  @Test
  void withoutAPeerItIsWhoeverHasTheName() {
    World world = shop("egress: [{" + HTTP + "}]");
    assertThat(world.out("ninety", TCP, 90)).isTrue();
    assertThat(world.out("none", TCP, 90)).isFalse();
    assertThat(world.out("world", TCP, 80)).isFalse();
  }

  @Test
  void aDenyDeniesThatPortOfEachPeer() {
    World world =
        shop("egress: [{toEntities: [all]}], egressDeny: [{toEndpoints: [{}], " + HTTP + "}]");
    assertThat(world.out("eighty", TCP, 80)).isFalse();
    assertThat(world.out("eighty", TCP, 90)).isTrue();
    assertThat(world.out("ninety", TCP, 90)).isFalse();
    assertThat(world.out("none", TCP, 80)).isTrue();
  }

  @Test
  void l7OnANameIsNotWidenedByThePortsNumber() {
    String l7 = "toPorts: [{ports: [{port: http, protocol: TCP}], rules: {http: [{}]}}]";
    World world = shop("ingress: [{fromEndpoints: [{}]}, {" + l7 + "}]");
    assertThat(world.in("eighty", TCP, 8080)).isFalse();
    assertThat(world.in("eighty", TCP, 8081)).isTrue();
    world.cnp(
        "number",
        "shop",
        "{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: '8080', protocol: TCP}]}]}]}");
    assertThat(world.in("eighty", TCP, 8080)).isFalse();
    world.cnp("name", "shop", "{endpointSelector: {}, ingress: [{" + HTTP + "}]}");
    assertThat(world.in("eighty", TCP, 8080)).isTrue();
  }

  @Test
  void aNetworkPolicyNamesTheSamePorts() {
    World egress =
        world()
            .np(
                "p",
                "shop",
                "{podSelector: {}, policyTypes: [Egress], egress: [{ports: [{port: http}]}]}");
    assertThat(egress.out("eighty", TCP, 80)).isTrue();
    assertThat(egress.out("ninety", TCP, 80)).isFalse();
    World ingress =
        world().np("p", "shop", "{podSelector: {}, ingress: [{ports: [{port: http}]}]}");
    assertThat(ingress.in("eighty", TCP, 8080)).isTrue();
    assertThat(ingress.in("eighty", TCP, 80)).isFalse();
  }

  @Test
  void aNetworkPolicysIpBlockSelectsPodsByTheirAddressAndACidrDoesNot() {
    World blocks =
        world()
            .np(
                "p",
                "shop",
                "{podSelector: {}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 10.0.0.0/30,"
                    + " except: [10.0.0.2/32]}}]}]}");
    assertThat(blocks.out("eighty", TCP, 1)).isTrue();
    assertThat(blocks.out("ninety", TCP, 1)).isFalse();
    assertThat(blocks.out("two", TCP, 1)).isTrue();
    assertThat(blocks.out("none", TCP, 1)).isFalse();
    assertThat(blocks.out("10.0.0.0", TCP, 1)).isTrue();
    World cidr = shop("egress: [{toCIDR: [10.0.0.0/8, 0.0.0.0/0]}]");
    assertThat(cidr.out("eighty", TCP, 1)).isFalse();
    assertThat(cidr.out("10.0.0.0", TCP, 1)).isTrue();
    World all =
        world()
            .np(
                "p",
                "shop",
                "{podSelector: {}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0}}]}]}");
    assertThat(all.out("eighty", TCP, 1)).isTrue();
    assertThat(all.out("host", TCP, 1)).isFalse();
    World six =
        world()
            .np(
                "p",
                "shop",
                "{podSelector: {}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: '::/0'}}]}]}");
    assertThat(six.out("eighty", TCP, 1)).isFalse();
  }

  @Test
  void differencesThatNoRuleMakesAreForgotten() {
    World world = world();
    int before = world.snapshot().classes().size();
    world.cnp("p", "shop", "{endpointSelector: {}, egress: [{" + HTTP + "}]}");
    assertThat(world.snapshot().classes().size()).isEqualTo(before + 3);
    world.remove(PolicyKind.CILIUM_NETWORK_POLICY, "p", "shop");
    assertThat(world.snapshot().classes().size()).isEqualTo(before);
  }
}
