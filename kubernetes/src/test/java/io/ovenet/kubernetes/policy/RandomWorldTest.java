package io.ovenet.kubernetes.policy;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.policy.ClassTables;
import io.ovenet.policy.CompiledPolicy;
import io.ovenet.policy.Decision;
import io.ovenet.policy.NumericIdentity;
import io.ovenet.policy.PolicySnapshot;
import io.ovenet.policy.PolicySubject;
import io.ovenet.policy.PolicyTable;
import io.ovenet.policy.RuleOrigin;
import io.ovenet.policy.TrafficDirection;
import io.ovenet.policy.Verdict;
import io.ovenet.policy.naive.NaiveEvaluator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Worlds by chance: {@code -Dovenet.seed=N} runs those of a seed again. */
class RandomWorldTest {
  private static final long SEED = Long.getLong("ovenet.seed", System.nanoTime());

  @BeforeAll
  static void printSeed() {
    System.out.println("RandomWorldTest: -Dovenet.seed=" + SEED);
  }

  @Test
  void theCompiledFormDecidesAsTheDocumentsSay() {
    int decisions = 0;
    int passed = 0;
    int denied = 0;
    for (int number = 0; number < 1200; number++) {
      RandomWorld world = new RandomWorld(SEED + number);
      for (int step = 0; step < 6; step++) {
        world.change();
        NaiveEvaluator naive = world.naive();
        for (int i = 0; i < 50; i++) {
          Decision decision = ask(world, naive, number);
          decisions++;
          passed += decision.verdict().passes() ? 1 : 0;
          denied += decision.verdict() == Verdict.DENY ? 1 : 0;
        }
      }
    }
    System.out.printf(
        "RandomWorldTest: %d decisions, %d passed, %d denied by rule%n", decisions, passed, denied);
    assertThat(decisions).isGreaterThanOrEqualTo(100_000);
    assertThat(passed).isGreaterThan(decisions / 5);
    assertThat(denied).isGreaterThan(decisions / 50);
  }

  /** Asks both and compares. */
  private static Decision ask(RandomWorld world, NaiveEvaluator naive, int number) {
    PolicySubject subject = world.pick(world.subjects);
    boolean ingress = world.random.nextBoolean();
    RandomWorld.Peer peer = world.peer();
    int protocol = world.protocol();
    int port = world.port(protocol);
    NaiveEvaluator.Answer answer =
        naive.ask(
            RandomWorld.map(subject.labels()),
            subject.audit(),
            RandomWorld.named(subject.ports()),
            ingress,
            peer.naive(),
            protocol,
            port);
    Decision decision = world.compiled(subject, ingress, peer, protocol, port);
    Verdict expected =
        switch (answer.outcome()) {
          case ALLOWED, NOT_ENFORCED -> Verdict.ALLOW;
          case DENIED -> Verdict.DENY;
          case WITHHELD, DEFAULT_DENIED -> Verdict.DEFAULT;
          case AUDITED -> Verdict.AUDIT;
        };
    Set<String> origins = new HashSet<>();
    for (RuleOrigin origin : decision.origins().asList()) {
      origins.add(origin.toString());
    }
    // Without a rule to name: nothing is enforced, or the local host comes in.
    boolean nobody =
        decision.equals(Decision.NOT_ENFORCED)
            || answer.rules().isEmpty()
            || (ingress && peer.identity() == 1 && expected == Verdict.ALLOW);
    boolean explained = answer.rules().containsAll(origins) && (!origins.isEmpty() || nobody);
    if (decision.verdict() != expected || !explained) {
      throw new AssertionError(
          "seed %d world %d: %s %s %s protocol %d port %d%n naive %s%n compiled %s%n policies %s"
              .formatted(
                  SEED,
                  number,
                  subject,
                  ingress ? "<-" : "->",
                  peer,
                  protocol,
                  port,
                  answer,
                  decision,
                  world.documents.values()));
    }
    return decision;
  }

  @Test
  void changesEndWhereCompilingFromNothingStarts() {
    for (int number = 0; number < 150; number++) {
      RandomWorld world = new RandomWorld(SEED * 31 + number);
      for (int step = 0; step < 12; step++) {
        world.change();
        assertSame(world, world.fromNothing(), "seed " + SEED + " world " + number + "/" + step);
      }
    }
  }

