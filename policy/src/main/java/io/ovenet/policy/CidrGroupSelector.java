package io.ovenet.policy;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/**
 * Names groups of prefixes in a rule; a group that is not there holds nobody.
 *
 * @param name of the one group; empty where they are selected by their labels
 * @param labels that groups must have, where there is no name
 * @param except left out of all of them
 */
public record CidrGroupSelector(String name, EndpointSelector labels, List<Cidr> except) {
  public CidrGroupSelector {
    except = List.copyOf(new TreeSet<>(except));
  }

  boolean names(CidrGroup group) {
    return name.isEmpty() ? labels.matches(group.labels()) : name.equals(group.name());
  }

  /** What it selects of a group that it names. */
  List<CidrSelector> in(CidrGroup group) {
    List<CidrSelector> selectors = new ArrayList<>(group.cidrs().size());
    for (Cidr cidr : group.cidrs()) {
      List<Cidr> holes = new ArrayList<>();
      boolean out = false;
      for (Cidr hole : except) {
        out |= hole.contains(cidr);
        if (cidr.contains(hole)) {
          holes.add(hole);
        }
      }
      if (!out) {
        selectors.add(new CidrSelector(cidr, holes));
      }
    }
    return selectors;
  }
}
