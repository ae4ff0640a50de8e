package io.ovenet.policy;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** How classes, snapshots and sharing behave over changes. */
class PolicyEngineTest {
  private static final Labels WEB = pod("web");
  private static final Labels API = pod("api");
  private final PolicyEngine engine = new PolicyEngine(PolicySettings.defaults("default"));

  private static Labels pod(String app) {
    return Labels.of(Label.k8s("app", app), Label.k8s(LabelKeys.NAMESPACE, "shop"));
  }

  private static EndpointSelector app(String app) {
    return EndpointSelector.of(List.of(LabelRequirement.in(Label.K8S, "app", List.of(app))));
  }

  private static PolicyObject allow(String name, EndpointSelector subject, PeerSelector... from) {
    PolicyKey key = new PolicyKey(PolicyKind.CILIUM_NETWORK_POLICY, "shop", name);
    return new PolicyObject(
        key,
        List.of(
            new Rule(
                subject,
                true,
                false,
                List.of(
                    new RuleEntry(
                        TrafficDirection.INGRESS,
                        RuleEffect.ALLOW,
                        new Peers.Selected(List.of(from)),
                        List.of(PortRange.EVERYTHING),
                        new RuleOrigin(key.kind(), "shop", name, "spec.ingress[0]"))),
                Labels.EMPTY,
                "",
                new RuleOrigin(key.kind(), "shop", name, "spec"))),
        List.of());
  }

  private CompiledPolicy policy(PolicySnapshot snapshot, Labels subject) {
    return Objects.requireNonNull(snapshot.policyOf(subject));
  }

  @Test
  void anUnknownIdentityPassesNothing() {
    engine.addSubject(WEB);
    engine.upsert(allow("p", app("web"), app("api")));
    PolicySnapshot snapshot = engine.compile();
    assertThat(snapshot.classes().classOf(999)).isEqualTo(IdentityClasses.UNKNOWN);
    assertThat(
            PolicyLookup.decide(
                    snapshot, policy(snapshot, WEB), TrafficDirection.INGRESS, 999, 6, 80)
                .verdict()
                .passes())
        .isFalse();
  }

  @Test
  void compilingWithoutAChangeGivesTheSameSnapshot() {
    engine.addSubject(WEB);
    engine.upsert(allow("p", app("web"), app("api")));
    PolicySnapshot snapshot = engine.compile();
    engine.upsert(allow("p", app("web"), app("api")));
    engine.upsertIdentity(1, ReservedIdentity.HOST.labels());
    engine.remove(new PolicyKey(PolicyKind.NETWORK_POLICY, "shop", "none"));
    engine.removeIdentity(12345);
    assertThat(engine.compile()).isSameAs(snapshot);
  }

  @Test
  void endpointsThatTheSameRulesSelectShareOnePolicy() {
    Labels other = Labels.of(Label.k8s("app", "web"), Label.k8s("v", "2"));
    engine.addSubject(WEB);
    engine.addSubject(other);
    engine.upsert(allow("p", app("web"), app("api")));
    PolicySnapshot snapshot = engine.compile();
    assertThat(policy(snapshot, WEB)).isSameAs(policy(snapshot, other));
    engine.removeSubject(other);
    assertThat(engine.compile().policyOf(other)).isNull();
  }

  @Test
  void classesOnlySplitAndNumbersAreNotUsedAgain() {
    engine.addSubject(WEB);
    for (int i = 0; i < 6; i++) {
      Labels labels = Labels.of(Label.k8s("app", "a" + i / 2), Label.k8s("v", "v" + i));
      engine.upsertIdentity(300 + i, labels);
    }
    assertThat(engine.compile().classes().classOf(300)).isEqualTo(CompiledPolicy.CLASS_ANY);
    engine.upsert(allow("p", app("web"), app("a0")));
    PolicySnapshot first = engine.compile();
    int split = first.classes().classOf(300);
    assertThat(split).isNotEqualTo(CompiledPolicy.CLASS_ANY);
    assertThat(first.classes().classOf(301)).isEqualTo(split);
    assertThat(first.classes().classOf(302)).isEqualTo(CompiledPolicy.CLASS_ANY);
    assertThat(first.splits())
        .containsExactly(new PolicySnapshot.ClassSplit(split, CompiledPolicy.CLASS_ANY));
    EndpointSelector v0 =
        EndpointSelector.of(List.of(LabelRequirement.in(Label.K8S, "v", List.of("v0"))));
    engine.upsert(allow("q", app("web"), v0));
    PolicySnapshot second = engine.compile();
    int child = second.classes().classOf(300);
    assertThat(second.classes().classOf(301)).isEqualTo(split);
    assertThat(second.splits()).containsExactly(new PolicySnapshot.ClassSplit(child, split));
    engine.remove(new PolicyKey(PolicyKind.CILIUM_NETWORK_POLICY, "shop", "q"));
    PolicySnapshot third = engine.compile();
    assertThat(third.classes().classOf(300)).isEqualTo(child);
    List<Integer> changed = new ArrayList<>();
    second.classes().forEachChange(third.classes(), (identity, _) -> changed.add(identity));
    assertThat(changed).isEmpty();
    engine.removeIdentity(300);
    engine.compile();
    engine.upsert(allow("q", app("web"), app("a1")));
    assertThat(engine.compile().classes().classOf(302)).isGreaterThan(child);
  }

