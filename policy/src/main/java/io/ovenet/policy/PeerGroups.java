package io.ovenet.policy;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The groups there are, and what rules mean by them. */
final class PeerGroups {
  private final Map<String, PeerGroup> groups = new TreeMap<>();

  /** Puts a group, or takes it out where null; returns the one that was there. */
  @Nullable PeerGroup put(String id, @Nullable PeerGroup group) {
    return group == null ? groups.remove(id) : groups.put(id, group);
  }

  /** Whether any of the rules names the group. */
  static boolean areNamed(List<Rule> rules, @Nullable PeerGroup group) {
    if (group == null) {
      return false;
    }
    for (Rule rule : rules) {
      for (RuleEntry entry : rule.entries()) {
        if (entry.peers() instanceof Peers.Selected selected) {
          for (PeerGroupSelector selector : selected.groups()) {
            if (selector.names(group)) {
              return true;
            }
          }
        }
      }
    }
    return false;
  }

  /** Whether rules name groups at all. */
  static boolean areNamed(List<Rule> rules) {
    for (Rule rule : rules) {
      for (RuleEntry entry : rule.entries()) {
        if (entry.peers() instanceof Peers.Selected selected && !selected.groups().isEmpty()) {
          return true;
        }
      }
    }
    return false;
  }

  /** The rules with prefixes in the place of groups. */
  List<Rule> resolve(List<Rule> rules) {
    if (!areNamed(rules)) {
      return rules;
    }
    List<Rule> resolved = new ArrayList<>(rules.size());
    for (Rule rule : rules) {
      List<RuleEntry> entries = new ArrayList<>(rule.entries().size());
      for (RuleEntry entry : rule.entries()) {
        entries.add(
            entry.peers() instanceof Peers.Selected selected && !selected.groups().isEmpty()
                ? entry.with(resolve(selected))
                : entry);
      }
      resolved.add(rule.with(entries));
    }
    return resolved;
  }

  private Peers resolve(Peers.Selected selected) {
    List<PeerSelector> selectors = new ArrayList<>(selected.selectors());
    for (PeerGroupSelector selector : selected.groups()) {
      for (PeerGroup group : groups.values()) {
        if (selector.names(group)) {
          selectors.addAll(selector.in(group));
        }
      }
    }
    return new Peers.Selected(selectors);
  }
}
