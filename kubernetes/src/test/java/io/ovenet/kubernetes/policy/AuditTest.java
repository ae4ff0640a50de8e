package io.ovenet.kubernetes.policy;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.policy.Decision;
import io.ovenet.policy.NamedPorts;
import io.ovenet.policy.PolicyKind;
import io.ovenet.policy.PolicySettings;
import io.ovenet.policy.PolicySubject;
import io.ovenet.policy.TrafficDirection;
import io.ovenet.policy.Verdict;
import org.junit.jupiter.api.Test;

/** Audit mode of a node, an endpoint and a policy: what would be denied passes and says so. */
class AuditTest {
  private static final int TCP = 6;
  private static final String ALLOW_80 =
      "{endpointSelector: {}, ingress: [{fromEndpoints: [{}], toPorts: [{ports: [{port: '80'}]}]}]}";
  private static final String DENY_80 =
      "{endpointSelector: {}, ingressDeny: [{toPorts: [{ports: [{port: '80'}]}]}]}";

  private static World world(boolean node, boolean endpoint) {
    return new World(
            new PolicySubject(World.pod("shop", "app=web"), NamedPorts.NONE, endpoint),
            new PolicySettings(World.CLUSTER, PolicySettings.Enforcement.DEFAULT, true, node))
        .peer("api", World.pod("shop", "app=api"));
  }

  private static World audited(World world, String name, String spec) {
    return world.putWith(
        PolicyKind.CILIUM_NETWORK_POLICY,
        "{name: " + name + ", namespace: shop, annotations: {" + PolicyParser.AUDIT + ": 'true'}}",
        "spec: " + spec);
  }

  private static Decision in(World world, int port) {
    return world.decide(TrafficDirection.INGRESS, "api", TCP, port);
  }

  @Test
  void aNodeOrAnEndpointInAuditModeDeniesNothingAndNamesTheRule() {
    for (World world : new World[] {world(true, false), world(false, true)}) {
      world.cnp("allow", "shop", ALLOW_80);
      assertThat(in(world, 80).verdict()).isEqualTo(Verdict.ALLOW);
      assertThat(in(world, 81).verdict()).isEqualTo(Verdict.AUDIT);
      assertThat(in(world, 81).origins().asList().toString()).contains("shop/allow spec");
      world.cnp("deny", "shop", DENY_80);
      assertThat(in(world, 80).verdict()).isEqualTo(Verdict.AUDIT);
      assertThat(in(world, 80).origins().asList().toString())
          .contains("shop/deny spec.ingressDeny[0]");
    }
  }

  @Test
  void aPolicyInAuditModeAllowsAndDeniesNothing() {
    World world = audited(world(false, false), "audited", ALLOW_80);
    assertThat(in(world, 80).verdict()).isEqualTo(Verdict.ALLOW);
    assertThat(in(world, 81).verdict()).isEqualTo(Verdict.AUDIT);
    audited(world, "denying", DENY_80);
    assertThat(in(world, 80).verdict()).isEqualTo(Verdict.AUDIT);
  }

  @Test
  void whatAnEnforcedPolicyDeniesIsDenied() {
    World world = audited(world(false, false), "audited", ALLOW_80);
    world.cnp("enforced", "shop", "{endpointSelector: {}, ingress: [{}]}");
    assertThat(in(world, 80).verdict()).isEqualTo(Verdict.ALLOW);
    assertThat(in(world, 81).verdict()).isEqualTo(Verdict.DEFAULT);
    audited(world, "denying", DENY_80);
    assertThat(in(world, 80).verdict()).isEqualTo(Verdict.AUDIT);
    world.cnp("deny", "shop", DENY_80);
    assertThat(in(world, 80).verdict()).isEqualTo(Verdict.DENY);
  }

  @Test
  void anotherValueOfTheAnnotationIsRefused() {
    ParsedPolicy parsed =
        new PolicyParser("default")
            .parse(
                PolicyKind.CILIUM_NETWORK_POLICY,
                Json.object(
                    "{metadata: {name: p, annotations: {policy.ovenet.io/audit: maybe}},"
                        + " spec: {endpointSelector: {}, ingress: [{}]}}"));
    assertThat(parsed).isInstanceOf(ParsedPolicy.Invalid.class);
    assertThat(((ParsedPolicy.Invalid) parsed).error().path())
        .isEqualTo("metadata.annotations.policy.ovenet.io/audit");
  }

  @Test
  void theHostComesInByPolicyAloneIfToldSo() {
    World world =
        new World(
            PolicySubject.of(World.pod("shop", "app=web")),
            new PolicySettings(World.CLUSTER, PolicySettings.Enforcement.DEFAULT, false));
    world.cnp("allow", "shop", "{endpointSelector: {}, ingress: [{}]}");
    assertThat(world.in("host", TCP, 80)).isFalse();
    world.cnp("host", "shop", "{endpointSelector: {}, ingress: [{fromEntities: [host]}]}");
    assertThat(world.in("host", TCP, 80)).isTrue();
  }
}
