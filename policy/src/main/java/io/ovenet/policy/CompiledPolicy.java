package io.ovenet.policy;

import org.jspecify.annotations.Nullable;

/**
 * What is in force on all endpoints that the same rules select. Immutable; equal by value, so that
 * the agent can keep the number of one that did not change.
 */
public final class CompiledPolicy {
  /** The class of identities that no selector in use tells from others; see ovenet.h. */
  public static final int CLASS_ANY = 0;

  private final ClassTables ingress;
  private final ClassTables egress;
  private final int hash;

  CompiledPolicy(ClassTables ingress, ClassTables egress) {
    this.ingress = ingress;
    this.egress = egress;
    this.hash = 31 * ingress.hashCode() + egress.hashCode();
  }

  /** Whether the endpoint asks the tables at all in this direction; if not, all passes. */
  public boolean enforces(TrafficDirection direction) {
    return tables(direction).size() > 0;
  }

  /**
   * The tables by class. A class without one is decided by CLASS_ANY's, which is there if anything
   * is enforced in this direction.
   */
  public ClassTables tables(TrafficDirection direction) {
    return direction == TrafficDirection.INGRESS ? ingress : egress;
  }

  /** How many entries it takes in policy_map. */
  public int entryCount() {
    int count = 0;
    for (ClassTables tables : new ClassTables[] {ingress, egress}) {
      for (int i = 0; i < tables.size(); i++) {
        count += tables.table(i).size();
      }
    }
    return count;
  }

  /** Takes one entry. */
  @FunctionalInterface
  public interface EntryConsumer {
    void accept(int identityClass, TrafficDirection direction, PolicyEntry entry);
  }

  /** All entries, by direction, class, prefix length, protocol, port. */
  public void forEachEntry(EntryConsumer consumer) {
    for (TrafficDirection direction : TrafficDirection.values()) {
      ClassTables tables = tables(direction);
      for (int i = 0; i < tables.size(); i++) {
        for (PolicyEntry entry : tables.table(i).entries()) {
          consumer.accept(tables.identityClass(i), direction, entry);
        }
      }
    }
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return this == other
        || (other instanceof CompiledPolicy that
            && hash == that.hash
            && ingress.equals(that.ingress)
            && egress.equals(that.egress));
  }

  @Override
  public int hashCode() {
    return hash;
  }
}
