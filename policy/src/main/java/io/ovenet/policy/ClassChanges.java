package io.ovenet.policy;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What became of classes since the engine last compiled: those that came and went, and those of
 * which a set of rules may say something else than another set that its subjects had then. Used by
 * one thread.
 */
final class ClassChanges implements ClassPartition.Listener {
  /** A class was made (with or without parent) or went away. */
  private record Event(IdentityClass identityClass, @Nullable IdentityClass parent, boolean gone) {}

  private final List<Event> events = new ArrayList<>();

  /**
   * What was made from nothing, or selected by what went out of use since, and what was split off
   * these.
   */
  private Set<IdentityClass> changed = new HashSet<>();

  /** Their slots, of those that are there; as of the last {@link #apply}. */
  private BitSet slots = new BitSet();

  @Override
  public void split(IdentityClass child, IdentityClass parent) {
    events.add(new Event(child, parent, false));
  }

  @Override
  public void added(IdentityClass identityClass) {
    events.add(new Event(identityClass, null, false));
  }

  @Override
  public void removed(IdentityClass identityClass) {
    events.add(new Event(identityClass, null, true));
  }

  /** What a rule's selectors select, when it goes out of use. */
  void released(ActiveRule rule, ClassPartition partition) {
    for (ActiveEntry entry : rule.entries()) {
      for (SelectorState selector : entry.selectors()) {
        NumberSet classes = selector.classes;
        for (int slot = classes.next(0); slot >= 0; slot = classes.next(slot + 1)) {
          changed.add(partition.classAt(slot));
        }
      }
    }
  }

  /** Whether there was no class that came or went. */
  boolean isEmpty() {
    return events.isEmpty();
  }

  /**
   * Brings states to the classes that there are now.
   *
   * @param states in use: they are right afterwards
   * @param former out of use: right afterwards but for the classes that changed
   * @return the splits, in order
   */
  List<PolicySnapshot.ClassSplit> apply(
      Collection<PolicyState> states, Collection<PolicyState> former, ClassPartition partition) {
    List<PolicySnapshot.ClassSplit> splits = new ArrayList<>();
    for (Event event : events) {
      IdentityClass identityClass = event.identityClass;
      IdentityClass parent = event.parent;
      if (event.gone) {
        states.forEach(state -> state.remove(identityClass));
        former.forEach(state -> state.remove(identityClass));
      } else if (parent != null) {
        splits.add(new PolicySnapshot.ClassSplit(identityClass.number, parent.number));
        states.forEach(state -> state.split(identityClass, parent));
        former.forEach(state -> state.split(identityClass, parent));
        if (changed.contains(parent)) {
          changed.add(identityClass);
        }
      } else if (partition.isPresent(identityClass)) {
        states.forEach(state -> state.add(identityClass));
        changed.add(identityClass);
      }
    }
    events.clear();
    for (IdentityClass each : changed) {
      if (partition.isPresent(each)) {
        slots.set(each.slot);
      }
    }
    return splits;
  }

  /** Every set of rules in use is compiled. */
  void compiled() {
    // What held all classes once would be walked in its whole length ever after.
    changed = new HashSet<>();
    slots = new BitSet();
  }

  /**
   * Slots of the classes that may be decided otherwise by these entries than by those before: that
   * changed, or that entries of one list select which the other has not. What selectors select that
   * are out of use was noted when they went.
   *
   * @param now sorted by id
   * @param before likewise
   */
  BitSet between(List<ActiveEntry> now, List<ActiveEntry> before) {
    BitSet differing = (BitSet) slots.clone();
    int next = 0;
    int old = 0;
    while (next < now.size() || old < before.size()) {
      long order =
          next == now.size()
              ? 1
              : old == before.size() ? -1 : Long.compare(now.get(next).id(), before.get(old).id());
      if (order == 0) {
        next++;
        old++;
      } else if (order < 0) {
        addClasses(now.get(next++), differing);
      } else {
        addClasses(before.get(old++), differing);
      }
    }
    return differing;
  }

  private static void addClasses(ActiveEntry entry, BitSet to) {
    for (SelectorState selector : entry.selectors()) {
      if (!selector.users.isEmpty()) {
        NumberSet classes = selector.classes;
        for (int slot = classes.next(0); slot >= 0; slot = classes.next(slot + 1)) {
          to.set(slot);
        }
      }
    }
  }
}
