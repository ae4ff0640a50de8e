package io.ovenet.agent;

import io.ovenet.datapath.PolicyKey;
import io.ovenet.datapath.PolicyValue;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What policy_map holds for one policy, class and direction. Immutable, shared by all policies and
 * classes that say the same; equal by value.
 */
final class KernelTableEntries {
  /** Which packets an entry is for, within its table. */
  record Slot(int protocol, int port, int portBits) {
    static Slot of(PolicyKey key) {
      return new Slot(key.protocol(), key.port(), key.portBits());
    }

    PolicyKey of(int policy, int kernelClass, int direction) {
      return new PolicyKey(policy, kernelClass, direction, protocol, port, portBits);
    }

    private int length() {
      return protocol == PolicyKey.ANY_PROTOCOL ? 0 : 1 + portBits;
    }

    // Written out: a key's generated methods are many times slower in what the agent's compiler
    // makes.
    @Override
    public boolean equals(@Nullable Object other) {
      return this == other
          || (other instanceof Slot that
              && protocol == that.protocol
              && port == that.port
              && portBits == that.portBits);
    }

    @Override
    public int hashCode() {
      return 31 * (31 * protocol + port) + portBits;
    }
  }

  private static final Comparator<Slot> SHORTEST_FIRST = KernelTableEntries::byLength;

  private final Slot[] slots;
  private final PolicyValue[] values;
  private final int hash;

  private KernelTableEntries(Slot[] slots, PolicyValue[] values) {
    this.slots = slots;
    this.values = values;
    hash = 31 * Arrays.hashCode(slots) + Arrays.hashCode(values);
  }

  private static int byLength(Slot one, Slot other) {
    int order = Integer.compare(one.length(), other.length());
    if (order == 0) {
      order = Integer.compare(one.protocol, other.protocol);
    }
    return order == 0 ? Integer.compare(one.port, other.port) : order;
  }

  static KernelTableEntries of(Map<Slot, PolicyValue> entries) {
    var slots = entries.keySet().toArray(new Slot[0]);
    Arrays.sort(slots, SHORTEST_FIRST);
    var values = new PolicyValue[slots.length];
    for (int i = 0; i < slots.length; i++) {
      values[i] = entries.get(slots[i]);
    }
    return new KernelTableEntries(slots, values);
  }

  int size() {
    return slots.length;
  }

  List<Slot> slots() {
    return List.of(slots);
  }

  @Nullable PolicyValue get(Slot slot) {
    int index = Arrays.binarySearch(slots, slot, SHORTEST_FIRST);
    return index < 0 ? null : values[index];
  }

  void addRules(Set<Integer> rules) {
    for (var value : values) {
      rules.add(value.rule());
    }
  }

  /**
   * How one table becomes another by single writes, so that every packet is decided as by the one
   * or by the other at each moment. What decides a packet is the longest entry for it: new entries
   * are put from the longest on, so that one is met only when no longer one is to come; then what
   * has gone is deleted from the shortest on, so that under none of them another one comes forth.
   *
   * @param puts in this order, then
   * @param deletes in this order
   */
  record Steps(List<Put> puts, List<Slot> deletes) {
    /** An entry to be put. */
    record Put(Slot slot, PolicyValue value) {}
  }

  private static final KernelTableEntries NOTHING =
      new KernelTableEntries(new Slot[0], new PolicyValue[0]);

  /** The steps from one to the other; null: no table, another class's decides. */
  static Steps steps(@Nullable KernelTableEntries from, @Nullable KernelTableEntries to) {
    var old = from == null ? NOTHING : from;
    var now = to == null ? NOTHING : to;
    var puts = new ArrayList<Steps.Put>();
    var deletes = new ArrayList<Slot>();
    int before = old.slots.length - 1;
    int after = now.slots.length - 1;
    while (before >= 0 || after >= 0) {
      int order =
          before < 0
              ? -1
              : after < 0 ? 1 : SHORTEST_FIRST.compare(old.slots[before], now.slots[after]);
      if (order > 0) {
        deletes.add(old.slots[before--]);
        continue;
      }
      if (order < 0 || !now.values[after].equals(old.values[before])) {
        puts.add(new Steps.Put(now.slots[after], now.values[after]));
      }
      before -= order == 0 ? 1 : 0;
      after--;
    }
    return new Steps(puts, deletes.reversed());
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return this == other
        || (other instanceof KernelTableEntries that
            && hash == that.hash
            && Arrays.equals(slots, that.slots)
            && Arrays.equals(values, that.values));
  }

  @Override
  public int hashCode() {
    return hash;
  }
}
