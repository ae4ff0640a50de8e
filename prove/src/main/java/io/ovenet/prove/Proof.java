package io.ovenet.prove;

import io.ovenet.policy.Decision;
import io.ovenet.policy.Verdict;
import io.ovenet.policy.naive.Construct;
import io.ovenet.policy.naive.NaiveEvaluator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Holds the judges against each other over worlds by chance and sequences of changes. The same seed
 * asks the same. Not thread-safe.
 */
public final class Proof {
  /** So that seeds side by side have no world in common. */
  private static final long SPREAD = 0x9e37_79b9_7f4a_7c15L;

  private static final int STEPS = 6;
  private static final int QUESTIONS = 50;

  /**
   * What was covered.
   *
   * @param decisions by the documents and by the compiled form
   * @param byKernel of them by the program in the kernel, too
   * @param allowed of them that passed
   * @param denyOverAllow of them denied by a rule where another allows it
   * @param constructs how many of them were about each
   */
  public record Coverage(
      long worlds,
      long decisions,
      long byKernel,
      long allowed,
      long denied,
      long denyOverAllow,
      Map<Construct, Long> constructs) {
    /** For machines. */
    public Map<String, Long> fields() {
      var fields = new LinkedHashMap<String, Long>();
      fields.put("worlds", worlds);
      fields.put("decisions", decisions);
      fields.put("byKernel", byKernel);
      fields.put("allowed", allowed);
      fields.put("denied", denied);
      fields.put("denyOverAllow", denyOverAllow);
      constructs.forEach((construct, count) -> fields.put(construct.toString(), count));
      return fields;
    }
  }

  private final ConstructCoverage constructs = new ConstructCoverage();
  private final long seed;
  private long worlds;
  private long decisions;
  private long byKernel;
  private long allowed;
  private long denied;
  private long denyOverAllow;

  public Proof(long seed) {
    this.seed = seed;
  }

  /**
   * The next world, from its beginning through its changes, without the kernel.
   *
   * @throws Disagreement with the world, made small, as YAML
   */
  public void world() {
    var world = new RandomWorld(seed ^ worlds * SPREAD);
    for (var step = 0; step < STEPS; step++) {
      world.change();
      constructs.changed();
      var naive = world.naive();
      for (var i = 0; i < QUESTIONS; i++) {
        compare(world, naive, Question.about(world));
      }
    }
    worlds++;
  }

  /**
   * The next world, on a node of its own.
   *
   * @throws Disagreement with the world, made small, as YAML
   */
  public void world(Devices devices) {
    var world = new RandomWorld(seed ^ worlds * SPREAD);
    try (var node = new KernelNode(devices, world.settings())) {
      for (var step = 0; step < STEPS; step++) {
        world.change();
        constructs.changed();
        node.follow(world);
        var naive = world.naive();
        for (var i = 0; i < QUESTIONS; i++) {
          decide(world, naive, Question.about(world), node);
        }
      }
    }
    worlds++;
  }

  /** Puts a question to all judges, to the kernel if a packet can. */
  void decide(RandomWorld world, NaiveEvaluator naive, Question question, KernelNode node) {
    var answer = compare(world, naive, question);
    if (KernelNode.canAsk(question)) {
      compare(world, question, answer, node);
    }
  }

  public Coverage coverage() {
    return new Coverage(
        worlds, decisions, byKernel, allowed, denied, denyOverAllow, constructs.counts());
  }

  private NaiveEvaluator.Answer compare(
      RandomWorld world, NaiveEvaluator naive, Question question) {
    var answer = question.ask(naive);
    var decision = world.compiled(question);
    decisions++;
    allowed += answer.outcome().passes() ? 1 : 0;
    boolean overAllow = false;
    if (answer.outcome() == NaiveEvaluator.Outcome.DENIED) {
      denied++;
      var allows = question.ask(world.naive(withoutDenies(world)));
      overAllow = allows.outcome() == NaiveEvaluator.Outcome.ALLOWED;
      denyOverAllow += overAllow ? 1 : 0;
    }
    constructs.count(world, question, overAllow);
    var wrong = compare(question, answer, decision);
    if (!wrong.isEmpty()) {
      throw new Disagreement(
          where() + Counterexample.of(world, question).toYaml() + "\n# " + wrong);
    }
    return answer;
  }

  /** What is wrong with the compiled form's answer, or "". */
  static String compare(Question question, NaiveEvaluator.Answer answer, Decision decision) {
    var expected = expected(answer);
    var origins =
        decision.origins().asList().stream().map(Object::toString).collect(Collectors.toSet());
    // Without a rule to name: nothing is enforced, or the local host comes in.
    var nobody =
        decision.equals(Decision.NOT_ENFORCED)
            || answer.rules().isEmpty()
            || (question.ingress() && question.isAboutHost() && expected == Verdict.ALLOW);
    var explained = answer.rules().containsAll(origins) && (!origins.isEmpty() || nobody);
    return decision.verdict() == expected && explained
        ? ""
        : "documents: " + answer + "; compiled: " + decision;
  }

  private static Verdict expected(NaiveEvaluator.Answer answer) {
    return switch (answer.outcome()) {
      case ALLOWED, NOT_ENFORCED -> Verdict.ALLOW;
      case DENIED -> Verdict.DENY;
      case WITHHELD, DEFAULT_DENIED -> Verdict.DEFAULT;
      case AUDITED -> Verdict.AUDIT;
    };
  }

  private void compare(
      RandomWorld world, Question question, NaiveEvaluator.Answer answer, KernelNode node) {
    String wrong;
    try {
      var told = node.ask(question);
      byKernel++;
      Set<String> unknown = new HashSet<>(told.rules());
      answer.rules().forEach(unknown::remove);
      wrong =
          told.verdict().name().equals(expected(answer).name()) && unknown.isEmpty()
              ? ""
              : "documents: " + answer + "; kernel: " + told;
    } catch (IllegalStateException e) {
      wrong = "documents: " + answer + "; kernel: " + e.getMessage();
    }
    if (!wrong.isEmpty()) {
      throw new Disagreement(
          where()
              + new Counterexample(world, question).toYaml()
              + "\n# "
              + wrong
              + "\n# "
              + node.addresses().replace("\n", "\n# "));
    }
  }

  private String where() {
    return "seed %d, world %d%n".formatted(seed, worlds);
  }

  private static List<Map<String, Object>> withoutDenies(RandomWorld world) {
    return world.documents.values().stream().map(Counterexample::withoutDenies).toList();
  }
}
