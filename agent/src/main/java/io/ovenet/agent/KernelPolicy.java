package io.ovenet.agent;

import io.ovenet.datapath.PolicyKey;
import io.ovenet.datapath.PolicyValue;
import io.ovenet.policy.CompiledPolicy;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** One policy of policy_map, by class and direction. Used by the steering thread alone. */
final class KernelPolicy {
  /** Whom a table is about. */
  record Place(int kernelClass, int direction) {
    // Written out: a key's generated methods are many times slower in what the agent's compiler
    // makes.
    @Override
    public boolean equals(@Nullable Object other) {
      return this == other
          || (other instanceof Place that
              && kernelClass == that.kernelClass
              && direction == that.direction);
    }

    @Override
    public int hashCode() {
      return 31 * kernelClass + direction;
    }
  }

  private final int number;
  private final Map<Place, KernelTableEntries> tables = new HashMap<>();

  /** What the tables are of, with classes of this version; null: it has to be found out. */
  @Nullable CompiledPolicy made;

  long classesVersion;

  KernelPolicy(int number) {
    this.number = number;
  }

  int number() {
    return number;
  }

  @Nullable KernelTableEntries table(Place place) {
    return tables.get(place);
  }

  /** The table that decides about a class: its own, or CLASS_ANY's. */
  @Nullable KernelTableEntries decidedBy(int kernelClass, int direction) {
    var own = tables.get(new Place(kernelClass, direction));
    return own != null ? own : tables.get(new Place(CompiledPolicy.CLASS_ANY, direction));
  }

  Set<Place> places() {
    return Set.copyOf(tables.keySet());
  }

  Iterable<KernelTableEntries> tables() {
    return tables.values();
  }

  int entryCount() {
    int count = 0;
    for (var table : tables.values()) {
      count += table.size();
    }
    return count;
  }

  /** All keys it has in the map. */
  List<PolicyKey> keys() {
    var keys = new ArrayList<PolicyKey>();
    tables.forEach((place, table) -> table.slots().forEach(slot -> keys.add(keyOf(place, slot))));
    return keys;
  }

  /** It is so in the map. */
  void adopt(Place place, KernelTableEntries table) {
    tables.put(place, table);
  }

  /**
   * Brings it to the tables that are wanted, by writes of which each leaves every packet decided as
   * by what was or by what is wanted. When it throws, it is what it was.
   *
   * @param wanted only places where it may differ; null: no table, CLASS_ANY's decides
   * @return what stood in the places that changed
   */
  // References on purpose: tables are shared.
  @SuppressWarnings("ReferenceEquality")
  Map<Place, @Nullable KernelTableEntries> change(
      Table<PolicyKey, PolicyValue> map, Map<Place, @Nullable KernelTableEntries> wanted) {
    // INVARIANT: who gets a table of its own gets it before, who loses it loses it after
    // CLASS_ANY's
    // is changed: nobody's answer comes from the other version of CLASS_ANY's.
    var before = new LinkedHashMap<Place, @Nullable KernelTableEntries>();
    var puts = new LinkedHashMap<PolicyKey, PolicyValue>();
    var anyPuts = new LinkedHashMap<PolicyKey, PolicyValue>();
    var anyDeletes = new ArrayList<PolicyKey>();
    var deletes = new ArrayList<PolicyKey>();
    // Most classes go the same way as the one before.
    KernelTableEntries lastFrom = null;
    KernelTableEntries lastTo = null;
    var steps = new KernelTableEntries.Steps(List.of(), List.of());
    for (var entry : wanted.entrySet()) {
      var place = entry.getKey();
      var from = tables.get(place);
      var to = entry.getValue();
      if (Objects.equals(from, to)) {
        continue;
      }
      if (from != lastFrom || to != lastTo) {
        steps = KernelTableEntries.steps(from, to);
        lastFrom = from;
        lastTo = to;
      }
      before.put(place, from);
      boolean isAny = place.kernelClass() == CompiledPolicy.CLASS_ANY;
      for (var put : steps.puts()) {
        (isAny ? anyPuts : puts).put(keyOf(place, put.slot()), put.value());
      }
      for (var slot : steps.deletes()) {
        (isAny ? anyDeletes : deletes).add(keyOf(place, slot));
      }
    }
    puts.putAll(anyPuts);
    anyDeletes.addAll(deletes);
    write(map, puts, anyDeletes);
    for (var place : before.keySet()) {
      var to = wanted.get(place);
      if (to == null) {
        tables.remove(place);
      } else {
        tables.put(place, to);
      }
    }
    return before;
  }

  private void write(
      Table<PolicyKey, PolicyValue> map,
      Map<PolicyKey, PolicyValue> puts,
      List<PolicyKey> deletes) {
    try {
      map.put(puts);
      map.delete(deletes);
    } catch (RuntimeException e) {
      // The same steps back, so that each is met as it was on the way here.
      for (var key : deletes.reversed()) {
        map.put(Map.of(key, Objects.requireNonNull(presentValue(key))));
      }
      for (var key : List.copyOf(puts.keySet()).reversed()) {
        var value = presentValue(key);
        if (value == null) {
          map.delete(List.of(key));
        } else {
          map.put(Map.of(key, value));
        }
      }
      throw e;
    }
  }

  private @Nullable PolicyValue presentValue(PolicyKey key) {
    var table = tables.get(new Place(key.identityClass(), key.direction()));
    return table == null ? null : table.get(KernelTableEntries.Slot.of(key));
  }

  private PolicyKey keyOf(Place place, KernelTableEntries.Slot slot) {
    return slot.of(number, place.kernelClass(), place.direction());
  }
}
