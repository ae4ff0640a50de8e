package io.ovenet.policy.lint;

import io.ovenet.policy.EndpointSelector;
import io.ovenet.policy.Label;
import io.ovenet.policy.LabelRequirement;
import io.ovenet.policy.LabelRequirement.Operator;
import io.ovenet.policy.Labels;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/** The identities of all pods, to ask by selectors. */
final class Population {
  private final List<Labels> identities;
  private final Map<String, Map<String, BitSet>> byKey = new TreeMap<>();
  private final Map<EndpointSelector, BitSet> remembered = new HashMap<>();

  Population(Collection<Labels> labels) {
    identities = List.copyOf(new LinkedHashSet<>(labels));
    for (int i = 0; i < identities.size(); i++) {
      for (Label label : identities.get(i).asList()) {
        byKey
            .computeIfAbsent(label.key(), _ -> new HashMap<>())
            .computeIfAbsent(label.value(), _ -> new BitSet())
            .set(i);
      }
    }
  }

  boolean isEmpty() {
    return identities.isEmpty();
  }

  Labels get(int index) {
    return identities.get(index);
  }

  /** Who is selected; not to be changed. */
  BitSet selectedBy(EndpointSelector selector) {
    return remembered.computeIfAbsent(selector, this::search);
  }

  private BitSet search(EndpointSelector selector) {
    BitSet candidates = null;
    for (LabelRequirement requirement : selector.requirements()) {
      if (requirement.operator() == Operator.IN || requirement.operator() == Operator.EXISTS) {
        BitSet of = new BitSet();
        Map<String, BitSet> values = byKey.getOrDefault(requirement.key(), Map.of());
        if (requirement.operator() == Operator.EXISTS) {
          values.values().forEach(of::or);
        } else {
          for (String value : requirement.values()) {
            BitSet found = values.get(value);
            if (found != null) {
              of.or(found);
            }
          }
        }
        if (candidates == null) {
          candidates = of;
        } else {
          candidates.and(of);
        }
      }
    }
    if (candidates == null) {
      candidates = new BitSet();
      candidates.set(0, identities.size());
    }
    BitSet selected = new BitSet();
    for (int i = candidates.nextSetBit(0); i >= 0; i = candidates.nextSetBit(i + 1)) {
      if (selector.matches(identities.get(i))) {
        selected.set(i);
      }
    }
    return selected;
  }

  boolean hasKey(String key) {
    return byKey.containsKey(key);
  }

  boolean hasValue(String key, String value) {
    return byKey.getOrDefault(key, Map.of()).containsKey(value);
  }

  /** Keys that differ by a letter or two. */
  List<String> near(String key) {
    return near(key, byKey.keySet());
  }

  List<String> nearValues(String key, String value) {
    return near(value, new TreeSet<>(byKey.getOrDefault(key, Map.of()).keySet()));
  }

  private static List<String> near(String text, Collection<String> candidates) {
    int most = text.length() <= 3 ? 1 : 2;
    List<String> near = new ArrayList<>();
    for (String candidate : candidates) {
      if (candidate.equalsIgnoreCase(text) || distance(text, candidate, most) <= most) {
        near.add(candidate);
      }
    }
    return near;
  }

  /** Letters put, taken out, replaced or swapped with the next; more than most is most + 1. */
  private static int distance(String a, String b, int most) {
    if (Math.abs(a.length() - b.length()) > most) {
      return most + 1;
    }
    int[][] d = new int[a.length() + 1][b.length() + 1];
    for (int i = 0; i <= a.length(); i++) {
      d[i][0] = i;
    }
    for (int j = 0; j <= b.length(); j++) {
      d[0][j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      for (int j = 1; j <= b.length(); j++) {
        int cost = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
        d[i][j] = Math.min(Math.min(d[i - 1][j] + 1, d[i][j - 1] + 1), d[i - 1][j - 1] + cost);
        if (i > 1
            && j > 1
            && a.charAt(i - 1) == b.charAt(j - 2)
            && a.charAt(i - 2) == b.charAt(j - 1)) {
          d[i][j] = Math.min(d[i][j], d[i - 2][j - 2] + 1);
        }
      }
    }
    return d[a.length()][b.length()];
  }
}
