package io.ovenet.agent;

import io.ovenet.datapath.IpcacheKey;
import io.ovenet.datapath.IpcacheValue;
import io.ovenet.policy.NumericIdentity;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The numbers that stand in class_map for parts of an identity ({@code ipcache_value.variant}).
 * They differ from the policy engine's, which begin anew with each start. Where addresses that the
 * kernel held for one become several for the engine, each part gets a new number, which is decided
 * as the one before until policies are switched.
 *
 * <p>INVARIANT: all addresses that the kernel has under a number are one peer for the engine, from
 * {@link #plan} on. Numbers are not used again. Used by the steering thread alone.
 */
final class KernelVariants {
  /** Whose an address is. */
  interface Owners {
    /** Identity in the kernel, 0 if it has none. */
    int realized(IpcacheKey address);

    /** Whether the engine knows it still. */
    boolean isKnown(int peer);

    /** Identity that it is to have, 0 if none. */
    int wanted(IpcacheKey address);
  }

  /**
   * What is to be done.
   *
   * @param births new numbers, and what is decided of them until policies are switched
   * @param early numbers to give to addresses before that
   * @param late numbers to give to addresses after that, 0: the identity itself
   */
  record Plan(
      Map<Integer, Integer> births,
      Map<IpcacheKey, Integer> early,
      Map<IpcacheKey, Integer> late) {}

  private record Split(int number, int peer) {}

  private final Map<IpcacheKey, Integer> wanted = new HashMap<>();
  private final Map<IpcacheKey, Integer> held = new HashMap<>();
  private final Map<Integer, Set<IpcacheKey>> members = new HashMap<>();

  /** What a number is to the engine: one of its variants, or an identity. */
  private final Map<Integer, Integer> peers = new TreeMap<>();

  private final Map<Integer, Set<Integer>> numbers = new HashMap<>();
  private Set<IpcacheKey> dirty = new LinkedHashSet<>();
  private Set<Integer> touched = new LinkedHashSet<>();

  /** Numbers that no address had at some time since all was last done. */
  private final Set<Integer> perhapsUnused = new TreeSet<>();

  private int last = NumericIdentity.VARIANT;

  KernelVariants(Map<IpcacheKey, IpcacheValue> ipcache) {
    ipcache.forEach(
        (key, value) -> {
          reserve(value.variant());
          realized(key, value);
        });
    dirty.addAll(held.keySet());
  }

  /** Numbers up to this one are not given. */
  void reserve(int number) {
    if (NumericIdentity.isVariant(number)) {
      last = Math.max(last, number);
    }
  }

  /** The engine's number for an address, 0: that of its identity. */
  void want(IpcacheKey address, int variant) {
    if (variant == 0) {
      wanted.remove(address);
    } else {
      wanted.put(address, variant);
    }
    dirty.add(address);
  }

  /** Another identity for an address, or none. */
  void changed(IpcacheKey address) {
    if (wanted.containsKey(address) || held.containsKey(address)) {
      dirty.add(address);
    }
  }

  /** The kernel has it so from now on. */
  void realized(IpcacheKey address, @Nullable IpcacheValue value) {
    int number = value == null ? 0 : value.variant();
    var before = number == 0 ? held.remove(address) : held.put(address, number);
    if (before != null && before != number) {
      Objects.requireNonNull(members.get(before)).remove(address);
      perhapsUnused.add(before);
    }
    if (number != 0) {
      members.computeIfAbsent(number, _ -> new LinkedHashSet<>()).add(address);
    }
  }

  Plan plan(Owners owners) {
    var plan = new Plan(new LinkedHashMap<>(), new LinkedHashMap<>(), new LinkedHashMap<>());
    var splits = new HashMap<Split, Integer>();
    var groups = new LinkedHashSet<Integer>();
    for (var address : dirty) {
      int identity = owners.wanted(address);
      int before = owners.realized(address);
      int variant = wanted.getOrDefault(address, 0);
      int number = held.getOrDefault(address, 0);
      if (number != 0) {
        groups.add(number);
      }
      if (before == 0 || before != identity) {
        plan.late.put(address, identity == 0 || variant == 0 ? 0 : canonical(variant));
      } else if (number == 0 && variant != 0) {
        plan.early.put(address, split(new Split(before, variant), splits, plan));
      } else if (number != 0 && variant == 0) {
        plan.late.put(address, 0);
      }
    }
    groups.forEach(number -> divide(number, owners, splits, plan));
    return plan;
  }

  private void divide(int number, Owners owners, Map<Split, Integer> splits, Plan plan) {
    var targets = new LinkedHashMap<Integer, List<IpcacheKey>>();
    for (var address : members.getOrDefault(number, Set.of())) {
      int before = owners.realized(address);
      int variant = wanted.getOrDefault(address, 0);
      int target = variant == 0 ? before : variant;
      if (owners.wanted(address) != before) {
        var present = peers.get(number);
        target = present != null && owners.isKnown(present) ? present : before;
      }
      targets.computeIfAbsent(target, _ -> new ArrayList<>()).add(address);
    }
    if (targets.isEmpty()) {
      return;
    }
    var kept = peers.get(number);
    if (kept == null || !targets.containsKey(kept)) {
      kept = targets.keySet().iterator().next();
      stand(number, kept);
    }
    int stays = kept;
    targets.forEach(
        (target, addresses) -> {
          if (target != stays) {
            int other = split(new Split(number, target), splits, plan);
            addresses.forEach(address -> plan.early.put(address, other));
          }
        });
  }

  private int split(Split split, Map<Split, Integer> splits, Plan plan) {
    return splits.computeIfAbsent(
        split,
        s -> {
          int number = ++last;
          stand(number, s.peer());
          plan.births.put(number, s.number());
          return number;
        });
  }

  private int canonical(int peer) {
    for (int number : numbers.getOrDefault(peer, Set.of())) {
      return number;
    }
    int number = ++last;
    stand(number, peer);
    return number;
  }

  private void stand(int number, int peer) {
    var before = peers.put(number, peer);
    if (before != null) {
      forget(number, before);
    }
    numbers.computeIfAbsent(peer, _ -> new LinkedHashSet<>()).add(number);
    touched.add(number);
    perhapsUnused.add(number);
  }

  private void forget(int number, int peer) {
    var all = Objects.requireNonNull(numbers.get(peer));
    all.remove(number);
    if (all.isEmpty()) {
      numbers.remove(peer);
    }
  }

  /** Numbers that came to stand for another peer since the last time that all was done. */
  Set<Integer> touched() {
    return touched;
  }

  /** What a number stands for, for the engine: itself, if it is none of these. */
  int peerOf(int number) {
    return NumericIdentity.isVariant(number) ? peers.getOrDefault(number, number) : number;
  }

  /** Whether an address has it in the kernel. */
  boolean isHeld(int number) {
    return !members.getOrDefault(number, Set.of()).isEmpty();
  }

  /** The numbers that stand for a peer of the engine's, besides its own if it is an identity. */
  Set<Integer> numbersOf(int peer) {
    return numbers.getOrDefault(peer, Set.of());
  }

  /** The numbers that the kernel has for addresses of these identities. */
  Set<Integer> numbersOf(Set<Integer> identities, Owners owners) {
    var all = new LinkedHashSet<Integer>();
    held.forEach(
        (address, number) -> {
          if (identities.contains(owners.realized(address))) {
            all.add(number);
          }
        });
    return all;
  }

  /** What was planned is done: forgets the numbers that no address has, and returns them. */
  List<Integer> finish() {
    dirty = new LinkedHashSet<>();
    touched = new LinkedHashSet<>();
    var unused = new ArrayList<Integer>();
    for (int number : perhapsUnused) {
      if (peers.containsKey(number) && members.getOrDefault(number, Set.of()).isEmpty()) {
        unused.add(number);
      }
    }
    perhapsUnused.clear();
    for (int number : unused) {
      forget(number, Objects.requireNonNull(peers.remove(number)));
      members.remove(number);
    }
    return unused;
  }
}
