package io.ovenet.policy;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One set of selecting rules, compiled, and kept up to date while classes come and go. */
final class PolicyState {
  /**
   * What makes two states the same.
   *
   * @param rules in the order of where they stand
   * @param enforced whether it is default-deny whatever the rules say
   * @param ports the subject's, as far as the rules' ingress names them
   * @param audit whether what is denied passes and is told
   */
  record Key(List<ActiveRule> rules, boolean enforced, NamedPorts ports, boolean audit) {
    // Written out: a key's generated methods are many times slower in what the agent's compiler
    // makes.
    @Override
    public boolean equals(@Nullable Object other) {
      return this == other
          || (other instanceof Key that
              && enforced == that.enforced
              && audit == that.audit
              && rules.equals(that.rules)
              && ports.equals(that.ports));
    }

    @Override
    public int hashCode() {
      return 31 * (31 * (31 * rules.hashCode() + Boolean.hashCode(enforced)) + ports.hashCode())
          + Boolean.hashCode(audit);
    }
  }

  final Key key;

  /** How many subjects have it. */
  int subjects;

  private final TableCompiler compiler;
  private final Side ingress;
  private final Side egress;
  private CompiledPolicy compiled;

  /**
   * Compiles it for the classes there are.
   *
   * @param localHost the entry that lets the local host in, null if nothing does
   */
  PolicyState(
      Key key, ClassPartition partition, TableCompiler compiler, @Nullable ActiveEntry localHost) {
    this.key = key;
    this.compiler = compiler;
    this.ingress = new Side(key, TrafficDirection.INGRESS, localHost);
    this.egress = new Side(key, TrafficDirection.EGRESS, null);
    ingress.tables = ingress.compile(partition, compiler);
    egress.tables = egress.compile(partition, compiler);
    this.compiled = new CompiledPolicy(ingress.tables, egress.tables);
  }

  // References on purpose: tables that did not change are the same object.
  @SuppressWarnings("ReferenceEquality")
  CompiledPolicy compiled() {
    if (compiled.tables(TrafficDirection.INGRESS) != ingress.tables
        || compiled.tables(TrafficDirection.EGRESS) != egress.tables) {
      compiled = new CompiledPolicy(ingress.tables, egress.tables);
    }
    return compiled;
  }

  /** A class was made: the child of another, or of none. */
  void add(IdentityClass added, @Nullable IdentityClass parent) {
    for (Side side : List.of(ingress, egress)) {
      if (side.enforced) {
        PolicyTable table =
            parent == null
                ? side.tableOf(added, compiler)
                : parent.number == CompiledPolicy.CLASS_ANY ? null : side.tables.get(parent.number);
        side.tables = side.tables.with(added.number, table);
      }
    }
  }

  void remove(IdentityClass removed) {
    ingress.tables = ingress.tables.with(removed.number, null);
    egress.tables = egress.tables.with(removed.number, null);
  }

  /** One direction. */
  private static final class Side {
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

    Side(Key key, TrafficDirection direction, @Nullable ActiveEntry localHost) {
      List<RuleOrigin> denying = new ArrayList<>();
      boolean defaultDeny = key.enforced;
      List<RuleOrigin> enforcing = new ArrayList<>();
      boolean enforcedDeny = key.enforced;
      boolean restricts = false;
      for (ActiveRule rule : key.rules) {
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
              otherwise(defaultDeny, denying), otherwise(enforcedDeny, enforcing), key.audit);
      this.direction = direction;
      ownPorts = key.ports;
      boolean named = false;
      for (ActiveEntry entry : wildcards) {
        named |= !entry.names().isEmpty();
      }
      namedWildcards = named && direction == TrafficDirection.EGRESS;
    }

    ClassTables compile(ClassPartition partition, TableCompiler compiler) {
      if (!enforced) {
        return ClassTables.NONE;
      }
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
      return byClass.build();
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
}
