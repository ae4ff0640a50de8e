package io.ovenet.policy;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
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
  record Key(List<ActiveRule> rules, boolean enforced, NamedPorts ports, boolean audit) {}

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
      // By slot; an entry lands in a list once, though two of its selectors select the class.
      TreeMap<Integer, List<ActiveEntry>> bySlot = new TreeMap<>();
      for (ActiveEntry entry : entries) {
        for (SelectorState selector : entry.selectors()) {
          for (int slot = selector.classes.nextSetBit(0);
              slot >= 0;
              slot = selector.classes.nextSetBit(slot + 1)) {
            List<ActiveEntry> list = bySlot.computeIfAbsent(slot, _ -> new ArrayList<>());
            if (list.isEmpty() || list.getLast().id() != entry.id()) {
              list.add(entry);
            }
          }
        }
      }
      if (namedWildcards) {
        partition.slotsWithPorts().stream()
            .forEach(slot -> bySlot.computeIfAbsent(slot, _ -> new ArrayList<>()));
      }
      TreeMap<Integer, PolicyTable> byClass = new TreeMap<>();
      byClass.put(CompiledPolicy.CLASS_ANY, anyTable);
      bySlot.forEach(
          (slot, specific) -> {
            PolicyTable table =
                compiler.table(
                    withWildcards(specific), portsOf(partition.classAt(slot)), otherwise);
            if (!table.equals(anyTable)) {
              byClass.put(partition.classAt(slot).number, table);
            }
          });
      return ClassTables.of(byClass);
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
