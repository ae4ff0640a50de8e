package io.ovenet.prove;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.policy.ClassTables;
import io.ovenet.policy.CompiledPolicy;
import io.ovenet.policy.IdentityClasses;
import io.ovenet.policy.NumericIdentity;
import io.ovenet.policy.PolicySnapshot;
import io.ovenet.policy.PolicySubject;
import io.ovenet.policy.PolicyTable;
import io.ovenet.policy.TrafficDirection;
import io.ovenet.policy.naive.Construct;
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
    Proof proof = new Proof(SEED);
    for (int i = 0; i < 670; i++) {
      proof.world();
    }
    Proof.Coverage covered = proof.coverage();
    System.out.println("RandomWorldTest: " + covered);
    assertThat(covered.decisions()).isGreaterThanOrEqualTo(200_000);
    assertThat(covered.allowed()).isGreaterThan(covered.decisions() / 4);
    assertThat(covered.denyOverAllow()).isGreaterThan(covered.decisions() / 10);
    assertThat(covered.constructs()).hasSize(Construct.values().length);
    assertThat(covered.constructs().values()).allMatch(count -> count > 10);
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
        List<RandomWorld.Peer> known = world.nodePeers();
        List<RandomWorld.Peer> knownWhole = whole.nodePeers();
        for (int i = 0; i < known.size(); i++) {
          assertThat(table(changed.tables(direction), classOf(world, known.get(i))))
              .as("%s %s", where, known.get(i))
              .isEqualTo(table(compiled.tables(direction), classOf(whole, knownWhole.get(i))));
        }
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
        int protocol = world.protocol();
        Question question =
            new Question(subject, true, world.peer(), protocol, world.port(protocol));
        if (before.classes().classOf(question.peer().identity()) == IdentityClasses.UNKNOWN) {
          continue; // a variant's number that its address has since the policy was added
        }
        world.snapshot = before;
        boolean was = world.compiled(question).verdict().passes();
        world.snapshot = after;
        boolean is = world.compiled(question).verdict().passes();
        assertThat(deny ? was || !is : is || !was)
            .as("seed %d world %d: %s", SEED, number, question)
            .isTrue();
      }
    }
  }
}
