package io.ovenet.agent;

import io.ovenet.policy.CompiledPolicy;
import io.ovenet.policy.IdentityClasses;
import io.ovenet.policy.NumericIdentity;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.IntPredicate;
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
  private static final int REMEMBERED = 10_000;
  private static final int LEAST_TO_MERGE = 2;

  private static final int NONE = -1;

  /** Whether every policy in the kernel says the same of two classes. */
  @FunctionalInterface
  interface Alike {
    boolean test(int kernelClass, int other);
  }

  private record Pair(int kernelClass, int engineClass) {
    // Written out: a key's generated methods are many times slower in what the agent's compiler
    // makes.
    @Override
    public boolean equals(@Nullable Object other) {
      return this == other
          || (other instanceof Pair that
              && kernelClass == that.kernelClass
              && engineClass == that.engineClass);
    }

    @Override
    public int hashCode() {
      return 31 * kernelClass + engineClass;
    }
  }

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
  private Map<Integer, Integer> arriving = new LinkedHashMap<>();

  /** Numbers in the table that the engine doesn't know, as far as was found out. */
  private Set<Integer> leaving;

  /** Numbers that stand for nobody since the last time that all was done. */
  private final Set<Integer> expelled = new HashSet<>();

  /** Classes that nobody was in at some time since all was last done. */
  private Set<Integer> perhapsEmpty = new LinkedHashSet<>();

  private @Nullable IdentityClasses finished;
  private @Nullable IdentityClasses planned;
  private int lastClass;

  /** Classes that came or went, the last ones of all that ever did: {@link #version}. */
  private final List<Integer> touched = new ArrayList<>();

  private long forgotten;

  KernelClasses(Table<Integer, Integer> table, int highestClass) {
    this.table = table;
    realized = new HashMap<>(table.dump());
    leaving = new HashSet<>(realized.keySet());
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
   * @param alike whether every policy in the kernel says the same of two classes: then identities
   *     may go from the one to the other without a copy
   */
  Moves plan(
      IdentityClasses next, KernelVariants variants, Map<Integer, Integer> births, Alike alike) {
    var moves = new Moves(new LinkedHashMap<>(), new LinkedHashMap<>());
    arriving = new LinkedHashMap<>();
    var same = new HashMap<Pair, Integer>();
    // A class that this plan makes is like none: what it is to say is not written yet.
    int lastBefore = lastClass;
    IdentityClasses.Consumer place =
        (identity, engineClass) -> {
          var present = realized.get(identity);
          if (engineClass != IdentityClasses.UNKNOWN) {
            leaving.remove(identity);
          } else if (present != null) {
            leaving.add(identity);
          }
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
            var pair = new Pair(present, engineClass);
            var successor =
                same.computeIfAbsent(
                    pair,
                    p ->
                        likeIt(
                            kernelClassesOf(p.engineClass()),
                            p.kernelClass(),
                            (candidate, other) ->
                                candidate <= lastBefore && alike.test(candidate, other)));
            if (successor == NONE) {
              successor = moves.successors().computeIfAbsent(pair, p -> allocate(p.engineClass()));
            }
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
    expelled.forEach(number -> place.accept(number, next.classOf(variants.peerOf(number))));
    planned = next;
    return moves;
  }

  private static int likeIt(List<Integer> candidates, int kernelClass, Alike alike) {
    for (int candidate : candidates) {
      if (alike.test(candidate, kernelClass)) {
        return candidate;
      }
    }
    return NONE;
  }

  /**
   * Makes one of classes of the kernel that are one class of the engine's, as far as all policies
   * say the same of them, where an eighth of all are such. Costs a look at every identity.
   */
  void merge(Alike alike) {
    int superfluous = engineOf.size() - kernelOf.size();
    if (superfluous < Math.max(LEAST_TO_MERGE, engineOf.size() / 8)) {
      return;
    }
    var targets = new HashMap<Integer, Integer>();
    for (var numbers : kernelOf.values()) {
      for (int number : numbers.subList(1, numbers.size())) {
        int target = likeIt(numbers, number, alike);
        if (target != number && target != NONE) {
          targets.put(number, target);
        }
      }
    }
    var moves = new HashMap<Integer, Integer>();
    realized.forEach(
        (identity, number) -> {
          if (targets.containsKey(number)) {
            moves.put(identity, targets.get(number));
          }
        });
    table.put(moves);
    moves.forEach(this::settle);
    forgetEmpty();
  }

  /** Lets numbers out at once, and in again with {@link #admitExpelled} alone. */
  void expel(Set<Integer> numbers) {
    var present = new HashSet<>(numbers);
    present.retainAll(realized.keySet());
    table.delete(present);
    for (int number : present) {
      leave(Objects.requireNonNull(realized.remove(number)));
    }
    expelled.addAll(numbers);
  }

  private int canonical(int engineClass) {
    var present = kernelOf.get(engineClass);
    return present == null ? allocate(engineClass) : present.getFirst();
  }

  private int allocate(int engineClass) {
    int number = ++lastClass;
    touch(number);
    engineOf.put(number, engineClass);
    members.put(number, 0);
    perhapsEmpty.add(number);
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
    if (members.merge(kernelClass, -1, Integer::sum) == 0) {
      perhapsEmpty.add(kernelClass);
    }
  }

  /** Classes of the kernel that hold the engine's class; none where nobody is in it. */
  List<Integer> kernelClassesOf(int engineClass) {
    return kernelOf.getOrDefault(engineClass, List.of());
  }

  /** What the kernel's class is to the engine; null if it is out of use. */
  @Nullable Integer engineClassOf(int kernelClass) {
    return engineOf.get(kernelClass);
  }

  private void touch(int kernelClass) {
    if (touched.size() >= REMEMBERED) {
      forgotten += touched.size();
      touched.clear();
    }
    touched.add(kernelClass);
  }

  /** Moves whenever {@link #kernelClassesOf} may answer otherwise than before. */
  long version() {
    return forgotten + touched.size();
  }

  /** The kernel's classes that came or went since that version; null if that is not known. */
  @Nullable List<Integer> touchedSince(long earlier) {
    return earlier < forgotten
        ? null
        : touched.subList(Math.toIntExact(earlier - forgotten), touched.size());
  }

  /** CLASS_ANY always counts as used. */
  boolean hasNoMember(int kernelClass) {
    return kernelClass != ANY && members.getOrDefault(kernelClass, 0) == 0;
  }

  /** The identities to let in. */
  Set<Integer> arriving() {
    return Set.copyOf(arriving.keySet());
  }

  /** Lets new numbers in that no address has yet; true if there were any. */
  boolean admitVariants(KernelVariants variants) {
    return admit(
        number ->
            NumericIdentity.isVariant(number)
                && !variants.isHeld(number)
                && !expelled.contains(number));
  }

  /** Lets new identities in; true if there were any. */
  boolean admit() {
    return admit(number -> !expelled.contains(number));
  }

  /** Lets those in that were expelled; true if there were any. */
  boolean admitExpelled() {
    return admit(expelled::contains);
  }

  private boolean admit(IntPredicate which) {
    var put = new HashMap<Integer, Integer>();
    arriving.forEach(
        (identity, engineClass) -> {
          if (which.test(identity)) {
            put.put(identity, canonical(engineClass));
          }
        });
    table.put(put);
    put.forEach(this::settle);
    arriving.keySet().removeAll(put.keySet());
    return !put.isEmpty();
  }

  /** What was planned is done. If told to, lets those out that the engine doesn't know. */
  Set<Integer> finish(boolean removeGone, KernelVariants variants) {
    leaving.addAll(variants.finish());
    var gone = new HashSet<Integer>();
    if (removeGone) {
      gone.addAll(leaving);
      gone.retainAll(realized.keySet());
      table.delete(gone);
      for (int identity : gone) {
        leave(Objects.requireNonNull(realized.remove(identity)));
      }
      leaving = new HashSet<>();
    }
    finished = planned;
    expelled.clear();
    forgetEmpty();
    return gone;
  }

  private void forgetEmpty() {
    for (Integer kernelClass : perhapsEmpty) {
      if (!members.containsKey(kernelClass) || !hasNoMember(kernelClass)) {
        continue;
      }
      members.remove(kernelClass);
      var engineClass = engineOf.remove(kernelClass);
      touch(kernelClass);
      if (engineClass != null) {
        var numbers = Objects.requireNonNull(kernelOf.get(engineClass));
        numbers.remove(/* element */ kernelClass);
        if (numbers.isEmpty()) {
          kernelOf.remove(engineClass);
        }
      }
    }
    perhapsEmpty = new LinkedHashSet<>();
  }
}
