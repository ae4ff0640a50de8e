package io.ovenet.policy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Classes by the entries that select them, so that a table is made once for all that the same ones
 * select. Memory that is used for one policy after the other, by one thread.
 */
final class ClassGroups {
  /** What selects the classes of a group: the entries of the group before, and one more. */
  static final class Group {
    private final @Nullable Group before;
    private final @Nullable ActiveEntry last;
    private final int size;
    private @Nullable Group latest;

    /** Of these entries, once it is made. */
    @Nullable PolicyTable table;

    private Group(@Nullable Group before, @Nullable ActiveEntry last, int size) {
      this.before = before;
      this.last = last;
      this.size = size;
    }

    /** Entries are added in turn, so that the group wanted is the one made last, if any. */
    private Group with(ActiveEntry entry) {
      Group present = latest;
      if (present == null || !entry.equals(present.last)) {
        present = new Group(this, entry, size + 1);
        latest = present;
      }
      return present;
    }

    /** In the order in which they were added. */
    List<ActiveEntry> entries() {
      List<ActiveEntry> entries = new ArrayList<>(size);
      for (Group group = this; group.before != null; group = group.before) {
        entries.add(Objects.requireNonNull(group.last));
      }
      Collections.reverse(entries);
      return entries;
    }
  }

  private final BitSet slots = new BitSet();
  private @Nullable Group[] bySlot = new Group[64];
  private Group none = new Group(null, null, 0);

  /** Forgets everything. */
  void clear() {
    for (int slot = slots.nextSetBit(0); slot >= 0; slot = slots.nextSetBit(slot + 1)) {
      bySlot[slot] = null;
    }
    slots.clear();
    none = new Group(null, null, 0);
  }

  /** The entry selects what its selectors do. */
  void add(ActiveEntry entry) {
    for (SelectorState selector : entry.selectors()) {
      NumberSet selected = selector.classes;
      for (int slot = selected.next(0); slot >= 0; slot = selected.next(slot + 1)) {
        Group present = groupOf(slot);
        // Another selector of the same entry may have selected the class.
        if (!entry.equals(present.last)) {
          put(slot, present.with(entry));
        }
      }
    }
  }

  /** The same, of some classes alone. */
  void add(ActiveEntry entry, BitSet only, ClassPartition partition) {
    for (int slot = only.nextSetBit(0); slot >= 0; slot = only.nextSetBit(slot + 1)) {
      if (!entry.everyone() && entry.selects(partition.classAt(slot))) {
        put(slot, groupOf(slot).with(entry));
      }
    }
  }

  /** These classes are to be looked at, whether or not anything selects them. */
  void addAll(BitSet added) {
    for (int slot = added.nextSetBit(0); slot >= 0; slot = added.nextSetBit(slot + 1)) {
      put(slot, groupOf(slot));
    }
  }

  private void put(int slot, Group group) {
    if (slot >= bySlot.length) {
      bySlot = Arrays.copyOf(bySlot, Math.max(slot + 1, 2 * bySlot.length));
    }
    bySlot[slot] = group;
    slots.set(slot);
  }

  /** The classes that there is anything to say of. */
  BitSet slots() {
    return slots;
  }

  Group groupOf(int slot) {
    Group group = slot < bySlot.length ? bySlot[slot] : null;
    return group == null ? none : group;
  }
}
