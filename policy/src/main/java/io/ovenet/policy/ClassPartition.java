package io.ovenet.policy;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Divides the identities into classes by the selectors in use, step by step: a new selector splits
 * the classes of which it selects a part, one that goes leaves classes alike until {@link #merge}.
 * CLASS_ANY holds identities that no selector selects, and only such.
 *
 * <p>INVARIANT: the identities of a class are selected by exactly its selectors.
 */
final class ClassPartition {
  /** What a change to the partition means for compiled policies. */
  interface Listener {
    /** The new class holds a part of what the parent held. */
    void split(IdentityClass child, IdentityClass parent);

    /** A class that no other was before. */
    void added(IdentityClass identityClass);

    /** It has no identity any more. */
    void removed(IdentityClass identityClass);
  }

  private static final int LEAST_TO_MERGE = 2;

  private final IdentityIndex identities = new IdentityIndex();
  private final SelectorIndex index = new SelectorIndex();
  private final Map<PeerSelector, SelectorState> selectors = new HashMap<>();
  private final List<@Nullable SelectorState> selectorById = new ArrayList<>();
  private final BitSet selectorIds = new BitSet();
  private final Map<Long, List<IdentityClass>> bySignature = new HashMap<>();
  private final List<@Nullable IdentityClass> bySlot = new ArrayList<>();
  private final BitSet slots = new BitSet();

  /** Slots of classes whose identities have named ports. */
  private final BitSet withPorts = new BitSet();

  private final IdentityClass any;
  private final Listener listener;
  private Map<Integer, Integer> moved = new LinkedHashMap<>();

  /** Classes that were found to be like another one since they were last merged. */
  private final Set<IdentityClass> alike = new LinkedHashSet<>();

  private int lastNumber;
  private long mixes;

  ClassPartition(Listener listener) {
    this.listener = listener;
    this.any = newClass(CompiledPolicy.CLASS_ANY, NamedPorts.NONE);
  }

  int classCount() {
    return slots.cardinality();
  }

  int selectorCount() {
    return selectors.size();
  }

  IdentityClass classAt(int slot) {
    return Objects.requireNonNull(bySlot.get(slot));
  }

  BitSet slotsWithPorts() {
    return withPorts;
  }

  boolean isPresent(IdentityClass identityClass) {
    return bySlot.get(identityClass.slot) == identityClass;
  }

  /** The identities whose class changed since this was last asked, with their class now. */
  Map<Integer, Integer> takeMoved() {
    Map<Integer, Integer> taken = moved;
    moved = new LinkedHashMap<>();
    return taken;
  }

  void upsertIdentity(int number, Labels labels, @Nullable Cidr prefix, NamedPorts ports) {
    IdentityState old = identities.byNumber().get(number);
    if (old != null
        && old.labels.equals(labels)
        && Objects.equals(old.prefix, prefix)
        && old.ports.equals(ports)) {
      return;
    }
    IdentityState identity = new IdentityState(number, labels, prefix, ports, any);
    BitSet ids = new BitSet();
    index.select(identity, ids);
    IdentityClass target =
        old != null
                && old.identityClass.selectors.isSame(ids)
                && old.identityClass.ports.equals(ports)
            ? old.identityClass
            : classOf(ids, ports);
    identity.identityClass = target;
    target.members++;
    if (old != null) {
      identities.remove(old);
      leave(old.identityClass);
    }
    identities.add(identity);
    if (old == null || old.identityClass != target) {
      moved.put(number, target.number);
    }
  }

  void removeIdentity(int number) {
    IdentityState old = identities.byNumber().get(number);
    if (old != null) {
      identities.remove(old);
      leave(old.identityClass);
      moved.put(number, IdentityClasses.UNKNOWN);
    }
  }

  private void leave(IdentityClass identityClass) {
    if (--identityClass.members > 0 || identityClass == any) {
      return;
    }
    listener.removed(identityClass);
    forEachSelector(identityClass.selectors, s -> s.classes.clear(identityClass.slot));
    removeSignature(identityClass);
    slots.clear(identityClass.slot);
    withPorts.clear(identityClass.slot);
    bySlot.set(identityClass.slot, null);
  }

  private IdentityClass classOf(BitSet ids, NamedPorts ports) {
    if (ids.isEmpty() && ports.isEmpty()) {
      return any;
    }
    long signature = ports.isEmpty() ? 0 : mixed(ports.hashCode());
    for (int id = ids.nextSetBit(0); id >= 0; id = ids.nextSetBit(id + 1)) {
      signature ^= selector(id).mix;
    }
    for (IdentityClass candidate : bySignature.getOrDefault(signature, List.of())) {
      if (candidate.selectors.isSame(ids) && candidate.ports.equals(ports)) {
        return candidate;
      }
    }
    IdentityClass created = newClass(++lastNumber, ports);
    created.selectors.addAll(ids);
    created.signature = signature;
    addSignature(created);
    forEachSelector(ids, s -> s.classes.set(created.slot));
    listener.added(created);
    return created;
  }

  private IdentityClass newClass(int number, NamedPorts ports) {
    int slot = slots.nextClearBit(0);
    slots.set(slot);
    IdentityClass created = new IdentityClass(number, slot, ports);
    withPorts.set(slot, !ports.isEmpty());
    if (slot == bySlot.size()) {
      bySlot.add(created);
    } else {
      bySlot.set(slot, created);
    }
    return created;
  }

  /** Takes a selector into use for a rule's entry. */
  SelectorState acquire(PeerSelector selector, ActiveRule user) {
    SelectorState state = selectors.get(selector);
    if (state == null) {
      int id = selectorIds.nextClearBit(0);
      selectorIds.set(id);
      state = new SelectorState(selector, id, mix());
      if (id == selectorById.size()) {
        selectorById.add(state);
      } else {
        selectorById.set(id, state);
      }
      selectors.put(selector, state);
      index.add(state);
      divide(state);
    }
    state.users.add(user);
    return state;
  }

  void release(SelectorState state, ActiveRule user) {
    state.users.remove(user);
    if (!state.users.isEmpty()) {
      return;
    }
    for (int slot = state.classes.next(0); slot >= 0; slot = state.classes.next(slot + 1)) {
      IdentityClass selected = classAt(slot);
      removeSignature(selected);
      selected.selectors.clear(state.id);
      selected.signature ^= state.mix;
      addSignature(selected);
      if (selected.isLike(any) || othersWithSignatureOf(selected)) {
        alike.add(selected);
      }
    }
    selectors.remove(state.selector);
    index.remove(state);
    selectorById.set(state.id, null);
    selectorIds.clear(state.id);
  }

  private boolean othersWithSignatureOf(IdentityClass identityClass) {
    return bySignature.getOrDefault(identityClass.signature, List.of()).size() > 1;
  }

  /**
   * Makes one of classes that no selector tells apart any more, where an eighth of all are such;
   * true if there were any. Costs a look at every identity.
   */
  boolean merge() {
    if (alike.size() < Math.max(LEAST_TO_MERGE, classCount() / 8)) {
      return false;
    }
    Map<IdentityClass, IdentityClass> targets = new LinkedHashMap<>();
    for (IdentityClass identityClass : alike) {
      if (isPresent(identityClass) && !targets.containsKey(identityClass)) {
        IdentityClass target = targetOf(identityClass);
        for (IdentityClass other : bySignature.getOrDefault(identityClass.signature, List.of())) {
          if (other != target && other.isLike(target)) {
            targets.put(other, target);
          }
        }
      }
    }
    alike.clear();
    if (targets.isEmpty()) {
      return false;
    }
    for (IdentityState identity : identities.byNumber().values()) {
      IdentityClass from = identity.identityClass;
      IdentityClass target = targets.get(from);
      if (target != null) {
        identity.identityClass = target;
        target.members++;
        moved.put(identity.number, target.number);
        leave(from);
      }
    }
    return true;
  }

  /** Of classes that are alike always the same one. */
  private IdentityClass targetOf(IdentityClass identityClass) {
    if (identityClass.isLike(any)) {
      return any;
    }
    IdentityClass first = identityClass;
    for (IdentityClass candidate : bySignature.getOrDefault(identityClass.signature, List.of())) {
      if (candidate.number < first.number && candidate.isLike(identityClass)) {
        first = candidate;
      }
    }
    return first;
  }

  private void divide(SelectorState state) {
    List<IdentityState> selected = identities.selectedBy(state.selector);
    List<IdentityClass> touched = new ArrayList<>();
    for (IdentityState identity : selected) {
      if (identity.identityClass.hits++ == 0) {
        touched.add(identity.identityClass);
      }
    }
    Map<IdentityClass, IdentityClass> children = new HashMap<>();
    for (IdentityClass parent : touched) {
      IdentityClass child = parent;
      if (parent == any || parent.hits < parent.members) {
        child = newClass(++lastNumber, parent.ports);
        child.selectors.addAll(parent.selectors);
        child.signature = parent.signature;
        int slot = child.slot;
        forEachSelector(parent.selectors, s -> s.classes.set(slot));
        children.put(parent, child);
        listener.split(child, parent);
      } else {
        removeSignature(parent);
      }
      child.selectors.set(state.id);
      child.signature ^= state.mix;
      addSignature(child);
      state.classes.set(child.slot);
      parent.hits = 0;
    }
    for (IdentityState identity : selected) {
      IdentityClass child = children.get(identity.identityClass);
      if (child != null) {
        identity.identityClass.members--;
        child.members++;
        identity.identityClass = child;
        moved.put(identity.number, child.number);
      }
    }
  }

  private SelectorState selector(int id) {
    return Objects.requireNonNull(selectorById.get(id));
  }

  private void forEachSelector(NumberSet ids, Consumer<SelectorState> action) {
    for (int id = ids.next(0); id >= 0; id = ids.next(id + 1)) {
      action.accept(selector(id));
    }
  }

  private void forEachSelector(BitSet ids, Consumer<SelectorState> action) {
    for (int id = ids.nextSetBit(0); id >= 0; id = ids.nextSetBit(id + 1)) {
      action.accept(selector(id));
    }
  }

  private void addSignature(IdentityClass identityClass) {
    bySignature
        .computeIfAbsent(identityClass.signature, _ -> new ArrayList<>(1))
        .add(identityClass);
  }

  private void removeSignature(IdentityClass identityClass) {
    List<IdentityClass> list = bySignature.get(identityClass.signature);
    if (list != null) {
      list.remove(identityClass);
      if (list.isEmpty()) {
        bySignature.remove(identityClass.signature);
      }
    }
  }

  /** The next of a fixed sequence (SplitMix64). */
  private long mix() {
    return mixed(mixes += 0x9e3779b97f4a7c15L);
  }

  private static long mixed(long seed) {
    long z = seed;
    z = (z ^ z >>> 30) * 0xbf58476d1ce4e5b9L;
    z = (z ^ z >>> 27) * 0x94d049bb133111ebL;
    return z ^ z >>> 31;
  }
}
