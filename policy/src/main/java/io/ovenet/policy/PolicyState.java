package io.ovenet.policy;

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
  private final PolicySide ingress;
  private final PolicySide egress;
  private CompiledPolicy compiled;

  /**
   * Compiles it for the classes there are.
   *
   * @param localHost the entry that lets the local host in, null if nothing does
   * @param before what its subjects had, up to date with the classes but for those that changed;
   *     null: nothing that is known
   */
  PolicyState(
      Key key,
      ClassPartition partition,
      TableCompiler compiler,
      @Nullable ActiveEntry localHost,
      @Nullable PolicyState before,
      ClassChanges changes) {
    this.key = key;
    this.compiler = compiler;
    this.ingress = new PolicySide(key, TrafficDirection.INGRESS, localHost);
    this.egress = new PolicySide(key, TrafficDirection.EGRESS, null);
    ingress.compile(partition, compiler, before == null ? null : before.ingress, changes);
    egress.compile(partition, compiler, before == null ? null : before.egress, changes);
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

  /** A class was made that no other was before. */
  void add(IdentityClass added) {
    ingress.add(added, compiler);
    egress.add(added, compiler);
  }

  /** A class was split off another one. */
  void split(IdentityClass child, IdentityClass parent) {
    ingress.split(child, parent);
    egress.split(child, parent);
  }

  void remove(IdentityClass removed) {
    ingress.tables = ingress.tables.with(removed.number, null);
    egress.tables = egress.tables.with(removed.number, null);
  }
}
