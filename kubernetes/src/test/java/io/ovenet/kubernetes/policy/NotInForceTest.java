package io.ovenet.kubernetes.policy;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.policy.PolicyKind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is part of the API but not in force never gives more access than it would upstream. */
class NotInForceTest {
  private static final int TCP = 6;

  private static World world() {
    return new World("shop", "app=web")
        .peer("api", World.pod("shop", "app=api"))
        .peer("db", World.pod("shop", "app=db"));
  }

  private static String spec(String rest) {
    return "{endpointSelector: {}, " + rest + "}";
  }

  private static final String HTTP =
      "toPorts: [{ports: [{port: '80', protocol: TCP}], rules: {http: [{method: GET}]}}]";

  @ParameterizedTest
  @ValueSource(
      strings = {
        "toFQDNs: [{matchName: example.org}]",
        "toServices: [{k8sService: {serviceName: web, namespace: shop}}]",
        "toServices: [{k8sServiceSelector: {selector: {matchLabels: {app: api}}}}]",
        "toGroups: [{aws: {region: eu-west-1}}]",
        "toNodes: [{matchLabels: {zone: a}}]",
        "toEntities: [all], authentication: {mode: required}",
        "toEntities: [all], toPorts: [{ports: [{port: '0', protocol: IGMP}]}]",
        "toEntities: [all], toPorts: [{ports: [{port: '80'}], serverNames: [example.org]}]",
        "toEntities: [all], toPorts: [{ports: [{port: '80'}], listener: {name: x}}]",
        "toEntities: [all], toPorts: [{ports: [{port: '80'}], originatingTLS: {secret: {name: x}}}]",
        "toEntities: [all], toPorts: [{ports: [{port: '53'}], rules: {dns: [{matchPattern: '*'}]}}]",
        "toEntities: [all], " + HTTP,
        "toEntities: [all], toPorts: [{ports: [{port: '9092', protocol: TCP}],"
            + " rules: {kafka: [{topic: x}]}}]",
        "toEntities: [all], toPorts: [{ports: [{port: '9092', protocol: TCP}],"
            + " rules: {l7proto: x, l7: [{a: b}]}}]"
      })
  void anAllowGrantsNothingAndIsolates(String rule) {
    World world = world().cnp("p", "shop", spec("egress: [{" + rule + "}]"));
    for (String peer : new String[] {"api", "host", "8.8.8.8"}) {
      for (int protocol : new int[] {1, 2, 6, 17, 132}) {
        for (int port : new int[] {0, 53, 80, 8080, 9092}) {
          assertThat(world.out(peer, protocol, port))
              .as("%s %d/%d", peer, port, protocol)
              .isFalse();
        }
      }
    }
    assertThat(notices(spec("egress: [{" + rule + "}]"))).isGreaterThan(0);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "toServices: [{k8sService: {serviceName: web}}]",
        "toGroups: [{aws: {}}]",
        "toNodes: [{}]"
      })
  void aDenyDeniesItsPortsToAllPeers(String rule) {
    World world =
        world()
            .cnp("a", "shop", spec("egress: [{toEntities: [all]}]"))
            .cnp(
                "d",
                "shop",
                spec("egressDeny: [{" + rule + ", toPorts: [{ports: [{port: '80'}]}]}]"));
    for (String peer : new String[] {"api", "host", "8.8.8.8", "10.0.0.1"}) {
      assertThat(world.out(peer, TCP, 80)).isFalse();
      assertThat(world.out(peer, TCP, 81)).isTrue();
    }
  }

  @Test
  void l7IsNotWidenedByAPlainAllowOfMoreOrFewerPorts() {
    World world =
        world()
            .cnp(
                "l7",
                "shop",
                spec(
                    "ingress: [{fromEndpoints: [{}], toPorts: [{ports:"
                        + " [{port: '80', endPort: 90, protocol: TCP}],"
                        + " rules: {http: [{method: GET}]}}]}]"))
            .cnp("plain", "shop", spec("ingress: [{fromEndpoints: [{}]}]"))
            .cnp(
                "one",
                "shop",
                spec("ingress: [{toPorts: [{ports: [{port: '85', protocol: TCP}]}]}]"));
    assertThat(world.in("api", TCP, 79)).isTrue();
    assertThat(world.in("api", TCP, 80)).isFalse();
    assertThat(world.in("api", TCP, 85)).isFalse();
    assertThat(world.in("world", TCP, 85)).isTrue();
  }

  @Test
  void aPlainAllowOfTheSamePortsLiftsL7ForItsPeers() {
    World world =
        world()
            .cnp("l7", "shop", spec("ingress: [{fromEndpoints: [{}], " + HTTP + "}]"))
            .cnp(
                "same",
                "shop",
                spec(
                    "ingress: [{fromEndpoints: [{matchLabels: {app: api}}],"
                        + " toPorts: [{ports: [{port: '80', protocol: TCP}]}]}]"));
    assertThat(world.in("api", TCP, 80)).isTrue();
    assertThat(world.in("db", TCP, 80)).isFalse();
  }

  @Test
  void withoutDefaultDenyL7StillHoldsBack() {
    World world =
        world()
            .cnp(
                "l7",
                "shop",
                spec(
                    "enableDefaultDeny: {ingress: false}, ingress: [{fromEntities: [all], "
                        + HTTP
                        + "}]"));
    assertThat(world.in("api", TCP, 80)).isFalse();
    assertThat(world.in("host", TCP, 80)).isFalse();
    assertThat(world.in("api", TCP, 81)).isTrue();
  }

  @Test
  void anEmptyListOfHttpIsNoL7Rule() {
    World world =
        world()
            .cnp(
                "p",
                "shop",
                spec(
                    "ingress: [{fromEndpoints: [{}], toPorts: [{ports:"
                        + " [{port: '80', protocol: TCP}], rules: {http: []}}]}]"));
    assertThat(world.in("api", TCP, 80)).isTrue();
  }

  @Test
  void authenticationIsNotLiftedByAnotherAllow() {
    World world =
        world()
            .cnp(
                "auth",
                "shop",
                spec(
                    "ingress: [{fromEndpoints: [{matchLabels: {app: api}}],"
                        + " authentication: {mode: required},"
                        + " toPorts: [{ports: [{port: '80'}]}]}]"))
            .cnp("plain", "shop", spec("ingress: [{fromEndpoints: [{}]}]"));
    assertThat(world.in("api", TCP, 80)).isFalse();
    assertThat(world.in("api", TCP, 81)).isTrue();
    assertThat(world.in("db", TCP, 80)).isTrue();
  }

  @Test
  void aPolicyForNodesIsReported() {
    ParsedPolicy parsed =
        new PolicyParser("default")
            .parse(
                PolicyKind.CILIUM_CLUSTERWIDE_NETWORK_POLICY,
                Json.object("{metadata: {name: n}, spec: {nodeSelector: {}, ingress: [{}]}}"));
    assertThat(parsed).isInstanceOf(ParsedPolicy.Valid.class);
    ParsedPolicy.Valid valid = (ParsedPolicy.Valid) parsed;
    assertThat(valid.object().rules()).isEmpty();
    assertThat(valid.object().notices().getFirst().path()).isEqualTo("spec.nodeSelector");
  }

  private static int notices(String spec) {
    ParsedPolicy parsed =
        new PolicyParser("default")
            .parse(
                PolicyKind.CILIUM_NETWORK_POLICY,
                Json.object("{metadata: {name: p}, spec: " + spec + "}"));
    return ((ParsedPolicy.Valid) parsed).object().notices().size();
  }
}
