package io.ovenet.policy;

import java.util.ArrayList;
import java.util.Collections;
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

  /**
   * What came into use and went out of it.
   *
   * @param added sorted
   * @param removed likewise
   */
  record Change(List<Cidr> added, List<Cidr> removed) {
    static final Change NONE = new Change(List.of(), List.of());

    boolean isNone() {
      return added.isEmpty() && removed.isEmpty();
    }
  }

  /** Since this was last asked. */
  Change change() {
    List<Cidr> added = new ArrayList<>();
    List<Cidr> removed = new ArrayList<>();
    for (Cidr cidr : touched) {
      boolean was = Collections.binarySearch(sorted, cidr) >= 0;
      if (was != uses.containsKey(cidr)) {
        (was ? removed : added).add(cidr);
      }
    }
    touched.clear();
    if (added.isEmpty() && removed.isEmpty()) {
      return Change.NONE;
    }
    sorted = merge(added, removed);
    return new Change(Collections.unmodifiableList(added), Collections.unmodifiableList(removed));
  }

  /** All of them, as of the last change. */
  List<Cidr> sorted() {
    return sorted;
  }

  /** Copies what lies between the differences. */
  private List<Cidr> merge(List<Cidr> added, List<Cidr> removed) {
    List<Cidr> merged = new ArrayList<>(sorted.size() + added.size());
    int from = 0;
    int nextAdded = 0;
    int nextRemoved = 0;
    while (nextAdded < added.size() || nextRemoved < removed.size()) {
      boolean adds =
          nextRemoved == removed.size()
              || (nextAdded < added.size()
                  && added.get(nextAdded).compareTo(removed.get(nextRemoved)) < 0);
      Cidr next = adds ? added.get(nextAdded++) : removed.get(nextRemoved++);
      int found = Collections.binarySearch(sorted, next);
      int at = found < 0 ? -found - 1 : found;
      merged.addAll(sorted.subList(from, at));
      from = at;
      if (adds) {
        merged.add(next);
      } else {
        from++;
      }
    }
    merged.addAll(sorted.subList(from, sorted.size()));
    return Collections.unmodifiableList(merged);
  }
}
