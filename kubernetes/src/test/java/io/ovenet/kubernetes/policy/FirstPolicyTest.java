package io.ovenet.kubernetes.policy;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.policy.Decision;
import io.ovenet.policy.MatchType;
import io.ovenet.policy.TrafficDirection;
import io.ovenet.policy.Verdict;
import org.junit.jupiter.api.Test;

/** The mission's vm-web-policy. */
class FirstPolicyTest {
  private final World world =
      new World("app-web-prod", "app=web-vm")
          .peer("gateway", World.pod("app-web-prod", "app=api-gateway"))
          .peer("database", World.pod("app-web-prod", "app=database-vm"))
          .peer("stranger", World.pod("app-web-prod", "app=stranger"))
          .peer("foreign gateway", World.pod("other", "app=api-gateway"))
          .cnp(
              "vm-web-policy",
              "app-web-prod",
              """
              {endpointSelector: {matchLabels: {app: web-vm}},
               ingress: [{fromEndpoints: [{matchLabels: {app: api-gateway}}],
                          toPorts: [{ports: [{port: '80', protocol: TCP},
                                             {port: '443', protocol: TCP}]}]}],
               egress: [{toEndpoints: [{matchLabels: {app: database-vm}}],
                         toPorts: [{ports: [{port: '5432', protocol: TCP}]}]}]}
              """);

  @Test
  void letsTheGatewayInOnItsPortsOnly() {
    assertThat(world.in("gateway", 6, 80)).isTrue();
    assertThat(world.in("gateway", 6, 443)).isTrue();
    assertThat(world.in("gateway", 6, 8080)).isFalse();
    assertThat(world.in("gateway", 17, 80)).isFalse();
    assertThat(world.in("gateway", 1, 8 << 8)).isFalse();
  }

  @Test
  void keepsAllOthersOut() {
    assertThat(world.in("stranger", 6, 80)).isFalse();
    assertThat(world.in("foreign gateway", 6, 80)).isFalse();
    assertThat(world.in("world", 6, 80)).isFalse();
    assertThat(world.in("remote-node", 6, 80)).isFalse();
    assertThat(world.in("host", 6, 12345)).isTrue();
  }

  @Test
  void letsItOutToTheDatabaseOnly() {
    assertThat(world.out("database", 6, 5432)).isTrue();
    assertThat(world.out("database", 6, 5433)).isFalse();
    assertThat(world.out("gateway", 6, 5432)).isFalse();
    assertThat(world.out("host", 6, 5432)).isFalse();
  }

  @Test
  void saysWhichRuleDecided() {
    Decision allowed = world.decide(TrafficDirection.INGRESS, "gateway", 6, 80);
    assertThat(allowed.verdict()).isEqualTo(Verdict.ALLOW);
    assertThat(allowed.match()).isEqualTo(MatchType.L3_L4);
    assertThat(allowed.origins())
        .hasToString("[CiliumNetworkPolicy app-web-prod/vm-web-policy spec.ingress[0]]");
    Decision denied = world.decide(TrafficDirection.EGRESS, "gateway", 6, 80);
    assertThat(denied.verdict()).isEqualTo(Verdict.DEFAULT);
    assertThat(denied.origins())
        .hasToString("[CiliumNetworkPolicy app-web-prod/vm-web-policy spec]");
  }
}
