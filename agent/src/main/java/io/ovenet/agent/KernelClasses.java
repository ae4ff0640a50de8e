package io.ovenet.agent;

import io.ovenet.policy.CompiledPolicy;
import io.ovenet.policy.IdentityClasses;
import io.ovenet.policy.NumericIdentity;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * class_map: which class each identity is in, by the kernel's numbers. They differ from the policy
 * engine's, which begin anew with each start: an identity that the engine puts elsewhere gets a
 * class of its own for each pair of (kernel class before, engine class now), so that the policies
 * in force can be given entries that decide as before. So one class of the engine may be several in
 * the kernel. Numbers are never used again. CLASS_ANY is CLASS_ANY in both.
 */
final class KernelClasses {
  private static final int ANY = CompiledPolicy.CLASS_ANY;

  private record Pair(int kernelClass, int engineClass) {}

  /** Identities that change their class, and which class follows which. */
  record Moves(Map<Integer, Integer> identities, Map<Pair, Integer> successors) {
    boolean isEmpty() {
      return identities.isEmpty();
    }

    /** The classes that follow a class, by its number. */
    Map<Integer, List<Integer>> byPredecessor() {
      var numbers = new HashMap<Integer, List<Integer>>();
      successors.forEach(
          (pair, successor) ->
              numbers.computeIfAbsent(pair.kernelClass(), _ -> new ArrayList<>(1)).add(successor));
      return numbers;
    }
  }

  private final Table<Integer, Integer> table;
  private final Map<Integer, Integer> realized;
  private final Map<Integer, Integer> members = new HashMap<>();
  private final Map<Integer, Integer> engineOf = new HashMap<>();
  private final Map<Integer, List<Integer>> kernelOf = new HashMap<>();
  private final Map<Integer, Integer> arriving = new LinkedHashMap<>();
  private @Nullable IdentityClasses finished;
  private @Nullable IdentityClasses planned;
  private int lastClass;
  private long version;

  KernelClasses(Table<Integer, Integer> table, int highestClass) {
    this.table = table;
    realized = new HashMap<>(table.dump());
    lastClass = highestClass;
    for (int kernelClass : realized.values()) {
      lastClass = Math.max(lastClass, kernelClass);
      members.merge(kernelClass, 1, Integer::sum);
    }
    engineOf.put(ANY, ANY);
    kernelOf.put(ANY, new ArrayList<>(List.of(ANY)));
  }

  /**
   * What has to move for the engine's classes to hold. Gives numbers to new classes.
   *
   * @param births identities new to the kernel, and of each the one that its addresses had
   */
  Moves plan(IdentityClasses next, KernelVariants variants, Map<Integer, Integer> births) {
    var moves = new Moves(new LinkedHashMap<>(), new LinkedHashMap<>());
    arriving.clear();
    IdentityClasses.Consumer place =
        (identity, engineClass) -> {
          var present = realized.get(identity);
          if (present == null) {
            present = realized.get(births.getOrDefault(identity, identity));
            if (present != null && Integer.valueOf(engineClass).equals(engineOf.get(present))) {
              moves.identities().put(identity, present);
              return;
            }
          }
          if (engineClass == IdentityClasses.UNKNOWN) {
            return;
          }
          if (present == null) {
            arriving.put(identity, engineClass);
            canonical(engineClass);
          } else if (!Integer.valueOf(engineClass).equals(engineOf.get(present))) {
            int successor =
                moves
                    .successors()
                    .computeIfAbsent(
                        new Pair(present, engineClass), p -> allocate(p.engineClass()));
            moves.identities().put(identity, successor);
          }
        };
    IdentityClasses.Consumer consumer =
        (peer, engineClass) -> {
          if (!NumericIdentity.isVariant(peer)) {
            place.accept(peer, engineClass);
          }
          variants.numbersOf(peer).forEach(number -> place.accept(number, engineClass));
        };
    // From what was last brought to its end: a step that failed is taken again.
    if (finished == null) {
      next.forEach(consumer);
    } else {
      finished.forEachChange(next, consumer);
    }
    variants
        .touched()
        .forEach(number -> place.accept(number, next.classOf(variants.peerOf(number))));
    planned = next;
    return moves;
  }

  private int canonical(int engineClass) {
    var present = kernelOf.get(engineClass);
    return present == null ? allocate(engineClass) : present.getFirst();
  }

  private int allocate(int engineClass) {
    int number = ++lastClass;
    version++;
    engineOf.put(number, engineClass);
    members.put(number, 0);
    kernelOf.computeIfAbsent(engineClass, _ -> new ArrayList<>()).add(number);
    return number;
  }

  /** The policies in force decide about the moved as before by now. */
  void move(Moves moves) {
    table.put(moves.identities());
    moves.identities().forEach(this::settle);
  }

  private void settle(int identity, int kernelClass) {
    var before = realized.put(identity, kernelClass);
    if (before != null) {
      leave(before);
    }
    members.merge(kernelClass, 1, Integer::sum);
  }

  private void leave(int kernelClass) {
    members.merge(kernelClass, -1, Integer::sum);
  }

  /** Classes of the kernel that hold the engine's class; none where nobody is in it. */
  List<Integer> kernelClassesOf(int engineClass) {
    return kernelOf.getOrDefault(engineClass, List.of());
  }

  /** Moves whenever {@link #kernelClassesOf} may answer otherwise than before. */
  long version() {
    return version;
  }

  /** CLASS_ANY always counts as used. */
  boolean hasNoMember(int kernelClass) {
    return kernelClass != ANY && members.getOrDefault(kernelClass, 0) == 0;
  }

  /** Lets new identities in; true if there were any. */
  boolean admit() {
    var put = new HashMap<Integer, Integer>();
    arriving.forEach((identity, engineClass) -> put.put(identity, canonical(engineClass)));
    table.put(put);
    put.forEach(this::settle);
    arriving.clear();
    return !put.isEmpty();
  }

  /** What was planned is done. If told to, lets those out that the engine doesn't know. */
  boolean finish(boolean removeGone, KernelVariants variants) {
    var unused = new HashSet<>(variants.finish());
    var gone = new ArrayList<Integer>();
    if (removeGone && planned != null && planned.size() < realized.size()) {
      for (int identity : realized.keySet()) {
        if (unused.contains(identity)
            || planned.classOf(variants.peerOf(identity)) == IdentityClasses.UNKNOWN) {
          gone.add(identity);
        }
      }
      table.delete(gone);
      for (int identity : gone) {
        leave(Objects.requireNonNull(realized.remove(identity)));
      }
    }
    finished = planned;
    forgetEmpty();
    return !gone.isEmpty();
  }

  private void forgetEmpty() {
    members
        .entrySet()
        .removeIf(
            entry -> {
              if (entry.getValue() > 0 || entry.getKey() == ANY) {
                return false;
              }
              var engineClass = engineOf.remove(entry.getKey());
              version++;
              if (engineClass != null) {
                var numbers = Objects.requireNonNull(kernelOf.get(engineClass));
                numbers.remove(/* element */ entry.getKey());
                if (numbers.isEmpty()) {
                  kernelOf.remove(engineClass);
                }
              }
              return true;
            });
  }
}
