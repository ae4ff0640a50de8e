package io.ovenet.prove;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.snakeyaml.engine.v2.api.Dump;
import org.snakeyaml.engine.v2.api.DumpSettings;
import org.snakeyaml.engine.v2.common.FlowStyle;

/** A world in which judges disagree about a question, with as few policies as possible. */
record Counterexample(List<Map<String, Object>> policies, RandomWorld world, Question question) {

  Counterexample(RandomWorld world, Question question) {
    this(List.copyOf(world.documents.values()), world, question);
  }

  /**
   * Leaves out what the disagreement between documents and compiled form can do without. One that
   * only a sequence of changes brings about stays whole.
   */
  static Counterexample of(RandomWorld world, Question question) {
    var least = new Counterexample(world, question);
    if (!least.disagrees()) {
      return least;
    }
    var shrinking = true;
    while (shrinking) {
      shrinking = false;
      for (var smaller : least.smaller()) {
        if (smaller.disagrees()) {
          least = smaller;
          shrinking = true;
          break;
        }
      }
    }
    return least;
  }

  private boolean disagrees() {
    RandomWorld fresh;
    try {
      fresh = world.with(policies);
    } catch (AssertionError e) {
      // Without the part left out it is no valid policy.
      return false;
    }
    var naive = world.naive(policies);
    var again = question.in(fresh);
    return !Proof.compare(again, again.ask(naive), fresh.compiled(again)).isEmpty();
  }

  private List<Counterexample> smaller() {
    var all = new ArrayList<Counterexample>();
    for (var i = 0; i < policies.size(); i++) {
      var without = new ArrayList<>(policies);
      without.remove(i);
      all.add(new Counterexample(without, world, question));
    }
    for (var i = 0; i < policies.size(); i++) {
      for (var part : parts(policies.get(i))) {
        var changed = new ArrayList<>(policies);
        changed.set(i, part);
        all.add(new Counterexample(changed, world, question));
      }
    }
    return all;
  }

  /** The document without one element of one list, for each of them at any depth. */
  private static List<Map<String, Object>> parts(Map<String, Object> document) {
    var all = new ArrayList<Map<String, Object>>();
    document.forEach(
        (name, value) -> {
          for (var part : parts(value)) {
            var copy = new LinkedHashMap<>(document);
            copy.put(name, part);
            all.add(copy);
          }
        });
    return all;
  }

  @SuppressWarnings("unchecked") // documents are made here, of maps with string keys
  private static List<? extends Object> parts(Object value) {
    if (value instanceof Map<?, ?> map) {
      return parts((Map<String, Object>) map);
    }
    var all = new ArrayList<Object>();
    if (value instanceof List<?> list) {
      for (var i = 0; i < list.size(); i++) {
        var without = new ArrayList<Object>(list);
        without.remove(i);
        all.add(without);
        for (var part : parts(list.get(i))) {
          var changed = new ArrayList<Object>(list);
          changed.set(i, part);
          all.add(changed);
        }
      }
    }
    return all;
  }

  /** The document as if its deny rules allowed nothing and denied nothing. */
  static Map<String, Object> withoutDenies(Map<String, Object> document) {
    var copy = new LinkedHashMap<String, Object>();
    document.forEach(
        (name, value) -> {
          if (name.equals("spec")) {
            copy.put(name, withoutDenies(value));
          } else if (name.equals("specs") && value instanceof List<?> specs) {
            copy.put(name, specs.stream().map(Counterexample::withoutDenies).toList());
          } else {
            copy.put(name, value);
          }
        });
    return copy;
  }

  private static Object withoutDenies(Object spec) {
    if (!(spec instanceof Map<?, ?> map)) {
      return spec;
    }
    var copy = new LinkedHashMap<Object, Object>(map);
    copy.remove("ingressDeny");
    copy.remove("egressDeny");
    return copy;
  }

  /** The policies, the identities and the question. */
  String toYaml() {
    var dump = new Dump(DumpSettings.builder().setDefaultFlowStyle(FlowStyle.BLOCK).build());
    var text = new StringBuilder();
    for (var policy : policies) {
      text.append("---\n").append(dump.dumpToString(policy));
    }
    world.groups.values().forEach(group -> text.append("---\n").append(dump.dumpToString(group)));
    world.identities.forEach(
        (number, labels) -> text.append("# identity %d: %s%n".formatted(number, labels)));
    world.nodes.forEach(
        (address, labels) -> text.append("# node %s: %s%n".formatted(address, labels)));
    text.append("# API servers: ").append(world.apiServers).append('\n');
    world.pods.forEach((address, pod) -> text.append("# %s is %s%n".formatted(address, pod)));
    return text.append("# question: ").append(question).toString();
  }
}
