package io.ovenet.kubernetes.policy;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.policy.PolicyKind;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Policies far larger than anybody writes by hand: they mean what they say, and nothing more. */
class LargePoliciesTest {
  private static final int TCP = 6;

  private static World world() {
    return new World("shop", "app=web")
        .peer("api", World.pod("shop", "app=api"))
        .peer("last", World.pod("shop", "app=a9999"))
        .peer("value", World.pod("shop", "app=v999"));
  }

  private static Map<String, Object> policy(List<?> ingress) {
    return Map.of(
        "metadata",
        Map.of("name", "large", "namespace", "shop"),
        "spec",
        Map.of("endpointSelector", Map.of(), "ingress", ingress));
  }

  private static Map<String, Object> rule(Map<String, ?> selector, String port) {
    return Map.of(
        "fromEndpoints",
        List.of(selector),
        "toPorts",
        List.of(Map.of("ports", List.of(Map.of("port", port, "protocol", "TCP")))));
  }

  @Test
  void tenThousandRules() {
    List<Object> rules = new ArrayList<>();
    for (int i = 0; i < 10_000; i++) {
      rules.add(rule(Map.of("matchLabels", Map.of("app", "a" + i)), Integer.toString(1 + i)));
    }
    World world = world().putDocument(PolicyKind.CILIUM_NETWORK_POLICY, policy(rules));
    assertThat(world.in("last", TCP, 10_000)).isTrue();
    assertThat(world.in("last", TCP, 9_999)).isFalse();
    assertThat(world.in("api", TCP, 10_000)).isFalse();
    assertThat(world.in("world", TCP, 1)).isFalse();
  }

  @Test
  void aSelectorWithAThousandValues() {
    List<String> values = new ArrayList<>();
    for (int i = 0; i < 1_000; i++) {
      values.add("v" + i);
    }
    Map<String, ?> selector =
        Map.of(
            "matchExpressions", List.of(Map.of("key", "app", "operator", "In", "values", values)));
    World world =
        world()
            .putDocument(PolicyKind.CILIUM_NETWORK_POLICY, policy(List.of(rule(selector, "80"))));
    assertThat(world.in("value", TCP, 80)).isTrue();
    assertThat(world.in("api", TCP, 80)).isFalse();
    selector =
        Map.of(
            "matchExpressions",
            List.of(Map.of("key", "app", "operator", "NotIn", "values", values)));
    world.putDocument(PolicyKind.CILIUM_NETWORK_POLICY, policy(List.of(rule(selector, "80"))));
    assertThat(world.in("value", TCP, 80)).isFalse();
    assertThat(world.in("api", TCP, 80)).isTrue();
  }

  @Test
  void aMegabyteOfPrefixes() {
    List<String> prefixes = new ArrayList<>();
    int length = 0;
    for (int i = 0; length < 1_000_000; i++) {
      String prefix = "%d.%d.%d.0/24".formatted(11 + i / 65_536, i / 256 % 256, i % 256);
      prefixes.add(prefix);
      length += prefix.length() + 4;
    }
    World world =
        world()
            .putDocument(
                PolicyKind.CILIUM_NETWORK_POLICY, policy(List.of(Map.of("fromCIDR", prefixes))));
    assertThat(world.snapshot().prefixes()).hasSize(prefixes.size());
    assertThat(world.in("11.0.0.1", TCP, 80)).isTrue();
    assertThat(world.in("10.0.0.1", TCP, 80)).isFalse();
    world.remove(PolicyKind.CILIUM_NETWORK_POLICY, "large", "shop");
    assertThat(world.snapshot().prefixes()).isEmpty();
  }

  @Test
  void groupsThatComeAndGo() {
    World world =
        world()
            .cnp(
                "p",
                "shop",
                "{endpointSelector: {}, ingress: [{fromCIDRSet: [{cidrGroupRef: g, except:"
                    + " [10.1.0.0/16]}]}, {fromCIDRSet: [{cidrGroupSelector: {matchLabels: {kind: old}}}]}]}");
    assertThat(world.in("10.0.0.1", TCP, 80)).as("a group that is not there").isFalse();
    world.group(
        "{metadata: {name: g}, spec: {externalCIDRs: [10.0.0.0/8, 10.1.2.0/24, 192.0.2.1]}}");
    assertThat(world.in("10.0.0.1", TCP, 80)).isTrue();
    assertThat(world.in("192.0.2.1", TCP, 80)).isTrue();
    assertThat(world.in("10.1.0.1", TCP, 80)).isFalse();
    assertThat(world.in("10.1.2.1", TCP, 80)).isFalse();
    world.group(
        "{metadata: {name: g, labels: {kind: old}}, spec: {externalCIDRs: [172.16.0.0/12]}}");
    assertThat(world.in("10.0.0.1", TCP, 80)).isFalse();
    assertThat(world.in("172.16.0.1", TCP, 80)).isTrue();
    world.cnp(
        "deny",
        "shop",
        "{endpointSelector: {}, ingressDeny: [{fromCIDRSet: [{cidrGroupRef: g}], toPorts: [{ports: [{port: '80'}]}]}]}");
    assertThat(world.in("172.16.0.1", TCP, 80)).isFalse();
    assertThat(world.in("172.16.0.1", TCP, 81)).isTrue();
    world.removeGroup("{metadata: {name: g}}");
    assertThat(world.in("172.16.0.1", TCP, 81)).isFalse();
    assertThat(world.snapshot().prefixes()).isEmpty();
  }
}
