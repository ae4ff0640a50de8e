package io.ovenet.policy.question;

import io.ovenet.policy.Label;
import io.ovenet.policy.LabelKeys;
import io.ovenet.policy.LabelRequirement;
import io.ovenet.policy.LabelRequirement.Operator;
import io.ovenet.policy.Labels;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.TreeSet;

/** Finds a short selector that tells one identity from all others that are known. */
final class Distinction {
  /** Keys that people select by, the first one best. */
  private static final List<String> USUAL =
      List.of(
          "app",
          "app.kubernetes.io/name",
          "k8s-app",
          "name",
          LabelKeys.VM_NAME,
          "component",
          "app.kubernetes.io/component",
          "role",
          "tier");

  private Distinction() {}

  /**
   * Requirements that the target meets and none of the others does.
   *
   * @param others those equal to the target are passed over
   * @param given keys of the target that are asked for anyway
   */
  static List<LabelRequirement> of(
      Labels target, Collection<Labels> others, Collection<String> given) {
    List<Labels> remaining = new ArrayList<>();
    for (Labels labels : others) {
      if (!labels.equals(target)) {
        remaining.add(labels);
      }
    }
    List<LabelRequirement> chosen = new ArrayList<>();
    List<LabelRequirement> candidates = candidates(target, others, given);
    // One that people know, also where nobody else is there to be told from.
    if (!candidates.isEmpty()
        && candidates.getFirst().operator() == Operator.IN
        && !candidates.getFirst().key().startsWith("io.cilium.")) {
      take(candidates.getFirst(), chosen, remaining);
    }
    while (!remaining.isEmpty()) {
      LabelRequirement best = null;
      int most = 0;
      for (LabelRequirement candidate : candidates) {
        int excluded = 0;
        for (Labels labels : remaining) {
          excluded += candidate.matches(labels) ? 0 : 1;
        }
        if (excluded > most) {
          best = candidate;
          most = excluded;
        }
      }
      if (best == null) {
        // Only what is given tells them apart.
        break;
      }
      take(best, chosen, remaining);
    }
    return chosen;
  }

  private static void take(
      LabelRequirement requirement, List<LabelRequirement> chosen, List<Labels> remaining) {
    chosen.add(requirement);
    remaining.removeIf(labels -> !requirement.matches(labels));
  }

  /** In the order of liking. */
  private static List<LabelRequirement> candidates(
      Labels target, Collection<Labels> others, Collection<String> given) {
    List<Label> own = new ArrayList<>();
    for (Label label : target.asList()) {
      if (!given.contains(label.key())) {
        own.add(label);
      }
    }
    own.sort(
        java.util.Comparator.comparingInt(Distinction::rank)
            .thenComparing(java.util.Comparator.naturalOrder()));
    List<LabelRequirement> candidates = new ArrayList<>();
    for (Label label : own) {
      candidates.add(
          LabelRequirement.in(
              sourceFor(label, target, others), label.key(), List.of(label.value())));
    }
    TreeSet<String> foreign = new TreeSet<>();
    for (Labels labels : others) {
      labels.asList().forEach(label -> foreign.add(label.key()));
    }
    target.asList().forEach(label -> foreign.remove(label.key()));
    foreign.removeAll(given);
    for (String key : foreign) {
      candidates.add(
          new LabelRequirement(
              LabelRequirement.ANY_SOURCE, key, Operator.DOES_NOT_EXIST, List.of()));
    }
    // Somebody has the same label and a second one with its key from another source.
    for (Labels labels : others) {
      for (Label label : labels.asList()) {
        if (!given.contains(label.key()) && !target.has(label.source(), label.key())) {
          candidates.add(
              new LabelRequirement(
                  label.source(), label.key(), Operator.DOES_NOT_EXIST, List.of()));
        }
      }
    }
    return candidates;
  }

  private static int rank(Label label) {
    int usual = USUAL.indexOf(label.key());
    if (usual >= 0) {
      return usual;
    }
    if (!label.source().equals(Label.K8S)) {
      return 200;
    }
    return label.key().startsWith("io.cilium.") ? 300 : 100;
  }

  /** No source where all who have the key have it from Kubernetes. */
  private static String sourceFor(Label label, Labels target, Collection<Labels> others) {
    boolean plain = isPlain(label.key(), target);
    for (Labels labels : others) {
      plain &= isPlain(label.key(), labels);
    }
    return plain ? LabelRequirement.ANY_SOURCE : label.source();
  }

  private static boolean isPlain(String key, Labels labels) {
    for (Label label : labels.asList()) {
      if (label.key().equals(key) && !label.source().equals(Label.K8S)) {
        return false;
      }
    }
    return true;
  }
}
