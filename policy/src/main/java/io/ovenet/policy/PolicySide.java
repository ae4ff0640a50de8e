package io.ovenet.policy;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** One direction of a set of rules: what is compiled, and how it is kept up to date. */
final class PolicySide {
  /** Sorted by id. */
  final List<ActiveEntry> entries = new ArrayList<>();

  /** Those about everyone: what CLASS_ANY's table is made from. */
  final List<ActiveEntry> wildcards = new ArrayList<>();

  final boolean enforced;
  final Fallback otherwise;
  final TrafficDirection direction;
  final NamedPorts ownPorts;
  final boolean namedWildcards;
  ClassTables tables = ClassTables.NONE;
  @Nullable PolicyTable any;

  PolicySide(PolicyState.Key key, TrafficDirection direction, @Nullable ActiveEntry localHost) {
    List<RuleOrigin> denying = new ArrayList<>();
    boolean defaultDeny = key.enforced();
    List<RuleOrigin> enforcing = new ArrayList<>();
    boolean enforcedDeny = key.enforced();
    boolean restricts = false;
    for (ActiveRule rule : key.rules()) {
      if (rule.rule.defaultDeny(direction)) {
        defaultDeny = true;
        if (!rule.rule.audit()) {
          enforcedDeny = true;
          enforcing.add(rule.rule.origin());
        }
        denying.add(rule.rule.origin());
      }
      for (ActiveEntry entry : rule.entries()) {
        if (entry.direction() == direction) {
          entries.add(entry);
          restricts |= entry.effect() != RuleEffect.ALLOW;
        }
      }
    }
    enforced = defaultDeny || restricts;
    if (localHost != null) {
      entries.add(localHost);
    }
    entries.sort(java.util.Comparator.comparingLong(ActiveEntry::id));
    for (ActiveEntry entry : entries) {
      if (entry.everyone()) {
        wildcards.add(entry);
      }
    }
    otherwise =
        new Fallback(
            otherwise(defaultDeny, denying), otherwise(enforcedDeny, enforcing), key.audit());
    this.direction = direction;
    ownPorts = key.ports();
    boolean named = false;
    for (ActiveEntry entry : wildcards) {
      named |= !entry.names().isEmpty();
    }
    namedWildcards = named && direction == TrafficDirection.EGRESS;
  }

  /**
   * Compiles it: what differs from before, if everybody's part is the same as before, or whole.
   *
   * @param before null: there is nothing to begin with
   */
  void compile(
      ClassPartition partition,
      TableCompiler compiler,
      @Nullable PolicySide before,
      ClassChanges changes) {
    if (!enforced) {
      return;
    }
    if (before != null && isLike(before)) {
      any = before.any;
      BitSet changed = changes.between(entries, before.entries);
      if (changed.cardinality() <= before.tables.size()) {
        amend(partition, compiler, before.tables, changed);
        return;
      }
    }
    compileWhole(partition, compiler);
  }

  /** Whether they say the same of everyone, so that they differ in single classes alone. */
  private boolean isLike(PolicySide before) {
    return before.enforced
        && wildcards.equals(before.wildcards)
        && otherwise.equals(before.otherwise)
        && ownPorts.equals(before.ownPorts);
  }

  private void amend(
      ClassPartition partition, TableCompiler compiler, ClassTables before, BitSet changed) {
    ClassGroups groups = compiler.groups();
    for (ActiveEntry entry : changed.isEmpty() ? List.<ActiveEntry>of() : entries) {
      groups.add(entry, changed, partition);
    }
    TreeMap<Integer, @Nullable PolicyTable> byClass = new TreeMap<>();
    for (int slot = changed.nextSetBit(0); slot >= 0; slot = changed.nextSetBit(slot + 1)) {
      IdentityClass identityClass = partition.classAt(slot);
      PolicyTable table = tableOf(groups.groupOf(slot), portsOf(identityClass), compiler);
      byClass.put(identityClass.number, table.equals(any) ? null : table);
    }
    groups.clear();
    tables = before.with(byClass);
  }

  private void compileWhole(ClassPartition partition, TableCompiler compiler) {
    PolicyTable anyTable = compiler.table(wildcards, portsOf(null), otherwise);
    any = anyTable;
    ClassGroups groups = compiler.groups();
    for (ActiveEntry entry : entries) {
      groups.add(entry);
    }
    if (namedWildcards) {
      groups.addAll(partition.slotsWithPorts());
    }
    BitSet slots = groups.slots();
    ClassTables.Builder byClass = new ClassTables.Builder(slots.cardinality() + 1);
    byClass.add(CompiledPolicy.CLASS_ANY, anyTable);
    for (int slot = slots.nextSetBit(0); slot >= 0; slot = slots.nextSetBit(slot + 1)) {
      IdentityClass identityClass = partition.classAt(slot);
      PolicyTable table = tableOf(groups.groupOf(slot), portsOf(identityClass), compiler);
      if (!table.equals(anyTable)) {
        byClass.add(identityClass.number, table);
      }
    }
    groups.clear();
    tables = byClass.build();
  }

  void add(IdentityClass added, TableCompiler compiler) {
    if (enforced) {
      tables = tables.with(added.number, tableOf(added, compiler));
    }
  }

  void split(IdentityClass child, IdentityClass parent) {
    if (enforced && parent.number != CompiledPolicy.CLASS_ANY) {
      tables = tables.with(child.number, tables.get(parent.number));
    }
  }

  private PolicyTable tableOf(ClassGroups.Group group, NamedPorts ports, TableCompiler compiler) {
    PolicyTable table = group.table;
    if (table == null) {
      table = compiler.table(withWildcards(group.entries()), ports, otherwise);
      // In egress each class may have other ports.
      if (direction == TrafficDirection.INGRESS) {
        group.table = table;
      }
    }
    return table;
  }

  private static Decision otherwise(boolean defaultDeny, List<RuleOrigin> denying) {
    return defaultDeny
        ? new Decision(Verdict.DEFAULT, MatchType.NONE, RuleOrigins.of(denying), List.of())
        : Decision.NOT_ENFORCED;
  }

  /** In ingress a name is the subject's own port, in egress the peers'. */
  private NamedPorts portsOf(@Nullable IdentityClass peers) {
    return direction == TrafficDirection.INGRESS
        ? ownPorts
        : peers == null ? NamedPorts.NONE : peers.ports;
  }

  /** Merged by id. */
  private List<ActiveEntry> withWildcards(List<ActiveEntry> specific) {
    if (wildcards.isEmpty()) {
      return specific;
    }
    List<ActiveEntry> merged = new ArrayList<>(specific.size() + wildcards.size());
    int next = 0;
    for (ActiveEntry entry : specific) {
      while (next < wildcards.size() && wildcards.get(next).id() < entry.id()) {
        merged.add(wildcards.get(next++));
      }
      merged.add(entry);
    }
    merged.addAll(wildcards.subList(next, wildcards.size()));
    return merged;
  }

  /** Null where CLASS_ANY's says the same. */
  @Nullable PolicyTable tableOf(IdentityClass identityClass, TableCompiler compiler) {
    List<ActiveEntry> selecting = new ArrayList<>();
    for (ActiveEntry entry : entries) {
      if (entry.selects(identityClass)) {
        selecting.add(entry);
      }
    }
    PolicyTable table = compiler.table(selecting, portsOf(identityClass), otherwise);
    return table.equals(any) ? null : table;
  }
}
