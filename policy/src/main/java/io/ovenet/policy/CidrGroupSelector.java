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
public record CidrGroupSelector(String name, EndpointSelector labels, List<Cidr> except)
    implements PeerGroupSelector {
  public CidrGroupSelector {
    except = List.copyOf(new TreeSet<>(except));
  }

  @Override
  public boolean names(PeerGroup group) {
    return group instanceof CidrGroup cidrs
        && (name.isEmpty() ? labels.matches(cidrs.labels()) : name.equals(cidrs.name()));
  }

  @Override
  public List<CidrSelector> in(PeerGroup group) {
    List<Cidr> cidrs = ((CidrGroup) group).cidrs();
    List<CidrSelector> selectors = new ArrayList<>(cidrs.size());
    for (Cidr cidr : cidrs) {
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

  @Override
  public String toString() {
    return "CIDR group "
        + (name.isEmpty() ? labels : name)
        + (except.isEmpty() ? "" : " except " + except);
  }
}
