package io.ovenet.policy;

import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An entry of a rule in use, its selectors resolved.
 *
 * @param id in the order entries were made, for sorting and as identity
 * @param selectors empty if it is about everyone
 * @param selectorIds of these
 * @param audit whether it is of a rule in audit mode
 * @param origin null for what no rule says: the local host comes in
 */
record ActiveEntry(
    long id,
    TrafficDirection direction,
    RuleEffect effect,
    List<SelectorState> selectors,
    BitSet selectorIds,
    boolean everyone,
    List<PortRange> ports,
    List<PortName> names,
    @Nullable RuleOrigin origin,
    String log,
    boolean audit) {

  private static final int FEW = 8;

  boolean selects(IdentityClass identityClass) {
    if (everyone) {
      return true;
    }
    // A class has few selectors, an entry may have tens of thousands.
    if (selectors.size() > FEW) {
      return identityClass.selectors.intersects(selectorIds);
    }
    for (SelectorState selector : selectors) {
      if (selector.classes.get(identityClass.slot)) {
        return true;
      }
    }
    return false;
  }

  // An entry is itself only.
  @Override
  public boolean equals(@Nullable Object other) {
    return this == other;
  }

  @Override
  public int hashCode() {
    return Long.hashCode(id);
  }

  @Override
  public String toString() {
    return effect + " " + direction + " by " + origin;
  }
}
