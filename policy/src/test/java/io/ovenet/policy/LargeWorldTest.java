package io.ovenet.policy;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** A large node stays right over changes; what they cost is printed, never asserted. */
class LargeWorldTest {
  private static final String CLUSTER = "default";

  private record Size(int namespaces, int apps, int identities, int policies, int subjects) {}

  @Test
  void aHundredPolicies() {
    run(new Size(20, 50, 1_000, 100, 100));
  }

  @Test
  void aThousandPolicies() {
    run(new Size(100, 100, 10_000, 1_000, 250));
  }

  private static void run(Size size) {
    Random random = new Random(42);
    PolicyEngine engine = new PolicyEngine(PolicySettings.defaults(CLUSTER));
    List<Labels> subjects = new ArrayList<>();
    for (int i = 0; i < size.identities; i++) {
      Labels labels = pod(size, i);
      engine.upsertIdentity(256 + i, labels);
      if (subjects.size() < size.subjects && random.nextInt(4) == 0) {
        subjects.add(labels);
        engine.addSubject(labels);
      }
    }
    long start = System.nanoTime();
    for (int i = 0; i < size.policies; i++) {
      engine.upsert(policy(size, i, 0));
    }
    engine.upsert(everywhere(0));
    PolicySnapshot before = engine.compile();
    long whole = System.nanoTime() - start;
    long[] changes = new long[400];
    for (int i = 0; i < changes.length; i++) {
      PolicyObject changed = policy(size, random.nextInt(size.policies), 1 + random.nextInt(1000));
      start = System.nanoTime();
      engine.upsert(changed);
      engine.compile();
      changes[i] = System.nanoTime() - start;
    }
    long[] wide = new long[200];
    for (int i = 0; i < wide.length; i++) {
      PolicyObject changed = everywhere(i + 1);
      start = System.nanoTime();
      engine.upsert(changed);
      engine.compile();
      wide[i] = System.nanoTime() - start;
    }
    long[] identities = new long[400];
    for (int i = 0; i < identities.length; i++) {
      Labels labels = pod(size, random.nextInt(1 << 20));
      start = System.nanoTime();
      engine.upsertIdentity(256 + random.nextInt(size.identities), labels);
      engine.compile();
      identities[i] = System.nanoTime() - start;
    }
    PolicySnapshot after = engine.compile();
    System.out.printf(
        "LargeWorldTest %s: from nothing %d ms; a policy %s; one for everybody %s; an identity %s;"
            + " classes %d, entries %d%n",
        size,
        whole / 1_000_000,
        quantiles(changes),
        quantiles(wide),
        quantiles(identities),
        engine.classCount(),
        after.policies().values().stream().distinct().mapToInt(CompiledPolicy::entryCount).sum());
    assertThat(before.policies()).hasSize(after.policies().size());
    for (PolicyObject object : engine.objects()) {
      engine.upsert(object);
    }
    assertThat(engine.compile()).isSameAs(after);
  }

  private static String quantiles(long[] nanos) {
    Arrays.sort(nanos);
    return "p50 %d us, p99 %d us"
        .formatted(nanos[nanos.length / 2] / 1000, nanos[nanos.length * 99 / 100] / 1000);
  }

  private static Labels pod(Size size, int i) {
    return Labels.of(
        Label.k8s(LabelKeys.CLUSTER, CLUSTER),
        Label.k8s(LabelKeys.NAMESPACE, "ns" + i % size.namespaces),
        Label.k8s("app", "app" + (i / size.namespaces) % size.apps),
        Label.k8s("tier", "t" + i % 3),
        Label.k8s("version", "v" + i));
  }

  /** Of a namespace: whoever of an app is let in by three apps on some ports. */
  private static PolicyObject policy(Size size, int i, int variant) {
    Random random = new Random(i);
    String namespace = "ns" + i % size.namespaces;
    PolicyKey key = new PolicyKey(PolicyKind.CILIUM_NETWORK_POLICY, namespace, "p" + i);
    List<RuleEntry> entries = new ArrayList<>();
    for (int n = 0; n < 3; n++) {
      entries.add(
          new RuleEntry(
              TrafficDirection.INGRESS,
              RuleEffect.ALLOW,
              new Peers.Selected(
                  List.of(selector(namespace, "app", "app" + random.nextInt(size.apps)))),
              List.of(new PortRange(PortRange.TCP, 80 + n, 80 + n + variant % 7)),
              new RuleOrigin(key.kind(), namespace, key.name(), "spec.ingress[" + n + "]")));
    }
    if (variant % 2 == 1) {
      entries.add(
          new RuleEntry(
              TrafficDirection.INGRESS,
              RuleEffect.DENY,
              new Peers.Selected(List.of(selector(namespace, "tier", "t" + variant % 3))),
              List.of(PortRange.EVERYTHING),
              new RuleOrigin(key.kind(), namespace, key.name(), "spec.ingressDeny[0]")));
    }
    EndpointSelector subject =
        i % 3 == 0
            ? selector(namespace)
            : selector(namespace, "app", "app" + random.nextInt(size.apps));
    return new PolicyObject(
        key,
        List.of(
            new Rule(
                subject,
                true,
                false,
                entries,
                Labels.EMPTY,
                "",
                new RuleOrigin(key.kind(), namespace, key.name(), "spec"))),
        List.of());
  }

  /** Of the cluster: for every endpoint, about a third of all identities. */
  private static PolicyObject everywhere(int variant) {
    PolicyKey key = new PolicyKey(PolicyKind.CILIUM_CLUSTERWIDE_NETWORK_POLICY, "", "all");
    return new PolicyObject(
        key,
        List.of(
            new Rule(
                EndpointSelector.ALL,
                false,
                false,
                List.of(
                    new RuleEntry(
                        TrafficDirection.INGRESS,
                        variant % 2 == 0 ? RuleEffect.ALLOW : RuleEffect.DENY,
                        new Peers.Selected(
                            List.of(
                                EndpointSelector.of(
                                    List.of(
                                        LabelRequirement.in(
                                            Label.K8S, "tier", List.of("t" + variant % 3)))))),
                        List.of(new PortRange(PortRange.TCP, 9000, 9000 + variant)),
                        new RuleOrigin(key.kind(), "", "all", "spec.ingress[0]"))),
                Labels.EMPTY,
                "",
                new RuleOrigin(key.kind(), "", "all", "spec"))),
        List.of());
  }

  private static EndpointSelector selector(String namespace, String... label) {
    List<LabelRequirement> requirements = new ArrayList<>();
    requirements.add(LabelRequirement.in(Label.K8S, LabelKeys.NAMESPACE, List.of(namespace)));
    if (label.length > 0) {
      requirements.add(
          LabelRequirement.in(LabelRequirement.ANY_SOURCE, label[0], List.of(label[1])));
    }
    return EndpointSelector.of(requirements);
  }
}
