package io.ovenet.policy;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a policy says, in one direction, about one class of identities: complete, so that whichever
 * entry matches longest decides. Immutable and shared between classes and policies; equal by value,
 * with a cheap hash.
 */
public final class PolicyTable {
  private final PolicyEntry[] entries;
  private final int hash;

  /**
   * Takes the array as its own.
   *
   * @param entries sorted by prefix length, protocol, port; the first is for every protocol
   */
  PolicyTable(PolicyEntry[] entries) {
    this.entries = entries;
    this.hash = java.util.Arrays.hashCode(entries);
  }

  /** Sorted by prefix length, protocol, port. */
  public List<PolicyEntry> entries() {
    return List.of(entries);
  }

  public int size() {
    return entries.length;
  }

  /**
   * The entry that matches longest.
   *
   * @param port in host order; for ICMP the type in the high byte
   */
  public Decision lookup(int protocol, int port) {
    for (int i = entries.length - 1; i > 0; i--) {
      if (entries[i].covers(protocol, port)) {
        return entries[i].decision();
      }
    }
    return entries[0].decision();
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return this == other
        || (other instanceof PolicyTable table
            && hash == table.hash
            && java.util.Arrays.equals(entries, table.entries));
  }

  @Override
  public int hashCode() {
    return hash;
  }

  @Override
  public String toString() {
    return java.util.Arrays.toString(entries);
  }
}