  private static void assertSame(RandomWorld world, RandomWorld whole, String where) {
    PolicySnapshot fresh = whole.snapshot;
    assertThat(world.snapshot.prefixes()).as(where).isEqualTo(fresh.prefixes());
    for (PolicySubject subject : world.subjects) {
      CompiledPolicy changed = Objects.requireNonNull(world.snapshot.policyOf(subject));
      CompiledPolicy compiled = Objects.requireNonNull(fresh.policyOf(subject));
      for (TrafficDirection direction : TrafficDirection.values()) {
        assertNoLeftovers(changed.tables(direction), world.snapshot, where);
        fresh
            .classes()
            .forEach(
                (identity, freshClass) -> {
                  // Variants have numbers of their own in each engine.
                  if (!NumericIdentity.isVariant(identity)) {
                    assertThat(
                            table(
                                changed.tables(direction),
                                world.snapshot.classes().classOf(identity)))
                        .as("%s identity %d", where, identity)
                        .isEqualTo(table(compiled.tables(direction), freshClass));
                  }
                });
        world.pods.forEach(
            (address, pod) -> {
              if (world.identities.containsKey(pod.identity())) {
                assertThat(
                        table(changed.tables(direction), classOf(world, world.podAt(address, pod))))
                    .as("%s address %s", where, address)
                    .isEqualTo(
                        table(
                            compiled.tables(direction), classOf(whole, whole.podAt(address, pod))));
              }
            });
      }
    }
  }

  private static int classOf(RandomWorld world, RandomWorld.Peer peer) {
    return world.snapshot.classes().classOf(peer.identity());
  }

  /** No table is left of a class that has no identity any more. */
  private static void assertNoLeftovers(ClassTables tables, PolicySnapshot snapshot, String where) {
    Set<Integer> present = new HashSet<>(Set.of(CompiledPolicy.CLASS_ANY));
    snapshot.classes().forEach((_, identityClass) -> present.add(identityClass));
    for (int i = 0; i < tables.size(); i++) {
      assertThat(present).as(where).contains(tables.identityClass(i));
    }
  }

  private static @Nullable PolicyTable table(ClassTables tables, int identityClass) {
    PolicyTable own = tables.get(identityClass);
    return own == null ? tables.get(CompiledPolicy.CLASS_ANY) : own;
  }

  @Test
  void anAllowNeverTakesAndADenyNeverGives() {
    for (int number = 0; number < 300; number++) {
      RandomWorld world = new RandomWorld(SEED * 17 + number);
      for (int step = 0; step < 5; step++) {
        world.change();
      }
      PolicySnapshot before = world.snapshot;
      boolean deny = number % 2 == 0;
      Map<String, Object> peers = Map.of("matchLabels", Map.of("app", "web"));
      world.put(
          Map.of(
              "kind",
              "CiliumClusterwideNetworkPolicy",
              "metadata",
              Map.of("name", "added"),
              "spec",
              Map.of(
                  "endpointSelector",
                  Map.of(),
                  "enableDefaultDeny",
                  Map.of("ingress", false),
                  deny ? "ingressDeny" : "ingress",
                  List.of(
                      Map.of(
                          "fromEndpoints",
                          List.of(peers),
                          "toPorts",
                          List.of(Map.of("ports", List.of(Map.of("port", "80")))))))));
      world.compile();
      PolicySnapshot after = world.snapshot;
      for (int i = 0; i < 100; i++) {
        PolicySubject subject = world.pick(world.subjects);
        RandomWorld.Peer peer = world.peer();
        int protocol = world.protocol();
        int port = world.port(protocol);
        world.snapshot = before;
        boolean was = world.compiled(subject, true, peer, protocol, port).verdict().passes();
        world.snapshot = after;
        boolean is = world.compiled(subject, true, peer, protocol, port).verdict().passes();
        assertThat(deny ? was || !is : is || !was)
            .as("seed %d world %d: %s <- %s %d/%d", SEED, number, subject, peer, protocol, port)
            .isTrue();
      }
    }
  }
}
