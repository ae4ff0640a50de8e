package io.ovenet.policy;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** A rule that the engine holds, with its entries resolved while it selects an endpoint here. */
final class ActiveRule implements Comparable<ActiveRule> {
  final Rule rule;

  /** The subjects it selects. */
  final Set<Subject> subjects = new HashSet<>();

  private List<ActiveEntry> entries = List.of();

  ActiveRule(Rule rule) {
    this.rule = rule;
  }

  List<ActiveEntry> entries() {
    return entries;
  }

  /** Resolves the entries, those that say nothing left out. */
  void activate(ClassPartition partition, EntryIds ids) {
    List<ActiveEntry> resolved = new ArrayList<>(rule.entries().size());
    for (RuleEntry entry : rule.entries()) {
      boolean everyone = entry.peers() instanceof Peers.Everyone;
      List<SelectorState> selectors = new ArrayList<>();
      boolean nothing = entry.ports().isEmpty() && entry.names().isEmpty();
      if (entry.peers() instanceof Peers.Selected selected && !nothing) {
        for (PeerSelector selector : selected.selectors()) {
          selectors.add(partition.acquire(selector, this));
        }
      }
      if (!nothing && (everyone || !selectors.isEmpty())) {
        resolved.add(
            new ActiveEntry(
                ids.next(),
                entry.direction(),
                entry.effect(),
                List.copyOf(selectors),
                idsOf(selectors),
                everyone,
                entry.ports(),
                entry.names(),
                entry.origin(),
                rule.log(),
                rule.audit()));
      }
    }
    entries = List.copyOf(resolved);
  }

  private static BitSet idsOf(List<SelectorState> selectors) {
    BitSet ids = new BitSet();
    for (SelectorState selector : selectors) {
      ids.set(selector.id);
    }
    return ids;
  }

  void deactivate(ClassPartition partition) {
    for (ActiveEntry entry : entries) {
      for (SelectorState selector : entry.selectors()) {
        partition.release(selector, this);
      }
    }
    entries = List.of();
  }

  /** By where they stand. */
  @Override
  public int compareTo(ActiveRule other) {
    return rule.origin().compareTo(other.rule.origin());
  }

  // A rule is itself only, and two of one engine never stand at the same place.
  @Override
  public boolean equals(@org.jspecify.annotations.Nullable Object other) {
    return this == other;
  }

  @Override
  public int hashCode() {
    return System.identityHashCode(this);
  }

  /** Numbers entries. */
  static final class EntryIds {
    private long last;

    long next() {
      return ++last;
    }
  }
}
