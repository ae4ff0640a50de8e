package io.ovenet.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.bpf.MacAddress;
import io.ovenet.policy.Label;
import io.ovenet.policy.LabelKeys;
import io.ovenet.policy.Labels;
import io.ovenet.policy.PolicyEngine;
import io.ovenet.policy.PolicyKey;
import io.ovenet.policy.PolicyKind;
import io.ovenet.policy.PolicySettings;
import java.net.Inet4Address;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** A change writes what it affects, in a world where everything else is much more. */
class ChangeCostTest {
  private static final int APPLICATIONS = 25;
  private static final int IDENTITIES = 2_000;
  private static final int PEERS = 200;

  private final RealizerWorld world = new RealizerWorld();
  private final Random random = new Random(5);
  private int writes;
  private final Realizer realizer =
      new Realizer(
          world.tables,
          new PolicyEngine(PolicySettings.defaults("default")),
          new RuleNumbers(1),
          List.of());

  private static Labels labels(int application, String group, String instance) {
    var labels = new ArrayList<Label>();
    labels.add(Label.k8s("app", "app-" + application));
    labels.add(Label.k8s(LabelKeys.NAMESPACE, "n"));
    labels.add(Label.k8s(LabelKeys.CLUSTER, "default"));
    labels.add(Label.k8s("group", group));
    labels.add(Label.k8s("instance", instance));
    return Labels.of(labels.toArray(new Label[0]));
  }

  private static Map<String, Object> document(
      String name, Map<String, ?> subject, Map<String, Object> directions) {
    var spec = new java.util.HashMap<String, Object>(directions);
    spec.put("endpointSelector", Map.of("matchLabels", subject));
    return Map.of("metadata", Map.of("name", name, "namespace", "n"), "spec", spec);
  }

  private static Map<String, Object> from(Map<String, ?> peers, int port) {
    return Map.of(
        "fromEndpoints",
        List.of(Map.of("matchLabels", peers)),
        "toPorts",
        List.of(
            Map.of("ports", List.of(Map.of("port", Integer.toString(port), "protocol", "UDP")))));
  }

  private void fill() {
    for (int i = 0; i < IDENTITIES; i++) {
      realizer.upsertIdentity(
          20_000 + i,
          labels(random.nextInt(500), i < PEERS ? "peers" : "others", Integer.toString(i)));
    }
    for (int i = 0; i < APPLICATIONS; i++) {
      realizer.addEndpoint(endpoint(1 + i));
    }
    for (int i = 0; i < 4 * APPLICATIONS; i++) {
      upsert(
          document(
              "p" + i,
              Map.of("app", "app-" + i % APPLICATIONS),
              Map.of(
                  "ingress",
                  List.of(
                      from(
                          Map.of("app", "app-" + random.nextInt(500)),
                          1024 + random.nextInt(4000))))));
    }
    upsert(changed(false));
    realizer.complete();
    realizer.realize();
    world.look = () -> writes++;
  }

  private static LocalEndpoint endpoint(int id) {
    return new LocalEndpoint(
        id,
        1,
        new AttachmentKey("c" + id, "eth0"),
        "/ns",
        "n",
        "p" + id,
        "u",
        MacAddress.parse("0a:58:0a:00:00:%02x".formatted(id)),
        Inet4Address.ofLiteral("10.0.0." + id),
        1500,
        30_000 + id,
        labels(id, id <= 10 ? "changed" : "others", "here"));
  }

  private static Map<String, Object> changed(boolean denies) {
    var allow = Map.of("fromEndpoints", List.of(Map.of("matchLabels", Map.of("group", "peers"))));
    return document(
        "changed",
        Map.of("group", "changed"),
        denies
            ? Map.of(
                "ingress",
                List.of(allow),
                "ingressDeny",
                List.of(from(Map.of("group", "peers"), 7000)))
            : Map.of("ingress", List.of(allow)));
  }

  private void upsert(Map<String, ?> document) {
    realizer.upsertPolicy(world.valid(document));
  }

  /** What one change writes. */
  private int written(Runnable change) {
    writes = 0;
    change.run();
    realizer.realize();
    return writes;
  }

  @Test
  void aDenyForSomeWritesItsEntriesForThem() {
    fill();
    int all = world.policies.entries.size();
    int classesOfPeers = classesOfPeers();
    int denied = written(() -> upsert(changed(true)));
    // One entry for each class of the peers in each of the ten policies.
    assertThat(denied).isBetween(10, 10 * classesOfPeers).isLessThan(all);
    assertThat(world.policies.entries).hasSize(all + denied);
    assertThat(written(() -> upsert(changed(false)))).isEqualTo(denied);
    assertThat(world.policies.entries).hasSize(all);
  }

  private int classesOfPeers() {
    return (int)
        world.classes.entries.entrySet().stream()
            .filter(e -> e.getKey() >= 20_000 && e.getKey() < 20_000 + PEERS)
            .map(Map.Entry::getValue)
            .distinct()
            .count();
  }

  @Test
  void anIdentityOfAKnownKindWritesItsClass() {
    fill();
    assertThat(written(() -> realizer.upsertIdentity(40_000, labels(499, "others", "another"))))
        .as("no policy names it")
        .isEqualTo(1);
    var peer = labels(3, "peers", "another");
    int first = written(() -> realizer.upsertIdentity(40_001, peer));
    assertThat(first).isLessThan(100);
    assertThat(written(() -> realizer.upsertIdentity(40_002, labels(3, "peers", "yet another"))))
        .as("its class is there")
        .isEqualTo(1);
  }

  @Test
  void churnLeavesLittle() {
    fill();
    int entries = world.policies.entries.size();
    int classes = classCount();
    var name = "passing";
    for (int i = 0; i < 300; i++) {
      var peers = Map.of("app", "app-" + random.nextInt(500), "group", "peers");
      upsert(
          document(
              name,
              Map.of("app", "app-" + random.nextInt(APPLICATIONS)),
              Map.of("ingress", List.of(from(peers, 1024 + random.nextInt(4000))))));
      realizer.realize();
      realizer.removePolicy(new PolicyKey(PolicyKind.CILIUM_NETWORK_POLICY, "n", name));
      realizer.realize();
      realizer.upsertIdentity(50_000 + i, labels(random.nextInt(500), "peers", "passing"));
      realizer.realize();
      realizer.removeIdentity(50_000 + i);
      realizer.realize();
    }
    NodeFixture.await(
        "what is out of use is deleted",
        () -> {
          realizer.collect();
          return realizer.nextCollection() == null;
        });
    realizer.realize();
    // Classes that nothing tells apart any more are at most an eighth of all.
    assertThat(classCount()).isLessThanOrEqualTo(classes * 8 / 7 + 2);
    assertThat(world.policies.entries.size() - entries)
        .isLessThanOrEqualTo(20 * (classCount() - classes));
  }

  private int classCount() {
    return Set.copyOf(world.classes.entries.values()).size();
  }
}
