package io.ovenet.agent;

import io.ovenet.datapath.PolicyKey;
import io.ovenet.datapath.PolicyValue;
import io.ovenet.datapath.Verdict;
import io.ovenet.policy.CompiledPolicy;
import io.ovenet.policy.Decision;
import io.ovenet.policy.PolicyEntry;
import io.ovenet.policy.PolicySnapshot;
import io.ovenet.policy.TrafficDirection;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings snapshots of policy into policy_map and class_map, so that no packet ever meets a state
 * that neither the old nor the new policy describes:
 *
 * <ol>
 *   <li>{@link #prepare}: entries of an identity's new class are copied from its old one in every
 *       policy; identities move; changed policies are written under new numbers.
 *   <li>The caller switches endpoints to the numbers returned, by one store each, and bumps the
 *       revisions.
 *   <li>{@link #admit}: identities that nobody had known get their class.
 *   <li>{@link #finish}: those that are gone lose it, and what is out of use is deleted a second
 *       later, when no packet can be reading it.
 * </ol>
 *
 * <p>A policy to which a change only adds classes without members keeps its number. Used by the
 * steering thread alone.
 */
final class PolicyRealizer {
  private static final Logger log = LoggerFactory.getLogger(PolicyRealizer.class);

  /** Longer than any program run that has read a number just before it went out of use. */
  private static final long GRACE_NANOS = Duration.ofSeconds(1).toNanos();

  private static final long RULES_NANOS = Duration.ofMinutes(10).toNanos();

  /** What an endpoint has, by number (0: none yet), and what it is to have. */
  record Use(int number, CompiledPolicy wanted) {}

  /** One policy of policy_map. */
  private static final class Realized {
    final Map<PolicyKey, PolicyValue> entries = new HashMap<>();

    /** What the entries are of, with classes of this version; null: it has to be found out. */
    @Nullable CompiledPolicy made;

    long classesVersion;
  }

  /** Keys to delete at a time; a number to forget then, or 0. */
  private record Garbage(long atNanos, int number, List<PolicyKey> keys) {}

  private final Table<PolicyKey, PolicyValue> policyMap;
  private final KernelClasses classes;
  private final RuleNumbers rules;
  private final Map<Integer, Realized> realized = new HashMap<>();
  private final Map<CompiledPolicy, Integer> numbers = new HashMap<>();
  private final Set<Integer> retired = new HashSet<>();
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
    for (var entry : policyMap.dump().entrySet()) {
      var key = entry.getKey();
      realized
          .computeIfAbsent(key.policy(), _ -> new Realized())
          .entries
          .put(key, entry.getValue());
      highestNumber = Math.max(highestNumber, key.policy());
      highestClass = Math.max(highestClass, key.identityClass());
    }
    classes = new KernelClasses(classMap, highestClass);
    nextNumber = highestNumber + 1;
  }

  /** Numbers up to this one are not given to new policies. */
  void reserve(int number) {
    nextNumber = Math.max(nextNumber, number + 1);
  }

  /**
   * Writes all that endpoints need before they can switch. When it throws, nothing of what is in
   * use has changed.
   *
   * @param births identities new to the kernel, and of each the one that its addresses had
   * @return the number of each wanted policy
   */
  Map<CompiledPolicy, Integer> prepare(
      PolicySnapshot next, List<Use> uses, KernelVariants variants, Map<Integer, Integer> births) {
    var moves = classes.plan(next.classes(), variants, births);
    copyMoved(moves);
    classes.move(moves);

    var wantedBy = new HashMap<Integer, Set<CompiledPolicy>>();
    for (var use : uses) {
      wantedBy.computeIfAbsent(use.number(), _ -> new HashSet<>()).add(use.wanted());
    }
    var chosen = new HashMap<CompiledPolicy, Integer>();
    for (var use : uses) {
      if (!chosen.containsKey(use.wanted())) {
        boolean alone = Objects.requireNonNull(wantedBy.get(use.number())).size() == 1;
        chosen.put(use.wanted(), place(use.wanted(), alone ? use.number() : 0));
      }
    }
    return chosen;
  }

  private void copyMoved(KernelClasses.Moves moves) {
    if (moves.isEmpty()) {
      return;
    }
    var copies = new HashMap<PolicyKey, PolicyValue>();
    var successors = moves.byPredecessor();
    for (var policy : realized.values()) {
      for (var entry : policy.entries.entrySet()) {
        for (int to : successors.getOrDefault(entry.getKey().identityClass(), List.of())) {
          copies.put(withClass(entry.getKey(), to), entry.getValue());
        }
      }
    }
    writeOrTakeBack(copies);
    copies.forEach(
        (key, value) -> Objects.requireNonNull(realized.get(key.policy())).entries.put(key, value));
  }

  /** The number under which the policy now stands completely. */
  private int place(CompiledPolicy wanted, int present) {
    var known = numbers.get(wanted);
    if (known != null && stands(known, wanted)) {
      return known;
    }
    for (int candidate : known == null ? new int[] {present} : new int[] {known, present}) {
      if (candidate != 0 && amend(candidate, wanted)) {
        return candidate;
      }
    }
    int number = nextNumber++;
    var entries = entriesOf(wanted, number);
    writeOrTakeBack(entries);
    var policy = new Realized();
    policy.entries.putAll(entries);
    realized.put(number, policy);
    adopt(policy, wanted, number);
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
   * a packet may come from now.
   */
  private boolean amend(int number, CompiledPolicy wanted) {
    var policy = realized.computeIfAbsent(number, _ -> new Realized());
    var desired = entriesOf(wanted, number);
    var missing = new HashMap<PolicyKey, PolicyValue>();
    for (var entry : desired.entrySet()) {
      var present = policy.entries.get(entry.getKey());
      if (present == null && classes.hasNoMember(entry.getKey().identityClass())) {
        missing.put(entry.getKey(), entry.getValue());
      } else if (!entry.getValue().equals(present)) {
        return false;
      }
    }
    var extra = new ArrayList<PolicyKey>();
    for (var key : policy.entries.keySet()) {
      if (!desired.containsKey(key)) {
        if (!classes.hasNoMember(key.identityClass())) {
          return false;
        }
        extra.add(key);
      }
    }
    writeOrTakeBack(missing);
    policy.entries.putAll(missing);
    if (!extra.isEmpty()) {
      discard(0, extra);
      policy.entries.keySet().removeAll(extra);
    }
    adopt(policy, wanted, number);
    return true;
  }

  private void adopt(Realized policy, CompiledPolicy wanted, int number) {
    policy.made = wanted;
    policy.classesVersion = classes.version();
    numbers.values().removeIf(n -> n == number);
    numbers.put(wanted, number);
    retired.remove(number);
    garbage.removeIf(g -> g.number() == number);
  }

  private Map<PolicyKey, PolicyValue> entriesOf(CompiledPolicy policy, int number) {
    var entries = new HashMap<PolicyKey, PolicyValue>();
    // Few decisions stand behind many entries, and they are long to compare.
    var values = new IdentityHashMap<Decision, PolicyValue>();
    policy.forEachEntry(
        (identityClass, direction, entry) -> {
          var value = values.computeIfAbsent(entry.decision(), this::valueOf);
          for (int kernelClass : classes.kernelClassesOf(identityClass)) {
            entries.put(keyOf(number, kernelClass, direction, entry), value);
          }
        });
    return entries;
  }

  private PolicyValue valueOf(Decision decision) {
    var verdict = Objects.requireNonNull(Verdict.of(decision.verdict().code()));
    int rule = rules.numberOf(new RuleNumbers.DecidedBy(decision.origins(), decision.log()));
    return new PolicyValue(verdict, decision.match().code(), rule);
  }

  private static PolicyKey keyOf(
      int number, int kernelClass, TrafficDirection direction, PolicyEntry entry) {
    return new PolicyKey(
        number,
        kernelClass,
        direction == TrafficDirection.INGRESS ? PolicyKey.INGRESS : PolicyKey.EGRESS,
        entry.protocol(),
        entry.port(),
        entry.portBits());
  }

  private static PolicyKey withClass(PolicyKey key, int kernelClass) {
    return new PolicyKey(
        key.policy(), kernelClass, key.direction(), key.protocol(), key.port(), key.portBits());
  }

  private void writeOrTakeBack(Map<PolicyKey, PolicyValue> entries) {
    try {
      policyMap.put(entries);
    } catch (RuntimeException e) {
      policyMap.delete(entries.keySet());
      throw e;
    }
  }

  /** Lets numbers in that no address has yet. */
  boolean admitVariants() {
    return classes.admitVariants();
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
        numbers.values().removeIf(n -> n.equals(number));
        garbage.add(new Garbage(nowNanos + GRACE_NANOS, number, List.of()));
      }
    }
    collect(nowNanos);
    return gone;
  }

  private void discard(int number, List<PolicyKey> keys) {
    garbage.add(new Garbage(System.nanoTime() + GRACE_NANOS, number, keys));
  }

  /** Deletes what has been out of use for long enough. */
  void collect(long nowNanos) {
    while (!garbage.isEmpty() && garbage.peek().atNanos() - nowNanos <= 0) {
      var piece = garbage.remove();
      policyMap.delete(piece.keys());
      var policy = piece.number() == 0 ? null : realized.remove(piece.number());
      if (policy != null) {
        policyMap.delete(policy.entries.keySet());
        retired.remove(piece.number());
        log.debug("policy {} deleted with {} entries", piece.number(), policy.entries.size());
      }
    }
    // Looks at every entry, so not often.
    if (garbage.isEmpty() && nowNanos - rulesLookedAt > RULES_NANOS) {
      rulesLookedAt = nowNanos;
      var inUse = new HashSet<Integer>();
      realized.values().forEach(p -> p.entries.values().forEach(v -> inUse.add(v.rule())));
      rules.retain(inUse, nowNanos);
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
      count += policy.entries.size();
    }
    return count;
  }
}
