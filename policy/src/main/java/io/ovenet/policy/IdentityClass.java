package io.ovenet.policy;

/** Identities that no selector in use tells apart. */
final class IdentityClass {
  /** As the kernel knows it; never used again for another. */
  final int number;

  /** Its bit in {@link SelectorState#classes}; used again once the class is gone. */
  final int slot;

  /** Ids of the selectors that select it. */
  final NumberSet selectors = new NumberSet();

  /** Of all its identities, as far as rules in use name them. */
  final NamedPorts ports;

  /** Combined from {@link SelectorState#mix} of these. */
  long signature;

  int members;

  /** Scratch, zero between operations: how many members a new selector selects. */
  int hits;

  IdentityClass(int number, int slot, NamedPorts ports) {
    this.ports = ports;
    this.number = number;
    this.slot = slot;
  }

  /** Whether no selector tells its identities from the other's. */
  boolean isLike(IdentityClass other) {
    return selectors.isSame(other.selectors) && ports.equals(other.ports);
  }
}
