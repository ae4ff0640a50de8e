package io.ovenet.policy;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/** The address prefixes that rules in use name, whole families left out. */
final class PrefixesInUse {
  private final Map<Cidr, Integer> uses = new HashMap<>();
  private final TreeSet<Cidr> touched = new TreeSet<>();
  private List<Cidr> sorted = List.of();

  void add(ActiveRule rule) {
    count(rule, 1);
  }

  void remove(ActiveRule rule) {
    count(rule, -1);
  }

  private void count(ActiveRule rule, int difference) {
    for (ActiveEntry entry : rule.entries()) {
      for (SelectorState state : entry.selectors()) {
        if (state.selector instanceof CidrSelector selector) {
          count(selector.cidr(), difference);
          for (Cidr hole : selector.except()) {
            count(hole, difference);
          }
        }
      }
    }
  }

  private void count(Cidr cidr, int difference) {
    if (cidr.length() > 0) {
      uses.merge(cidr, difference, (a, b) -> a + b == 0 ? null : a + b);
      touched.add(cidr);
    }
  }

  /** All of them; the same list as before if nothing changed. */
  List<Cidr> sorted() {
    List<Cidr> added = new ArrayList<>();
    List<Cidr> removed = new ArrayList<>();
    for (Cidr cidr : touched) {
      boolean was = java.util.Collections.binarySearch(sorted, cidr) >= 0;
      if (was != uses.containsKey(cidr)) {
        (was ? removed : added).add(cidr);
      }
    }
    touched.clear();
    if (!added.isEmpty() || !removed.isEmpty()) {
      sorted = List.of(merge(sorted, added, removed));
    }
    return sorted;
  }

  private static Cidr[] merge(List<Cidr> sorted, List<Cidr> added, List<Cidr> removed) {
    List<Cidr> merged = new ArrayList<>(sorted.size() + added.size());
    int nextAdded = 0;
    int nextRemoved = 0;
    for (Cidr cidr : sorted) {
      if (nextRemoved < removed.size() && removed.get(nextRemoved).equals(cidr)) {
        nextRemoved++;
        continue;
      }
      while (nextAdded < added.size() && added.get(nextAdded).compareTo(cidr) < 0) {
        merged.add(added.get(nextAdded++));
      }
      merged.add(cidr);
    }
    merged.addAll(added.subList(nextAdded, added.size()));
    return merged.toArray(new Cidr[0]);
  }
}