  @Test
  void aNewIdentityOfAKnownKindChangesNoPolicy() {
    engine.addSubject(WEB);
    engine.upsertIdentity(300, API);
    engine.upsert(allow("p", app("web"), app("api")));
    PolicySnapshot before = engine.compile();
    engine.upsertIdentity(301, Labels.of(Label.k8s("app", "api"), Label.k8s("v", "2")));
    PolicySnapshot after = engine.compile();
    assertThat(policy(after, WEB)).isSameAs(policy(before, WEB));
    assertThat(after.classes().classOf(301)).isEqualTo(after.classes().classOf(300));
    List<Integer> changed = new ArrayList<>();
    before.classes().forEachChange(after.classes(), (identity, _) -> changed.add(identity));
    assertThat(changed).containsExactly(301);
  }

  @Test
  void aSelectorThatRequiresNoLabelSelectsIdentitiesThatComeLater() {
    engine.addSubject(WEB);
    engine.upsert(
        allow(
            "p",
            app("web"),
            EndpointSelector.of(
                List.of(
                    new LabelRequirement(
                        "k8s", "app", LabelRequirement.Operator.NOT_IN, List.of("api"))))));
    engine.compile();
    engine.upsertIdentity(300, API);
    engine.upsertIdentity(301, Labels.of(Label.k8s("v", "1")));
    assertThat(passes(300)).isFalse();
    assertThat(passes(301)).isTrue();
  }

  @Test
  void aRelabelledIdentityMoves() {
    engine.addSubject(WEB);
    engine.upsertIdentity(300, API);
    engine.upsert(allow("p", app("web"), app("api")));
    assertThat(passes(300)).isTrue();
    engine.upsertIdentity(300, pod("quarantine"));
    assertThat(passes(300)).isFalse();
    engine.upsertIdentity(300, API);
    assertThat(passes(300)).isTrue();
  }

  private boolean passes(int peer) {
    PolicySnapshot snapshot = engine.compile();
    return PolicyLookup.decide(
            snapshot, policy(snapshot, WEB), TrafficDirection.INGRESS, peer, 6, 80)
        .verdict()
        .passes();
  }

  @Test
  void asksForPrefixesOfRulesThatSelectAnEndpointHere() {
    Cidr ten = Cidr.parse("10.0.0.0/8");
    Cidr hole = Cidr.parse("10.1.0.0/16");
    engine.upsert(allow("p", app("web"), new CidrSelector(ten, List.of(hole))));
    engine.upsert(allow("q", app("web"), CidrSelector.of(Cidr.ALL_IPV4), CidrSelector.of(ten)));
    assertThat(engine.compile().prefixes()).isEmpty();
    engine.addSubject(WEB);
    assertThat(engine.compile().prefixes()).containsExactly(ten, hole);
    engine.remove(new PolicyKey(PolicyKind.CILIUM_NETWORK_POLICY, "shop", "p"));
    assertThat(engine.compile().prefixes()).containsExactly(ten);
    engine.removeSubject(WEB);
    assertThat(engine.compile().prefixes()).isEmpty();
  }

  @Test
  void modes() {
    for (PolicySettings.Enforcement mode : PolicySettings.Enforcement.values()) {
      PolicyEngine modal = new PolicyEngine(new PolicySettings("default", mode, false));
      modal.addSubject(WEB);
      modal.addSubject(API);
      modal.upsert(allow("p", app("web"), app("api")));
      PolicySnapshot snapshot = modal.compile();
      assertThat(policy(snapshot, WEB).enforces(TrafficDirection.INGRESS))
          .isEqualTo(mode != PolicySettings.Enforcement.NEVER);
      assertThat(policy(snapshot, API).enforces(TrafficDirection.EGRESS))
          .isEqualTo(mode == PolicySettings.Enforcement.ALWAYS);
      assertThat(
              PolicyLookup.decide(
                      snapshot, policy(snapshot, WEB), TrafficDirection.INGRESS, 1, 6, 80)
                  .verdict()
                  .passes())
          .isEqualTo(mode == PolicySettings.Enforcement.NEVER);
    }
  }

  @Test
  void aTableBeginsWithWhatCoversEverythingAndUsesFewPrefixes() {
    PolicyKey key = new PolicyKey(PolicyKind.CILIUM_NETWORK_POLICY, "shop", "p");
    RuleOrigin spec = new RuleOrigin(key.kind(), "shop", "p", "spec");
    engine.addSubject(WEB);
    engine.upsert(
        new PolicyObject(
            key,
            List.of(
                new Rule(
                    app("web"),
                    true,
                    false,
                    List.of(
                        new RuleEntry(
                            TrafficDirection.INGRESS,
                            RuleEffect.ALLOW,
                            Peers.EVERYONE,
                            List.of(new PortRange(6, 1, 65535), PortRange.icmp(PortRange.ICMP, 8)),
                            spec)),
                    Labels.EMPTY,
                    "",
                    spec)),
            List.of()));
    PolicyTable table =
        Objects.requireNonNull(
            policy(engine.compile(), WEB)
                .tables(TrafficDirection.INGRESS)
                .get(CompiledPolicy.CLASS_ANY));
    assertThat(table.entries())
        .extracting(
            e ->
                e.prefixLength()
                    + ":"
                    + e.protocol()
                    + "/"
                    + e.port()
                    + " "
                    + e.decision().verdict())
        .containsExactly("80:0/0 DEFAULT", "88:6/0 ALLOW", "96:1/2048 ALLOW", "104:6/0 DEFAULT");
  }
}
