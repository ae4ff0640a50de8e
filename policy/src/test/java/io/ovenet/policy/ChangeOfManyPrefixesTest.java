package io.ovenet.policy;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** What a change is about is looked at, and not the thousands of prefixes beside it. */
class ChangeOfManyPrefixesTest {
  private static final int PREFIXES = 2_000;
  private static final int FIRST = 0x1000000;
  private static final Labels WEB = Labels.of(Label.k8s("app", "web"));

  private final PolicyEngine engine = new PolicyEngine(PolicySettings.defaults("default"));

  private static Cidr prefix(int number) {
    return Cidr.parse("20.0." + (number >> 8) + "." + (number & 0xff) + "/32");
  }

  private static EndpointSelector app(String app) {
    return EndpointSelector.of(List.of(LabelRequirement.in(Label.K8S, "app", List.of(app))));
  }

  private static PolicyKey key(String name) {
    return new PolicyKey(PolicyKind.CILIUM_NETWORK_POLICY, "shop", name);
  }

  private static PolicyObject allow(String name, List<PeerSelector> to, PortRange ports) {
    PolicyKey key = key(name);
    RuleOrigin origin = new RuleOrigin(key.kind(), "shop", name, "spec");
    RuleEntry entry =
        new RuleEntry(
            TrafficDirection.EGRESS,
            RuleEffect.ALLOW,
            new Peers.Selected(to),
            List.of(ports),
            origin);
    return new PolicyObject(
        key,
        List.of(new Rule(app("web"), false, true, List.of(entry), Labels.EMPTY, "", origin)),
        List.of());
  }

  private void fill() {
    List<PeerSelector> all = new ArrayList<>();
    for (int i = 0; i < PREFIXES; i++) {
      all.add(CidrSelector.of(prefix(i)));
      engine.upsertIdentity(FIRST + i, Labels.of(Label.reserved("world")), prefix(i));
    }
    for (String app : List.of("api", "db")) {
      engine.upsertIdentity(256 + app.length(), Labels.of(Label.k8s("app", app)));
    }
    engine.addSubject(WEB);
    engine.upsert(allow("wide", all, PortRange.EVERYTHING));
    engine.upsert(allow("changed", List.of(app("api")), PortRange.EVERYTHING));
    engine.compile();
  }

  private long tablesOf(PolicyObject change) {
    long before = engine.tablesAsked();
    engine.upsert(change);
    engine.compile();
    return engine.tablesAsked() - before;
  }

  private ClassTables egress() {
    return Objects.requireNonNull(engine.compile().policyOf(WEB)).tables(TrafficDirection.EGRESS);
  }

  @Test
  void aRuleBesideThemCostsItsOwnPeers() {
    fill();
    assertThat(egress().size()).isGreaterThan(PREFIXES);
    PortRange dns = new PortRange(17, 53, 53);
    assertThat(tablesOf(allow("changed", List.of(app("db")), dns))).isBetween(1L, 8L);
    assertThat(tablesOf(allow("changed", List.of(CidrSelector.of(prefix(7))), dns)))
        .as("one of the prefixes")
        .isBetween(1L, 8L);
    assertThat(tablesOf(allow("changed", List.of(app("api")), PortRange.EVERYTHING)))
        .isBetween(1L, 8L);
    assertThat(egress().size()).isGreaterThan(PREFIXES);
  }

  @Test
  void onlyPrefixesThatComeOrGoAreTold() {
    fill();
    Cidr other = Cidr.parse("30.0.0.0/8");
    engine.upsert(allow("changed", List.of(CidrSelector.of(other)), PortRange.EVERYTHING));
    PolicySnapshot with = engine.compile();
    assertThat(with.prefixesAdded()).containsExactly(other);
    assertThat(with.prefixesRemoved()).isEmpty();
    assertThat(with.prefixes()).hasSize(PREFIXES + 1).isSorted();
    assertThat(with.isInUse(other)).isTrue();
    engine.remove(key("changed"));
    PolicySnapshot without = engine.compile();
    assertThat(without.prefixesAdded()).isEmpty();
    assertThat(without.prefixesRemoved()).containsExactly(other);
    assertThat(without.prefixes()).hasSize(PREFIXES).isSorted();
    assertThat(without.isInUse(other)).isFalse();
  }
}
