package io.ovenet.policy;

import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Subjects by namespace: most rules select in one. */
final class SubjectIndex {
  private static final String NONE = "";

  private final Set<Subject> all = new LinkedHashSet<>();
  private final Map<String, Set<Subject>> byNamespace = new HashMap<>();

  void add(Subject subject) {
    all.add(subject);
    byNamespace.computeIfAbsent(namespace(subject), _ -> new LinkedHashSet<>()).add(subject);
  }

  void remove(Subject subject) {
    all.remove(subject);
    Set<Subject> same = byNamespace.get(namespace(subject));
    if (same != null && same.remove(subject) && same.isEmpty()) {
      byNamespace.remove(namespace(subject));
    }
  }

  private static String namespace(Subject subject) {
    @Nullable String namespace = subject.labels.get(Label.K8S, LabelKeys.NAMESPACE);
    return namespace == null ? NONE : namespace;
  }

  /** All that the selector can select. */
  Collection<Subject> candidates(EndpointSelector selector) {
    for (LabelRequirement requirement : selector.requirements()) {
      if (requirement.operator() == LabelRequirement.Operator.IN
          && requirement.source().equals(Label.K8S)
          && requirement.key().equals(LabelKeys.NAMESPACE)
          && requirement.values().size() == 1) {
        return byNamespace.getOrDefault(requirement.values().getFirst(), Set.of());
      }
    }
    return List.copyOf(all);
  }
}
