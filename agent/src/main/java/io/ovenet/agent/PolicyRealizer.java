package io.ovenet.agent;

import io.ovenet.agent.KernelPolicy.Place;
import io.ovenet.datapath.PolicyKey;
import io.ovenet.datapath.PolicyValue;
import io.ovenet.datapath.Verdict;
import io.ovenet.policy.ClassTables;
import io.ovenet.policy.CompiledPolicy;
import io.ovenet.policy.Decision;
import io.ovenet.policy.PolicySnapshot;
import io.ovenet.policy.PolicyTable;
import io.ovenet.policy.TrafficDirection;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings snapshots of policy into policy_map and class_map, so that no packet ever meets a state
 * that neither the old nor the new policy describes:
 *
 * <ol>
 *   <li>{@link #prepare}: the table of an identity's new class is copied from its old one in every
 *       policy, but for CLASS_ANY's, which decides where there is none; identities move.
 *   <li>{@link #place}: a policy whose endpoints all want the same other one is changed where it
 *       stands, entry by entry; others are written under new numbers.
 *   <li>The caller switches endpoints to the numbers returned, by one store each, and bumps the
 *       revisions.
 *   <li>{@link #admit}: identities that nobody had known get their class.
 *   <li>{@link #finish}: those that are gone lose it, and what is out of use is deleted a second
 *       later, when no packet can be reading it.
 * </ol>
 *
 * <p>What is looked at and written are the tables of classes that differ. Used by the steering
 * thread alone.
 */
final class PolicyRealizer {
  private static final Logger log = LoggerFactory.getLogger(PolicyRealizer.class);

  /** Longer than any program run that has read a number just before it went out of use. */
  private static final long GRACE_NANOS = Duration.ofSeconds(1).toNanos();

  private static final int[] DIRECTIONS = {PolicyKey.INGRESS, PolicyKey.EGRESS};
  private static final long RULES_NANOS = Duration.ofMinutes(10).toNanos();

  /**
   * What an endpoint has, by number (0: none yet), and what it is to have.
   *
   * @param moving whether it gets another identity, too: what it has stays until then
   */
  record Use(int number, CompiledPolicy wanted, boolean moving) {}

  /** A number to forget. */
  private record Garbage(long atNanos, int number) {}

  private final Table<PolicyKey, PolicyValue> policyMap;
  private final KernelClasses classes;
  private final RuleNumbers rules;
  private final Map<Integer, KernelPolicy> realized = new HashMap<>();
  private final Map<CompiledPolicy, Integer> numbers = new HashMap<>();
  private final Map<PolicyTable, KernelTableEntries> compiled = new HashMap<>();
  private final Set<Integer> retired = new HashSet<>();
  private final Set<Integer> amended = new HashSet<>();
  private final Deque<Garbage> garbage = new ArrayDeque<>();
  private int nextNumber;
  private long rulesLookedAt = System.nanoTime();

  /** Adopts what the tables hold. */
  PolicyRealizer(
      Table<PolicyKey, PolicyValue> policyMap,
      Table<Integer, Integer> classMap,
      RuleNumbers rules) {
    this.policyMap = policyMap;
    this.rules = rules;
    int highestClass = 0;
    int highestNumber = 0;
    var found = new HashMap<Integer, Map<Place, Map<KernelTableEntries.Slot, PolicyValue>>>();
    for (var entry : policyMap.dump().entrySet()) {
      var key = entry.getKey();
      found
          .computeIfAbsent(key.policy(), _ -> new HashMap<>())
          .computeIfAbsent(new Place(key.identityClass(), key.direction()), _ -> new HashMap<>())
          .put(KernelTableEntries.Slot.of(key), entry.getValue());
      highestNumber = Math.max(highestNumber, key.policy());
      highestClass = Math.max(highestClass, key.identityClass());
    }
    var shared = new HashMap<KernelTableEntries, KernelTableEntries>();
    found.forEach(
        (number, tables) -> {
          var policy = new KernelPolicy(number);
          tables.forEach(
              (place, entries) -> {
                var table = KernelTableEntries.of(entries);
                policy.adopt(place, shared.computeIfAbsent(table, _ -> table));
              });
          realized.put(number, policy);
        });
    classes = new KernelClasses(classMap, highestClass);
    nextNumber = highestNumber + 1;
  }

  /** Numbers up to this one are not given to new policies. */
  void reserve(int number) {
    nextNumber = Math.max(nextNumber, number + 1);
  }

  /**
   * Moves identities to the classes that they are to be in, decided as before.
   *
   * @param births identities new to the kernel, and of each the one that its addresses had
   */
  void prepare(PolicySnapshot next, KernelVariants variants, Map<Integer, Integer> births) {
    var moves = classes.plan(next.classes(), variants, births, this::alike);
    copyMoved(moves);
    classes.move(moves);
  }

  /** Whether every policy in the kernel says the same of two of its classes. */
  private boolean alike(int one, int other) {
    for (var policy : realized.values()) {
      for (int direction : DIRECTIONS) {
        if (!Objects.equals(policy.decidedBy(one, direction), policy.decidedBy(other, direction))) {
          return false;
        }
      }
    }
    return true;
  }

  /** Makes one of classes that every policy says the same of; nothing else must be going on. */
  void mergeClasses() {
    classes.merge(this::alike);
  }

  private void copyMoved(KernelClasses.Moves moves) {
    if (moves.isEmpty()) {
      return;
    }
    var successors = moves.byPredecessor();
    // A new class without tables is decided as CLASS_ANY is.
    successors.remove(CompiledPolicy.CLASS_ANY);
    for (var policy : realized.values()) {
      var copies = new LinkedHashMap<Place, @Nullable KernelTableEntries>();
      successors.forEach(
          (from, all) -> {
            for (int direction : DIRECTIONS) {
              var table = policy.table(new Place(from, direction));
              for (int to : table == null ? List.<Integer>of() : all) {
                copies.put(new Place(to, direction), table);
              }
            }
          });
      if (!copies.isEmpty()) {
        policy.change(policyMap, copies);
      }
    }
  }

  /**
   * Writes all that endpoints need before they can switch. When it throws, nothing of what is in
   * use has changed.
   *
   * @return the number of each wanted policy
   */
  Map<CompiledPolicy, Integer> place(List<Use> uses) {
    var users = new HashMap<Integer, Set<CompiledPolicy>>();
    var moving = new HashSet<Integer>();
    for (var use : uses) {
      users.computeIfAbsent(use.number(), _ -> new HashSet<>(2)).add(use.wanted());
      if (use.moving()) {
        moving.add(use.number());
      }
    }
    var undo = new ArrayDeque<Runnable>();
    var chosen = new HashMap<CompiledPolicy, Integer>();
    try {
      for (var use : uses) {
        if (!chosen.containsKey(use.wanted())) {
          Predicate<Integer> alone =
              number ->
                  !moving.contains(number)
                      && Set.of(use.wanted()).equals(users.get(number))
                      && number != 0;
          // INVARIANT: what differs only in classes that nobody is in yet is two policies all the
          // same, of which the second must not be written over the first.
          Predicate<Integer> free = number -> number != 0 && !chosen.containsValue(number);
          chosen.put(use.wanted(), place(use.wanted(), use.number(), free, alone, undo));
        }
      }
    } catch (RuntimeException e) {
      undo.descendingIterator().forEachRemaining(Runnable::run);
      throw e;
    }
    return chosen;
  }

  /** The number under which the policy now stands completely. */
  private int place(
      CompiledPolicy wanted,
      int present,
      Predicate<Integer> free,
      Predicate<Integer> alone,
      Deque<Runnable> undo) {
    var known = numbers.get(wanted);
    if (known != null && stands(known, wanted)) {
      return known;
    }
    for (int candidate : known == null ? new int[] {present} : new int[] {known, present}) {
      if (free.test(candidate) && amend(candidate, wanted, alone.test(candidate), undo)) {
        return candidate;
      }
    }
    int number = nextNumber++;
    var policy = new KernelPolicy(number);
    policy.change(policyMap, tablesOf(policy, wanted));
    realized.put(number, policy);
    adopt(policy, wanted);
    return number;
  }

  /** Whether nothing has to be looked at: most policies, at most changes. */
  private boolean stands(int number, CompiledPolicy wanted) {
    var policy = realized.get(number);
    return policy != null
        && policy.classesVersion == classes.version()
        && wanted.equals(policy.made)
        && !retired.contains(number);
  }

  /**
   * Makes the policy with this number the wanted one, if that changes nothing for any identity that
   * a packet may come from now, or if all its endpoints want it.
   */
  private boolean amend(int number, CompiledPolicy wanted, boolean alone, Deque<Runnable> undo) {
    var policy = realized.computeIfAbsent(number, KernelPolicy::new);
    var desired = tablesOf(policy, wanted);
    boolean visible = false;
    for (var entry : desired.entrySet()) {
      visible |=
          !classes.hasNoMember(entry.getKey().kernelClass())
              && !Objects.equals(policy.table(entry.getKey()), entry.getValue());
    }
    var made = policy.made;
    if (visible && (!alone || retired.contains(number) || made == null || !alike(made, wanted))) {
      return false;
    }
    long version = policy.classesVersion;
    var before = policy.change(policyMap, desired);
    if (visible) {
      undo.add(
          () -> {
            policy.change(policyMap, before);
            policy.made = made;
            policy.classesVersion = version;
            amended.remove(number);
            numbers.remove(wanted);
          });
      amended.add(number);
    }
    adopt(policy, wanted);
    return true;
  }

  /** Whether both enforce the same directions: else endpoints' flags have to change with it. */
  private static boolean alike(CompiledPolicy one, CompiledPolicy other) {
    return one.enforces(TrafficDirection.INGRESS) == other.enforces(TrafficDirection.INGRESS)
        && one.enforces(TrafficDirection.EGRESS) == other.enforces(TrafficDirection.EGRESS);
  }

  private void adopt(KernelPolicy policy, CompiledPolicy wanted) {
    forget(policy);
    policy.made = wanted;
    policy.classesVersion = classes.version();
    numbers.put(wanted, policy.number());
    retired.remove(policy.number());
    garbage.removeIf(g -> g.number() == policy.number());
  }

  /** It is to be found no more by what it was made from: nothing else leads to its number. */
  private void forget(KernelPolicy policy) {
    if (policy.made != null) {
      numbers.remove(policy.made, policy.number());
    }
  }

  /** The tables that are wanted where they may differ from those that are there. */
  private Map<Place, @Nullable KernelTableEntries> tablesOf(
      KernelPolicy policy, CompiledPolicy wanted) {
    var tables = new LinkedHashMap<Place, @Nullable KernelTableEntries>();
    var made = policy.made;
    var touched = made == null ? null : classes.touchedSince(policy.classesVersion);
    for (var direction : TrafficDirection.values()) {
      int code = direction == TrafficDirection.INGRESS ? PolicyKey.INGRESS : PolicyKey.EGRESS;
      if (made == null || touched == null) {
        policy.places().stream()
            .filter(place -> place.direction() == code)
            .forEach(place -> tables.put(place, null));
      }
      var old = made == null || touched == null ? ClassTables.NONE : made.tables(direction);
      old.forEachChange(
          wanted.tables(direction),
          (engineClass, table) -> {
            for (int kernelClass : classes.kernelClassesOf(engineClass)) {
              tables.put(new Place(kernelClass, code), table == null ? null : entriesOf(table));
            }
          });
      for (int kernelClass : touched == null ? List.<Integer>of() : touched) {
        var engineClass = classes.engineClassOf(kernelClass);
        var table = engineClass == null ? null : wanted.tables(direction).get(engineClass);
        tables.put(new Place(kernelClass, code), table == null ? null : entriesOf(table));
      }
    }
    return tables;
  }

  private KernelTableEntries entriesOf(PolicyTable table) {
    return compiled.computeIfAbsent(
        table,
        t -> {
          var entries = new HashMap<KernelTableEntries.Slot, PolicyValue>();
          for (var entry : t.entries()) {
            entries.put(
                new KernelTableEntries.Slot(entry.protocol(), entry.port(), entry.portBits()),
                valueOf(entry.decision()));
          }
          return KernelTableEntries.of(entries);
        });
  }

  private PolicyValue valueOf(Decision decision) {
    var verdict = Objects.requireNonNull(Verdict.of(decision.verdict().code()));
    int rule = rules.numberOf(new RuleNumbers.DecidedBy(decision.origins(), decision.log()));
    return new PolicyValue(verdict, decision.match().code(), rule);
  }

  /** Numbers that were changed where they stand since this was last asked. */
  Set<Integer> takeAmended() {
    var taken = Set.copyOf(amended);
    amended.clear();
    return taken;
  }

  /** Lets numbers in that no address has yet. */
  boolean admitVariants(KernelVariants variants) {
    return classes.admitVariants(variants);
  }

  /** The identities that nobody had known. */
  Set<Integer> arriving() {
    return classes.arriving();
  }

  /** Lets those in that were expelled, when nobody has them who had them before. */
  boolean admitExpelled() {
    return classes.admitExpelled();
  }

  /** Lets identities out before anything else is done, since their numbers mean others now. */
  void expel(Set<Integer> numbers) {
    classes.expel(numbers);
  }

  /** Lets identities in that nobody had known, when endpoints use what prepare returned. */
  boolean admit() {
    return classes.admit();
  }

  /**
   * To be called when endpoints use what {@link #prepare} returned.
   *
   * @param used numbers that endpoints have now
   * @param removeGone whether identities that the snapshot doesn't know are gone, rather than not
   *     yet heard of
   * @return those that are gone from now on
   */
  Set<Integer> finish(
      Set<Integer> used, boolean removeGone, KernelVariants variants, long nowNanos) {
    var gone = classes.finish(removeGone, variants);
    for (var number : List.copyOf(realized.keySet())) {
      if (!used.contains(number) && retired.add(number)) {
        forget(Objects.requireNonNull(realized.get(number)));
        garbage.add(new Garbage(nowNanos + GRACE_NANOS, number));
      }
    }
    collect(nowNanos);
    return gone;
  }

  /** Deletes what has been out of use for long enough. */
  void collect(long nowNanos) {
    while (!garbage.isEmpty() && garbage.element().atNanos() - nowNanos <= 0) {
      int number = garbage.remove().number();
      var policy = realized.remove(number);
      retired.remove(number);
      if (policy != null) {
        policyMap.delete(policy.keys());
        log.debug("policy {} deleted with {} entries", number, policy.entryCount());
      }
    }
    // Looks at every table, so not often.
    if (garbage.isEmpty() && nowNanos - rulesLookedAt > RULES_NANOS) {
      rulesLookedAt = nowNanos;
      var inUse = new HashSet<Integer>();
      realized.values().forEach(p -> p.tables().forEach(t -> t.addRules(inUse)));
      rules.retain(inUse, nowNanos);
      // A table that is in use comes again with the same numbers of rules.
      compiled.clear();
    }
  }

  /** When {@link #collect} has something to do, in {@link System#nanoTime}; else null. */
  @Nullable Long nextCollection() {
    var first = garbage.peek();
    return first == null ? null : first.atNanos();
  }

  /** How many entries policy_map holds. */
  int entryCount() {
    int count = 0;
    for (var policy : realized.values()) {
      count += policy.entryCount();
    }
    return count;
  }
}
