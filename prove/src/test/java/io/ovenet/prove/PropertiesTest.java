package io.ovenet.prove;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.policy.Decision;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What may be written otherwise and means the same: {@code -Dovenet.seed=N} runs a seed again. */
class PropertiesTest {
  private static final long SEED = Long.getLong("ovenet.seed", System.nanoTime());
  private static final int WORLDS = 120;
  private static final int STEPS = 8;
  private static final int QUESTIONS = 80;
  private static final List<String> PEERS = List.of("Endpoints", "Entities", "CIDR", "CIDRSet");

  @BeforeAll
  static void printSeed() {
    System.out.println("PropertiesTest: -Dovenet.seed=" + SEED);
  }

  private static RandomWorld world(int number) {
    var world = new RandomWorld(SEED * 41 + number);
    for (var step = 0; step < STEPS; step++) {
      world.change();
    }
    return world;
  }

  /** Asks both the same; how often the answer was one that a rule gave. */
  private static int same(
      String what,
      int number,
      RandomWorld one,
      RandomWorld other,
      Function<Question, Question> there) {
    var byRule = 0;
    for (var i = 0; i < QUESTIONS; i++) {
      var question = Question.about(one);
      var decision = one.compiled(question.in(one));
      Decision again = other.compiled(there.apply(question).in(other));
      assertThat(again.verdict())
          .as("%s: seed %d, world %d: %s by %s", what, SEED, number, question, decision)
          .isEqualTo(decision.verdict());
      byRule += decision.origins().isEmpty() ? 0 : 1;
    }
    return byRule;
  }

  @Test
  void aRuleSplitByPeersAndPortsIsEqual() {
    var split = 0;
    var byRule = 0;
    for (var number = 0; number < WORLDS; number++) {
      var world = world(number);
      var documents = new ArrayList<Map<String, Object>>();
      for (var document : world.documents.values()) {
        var changed = splitDocument(document);
        split += changed.equals(document) ? 0 : 1;
        documents.add(changed);
      }
      byRule += same("split", number, world, world.with(documents), q -> q);
    }
    assertThat(split).isGreaterThan(WORLDS / 2);
    assertThat(byRule).isGreaterThan(WORLDS);
  }

  @SuppressWarnings("unchecked") // documents are made of maps with string keys
  private static Map<String, Object> splitDocument(Map<String, Object> document) {
    var copy = new LinkedHashMap<>(document);
    if (document.get("spec") instanceof Map<?, ?> spec) {
      copy.put("spec", splitSpec((Map<String, Object>) spec));
    }
    if (document.get("specs") instanceof List<?> specs) {
      var all = new ArrayList<Object>();
      specs.forEach(spec -> all.add(splitSpec((Map<String, Object>) spec)));
      copy.put("specs", all);
    }
    return copy;
  }

  @SuppressWarnings("unchecked")
  private static Map<String, Object> splitSpec(Map<String, Object> spec) {
    var copy = new LinkedHashMap<>(spec);
    for (var list : List.of("ingress", "egress", "ingressDeny", "egressDeny")) {
      if (spec.get(list) instanceof List<?> rules) {
        var prefix = list.startsWith("in") ? "from" : "to";
        var all = new ArrayList<Map<String, Object>>();
        rules.forEach(rule -> all.add((Map<String, Object>) rule));
        List<Map<String, Object>> split = all;
        for (var peers : PEERS) {
          split = splitBy(prefix + peers, split);
        }
        split = splitBy(prefix, split);
        split = splitBy("toPorts", split);
        split = splitBy("ports", split);
        copy.put(list, split);
      }
    }
    return copy;
  }

  /** A rule for each element of the member, where it has several. */
  private static List<Map<String, Object>> splitBy(String member, List<Map<String, Object>> rules) {
    var split = new ArrayList<Map<String, Object>>();
    for (var rule : rules) {
      if (rule.get(member) instanceof List<?> elements && elements.size() > 1) {
        for (var element : elements) {
          var one = new LinkedHashMap<>(rule);
          one.put(member, List.of(element));
          split.add(one);
        }
      } else {
        split.add(rule);
      }
    }
    return split;
  }

  @Test
  void labelsRenamedEverywhereChangeNothing() {
    var names =
        Map.of("app", "component", "tier", "layer", "web", "front", "db", "store", "red", "ruby");
    UnaryOperator<String> rename =
        text -> {
          var colon = text.indexOf(':');
          var source = colon < 0 ? "" : text.substring(0, colon + 1);
          var key = colon < 0 ? text : text.substring(colon + 1);
          return source + names.getOrDefault(key, key);
        };
    var byRule = 0;
    for (var number = 0; number < WORLDS; number++) {
      var world = world(number);
      byRule += same("renamed", number, world, world.renamed(rename), q -> q.renamed(rename));
    }
    assertThat(byRule).isGreaterThan(WORLDS);
  }
}
