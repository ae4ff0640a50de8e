package io.ovenet.prove;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.ovenet.kubernetes.policy.CidrGroups;
import io.ovenet.kubernetes.policy.ParsedPolicy;
import io.ovenet.kubernetes.policy.PolicyParser;
import io.ovenet.policy.PolicyException;
import io.ovenet.policy.PolicyKey;
import io.ovenet.policy.PolicyKind;
import io.ovenet.policy.PolicyNotice;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Documents of the corpus and by chance, changed at a few places: none makes the parser throw, take
 * much memory or hang; one that means something is decided in its world as the naive evaluator
 * says, so never gives more access than that; one that doesn't is told with its field, and allows
 * nothing. What is asked is the same in each run, so that a run tells of the change at hand; {@code
 * -Dovenet.seed=N} asks other things, {@code -Dovenet.fuzz.seconds=N} goes on for longer.
 */
@Timeout(value = 1, unit = TimeUnit.DAYS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class PolicyFuzzTest {
  private static final long SEED = Long.getLong("ovenet.seed", 1);
  private static final Duration TIME = Duration.ofSeconds(Long.getLong("ovenet.fuzz.seconds", 30));

  /** Of small documents: one that takes more has found a way to. */
  private static final long MOST_BYTES = 8 << 20;

  private static final int QUESTIONS = 25;

  private final Random random = new Random(SEED);
  private final Mutations mutations = new Mutations(random);
  private final ThreadMXBean thread = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  @BeforeAll
  static void printSeed() {
    System.out.println("PolicyFuzzTest: -Dovenet.seed=" + SEED);
  }

  @Test
  void noDocumentGivesMoreThanItSays() throws Exception {
    var corpus = Corpus.of("policies.yaml");
    for (var document : corpus) {
      decide(new RandomWorld(random.nextLong()), document);
    }
    var end = System.nanoTime() + TIME.toNanos();
    long valid = 0;
    long refused = 0;
    while (System.nanoTime() - end < 0) {
      var world = new RandomWorld(random.nextLong());
      world.change();
      for (var i = 0; i < 20; i++) {
        var document = mutations.of(document(world, corpus), document(world, corpus));
        if (decide(world, document)) {
          valid++;
        } else {
          refused++;
        }
      }
    }
    System.out.printf("PolicyFuzzTest: %d valid, %d refused%n", valid, refused);
    assertThat(valid).isGreaterThan(refused / 10);
    assertThat(refused).isGreaterThan(valid / 10);
  }

  private Map<String, ?> document(RandomWorld world, List<Map<String, ?>> corpus) {
    return random.nextInt(3) == 0 ? corpus.get(random.nextInt(corpus.size())) : world.newPolicy();
  }

  /** Whether it is valid. */
  private boolean decide(RandomWorld world, Map<String, ?> document) {
    var kind = kind(document);
    var before = thread.getCurrentThreadAllocatedBytes();
    var parsed = parse(kind, document);
    assertThat(thread.getCurrentThreadAllocatedBytes() - before)
        .as("bytes for %s", document)
        .isLessThan(MOST_BYTES);
    return switch (parsed) {
      case ParsedPolicy.Invalid(PolicyKey _, PolicyNotice error, var isolation) -> {
        assertThat(error.message()).as("%s", document).isNotBlank();
        assertThat(error.remedy()).as("%s", document).isNotBlank();
        assertThat(isolation.rules()).as("%s", document).allMatch(rule -> rule.entries().isEmpty());
        yield false;
      }
      case ParsedPolicy.Valid(var object) -> {
        world.put(named(object.key(), document));
        world.compile();
        ask(world, document);
        yield true;
      }
    };
  }

  private static PolicyKind kind(Map<String, ?> document) {
    for (var kind : PolicyKind.values()) {
      if (kind.toString().equals(document.get("kind"))) {
        return kind;
      }
    }
    return PolicyKind.CILIUM_NETWORK_POLICY;
  }

  private static ParsedPolicy parse(PolicyKind kind, Map<String, ?> document) {
    try {
      return new PolicyParser(RandomWorld.CLUSTER).parse(kind, document);
    } catch (RuntimeException | StackOverflowError e) {
      throw new AssertionError("seed " + SEED + ": " + document, e);
    }
  }

  /** The document with the name and namespace that it is known by. */
  private static Map<String, Object> named(PolicyKey key, Map<String, ?> document) {
    var metadata = new LinkedHashMap<String, Object>();
    ((Map<?, ?>) Objects.requireNonNull(document.get("metadata")))
        .forEach((name, value) -> metadata.put(String.valueOf(name), value));
    metadata.put("name", key.name());
    metadata.put("namespace", key.namespace());
    var named = new LinkedHashMap<String, Object>(document);
    named.put("metadata", metadata);
    named.put("kind", key.kind().toString());
    return named;
  }

  private static void ask(RandomWorld world, Map<String, ?> document) {
    try {
      var naive = world.naive();
      for (var i = 0; i < QUESTIONS; i++) {
        var question = Question.about(world);
        var wrong = Proof.compare(question, question.ask(naive), world.compiled(question));
        if (!wrong.isEmpty()) {
          throw new Disagreement(
              "seed %d%n%s%n# %s"
                  .formatted(SEED, Counterexample.of(world, question).toYaml(), wrong));
        }
      }
    } catch (RuntimeException e) {
      throw new AssertionError("seed " + SEED + ": " + document, e);
    }
  }

  @Test
  void noGroupMakesTheParserThrowOtherwise() throws Exception {
    var corpus = Corpus.of("groups.yaml");
    var world = new RandomWorld(SEED);
    var end = System.nanoTime() + TIME.toNanos() / 10;
    long read = 0;
    while (System.nanoTime() - end < 0) {
      var document =
          mutations.of(
              corpus.get(random.nextInt(corpus.size())), corpus.get(random.nextInt(corpus.size())));
      var errors = new ArrayList<PolicyNotice>();
      try {
        var group = CidrGroups.parse(document, errors::add);
        world.engine.upsertGroup(group);
        world.compile();
        read++;
      } catch (PolicyException e) {
        errors.add(e.notice());
      } catch (RuntimeException e) {
        throw new AssertionError("seed " + SEED + ": " + document, e);
      }
      assertThat(errors).allMatch(error -> !error.message().isBlank() && !error.remedy().isBlank());
    }
    assertThat(read).isPositive();
  }
}
