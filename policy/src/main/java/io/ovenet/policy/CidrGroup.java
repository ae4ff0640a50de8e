package io.ovenet.policy;

import java.util.List;
import java.util.TreeSet;

/**
 * A CiliumCIDRGroup: prefixes outside the cluster that rules name together.
 *
 * @param labels of the object, each with source {@code cidrgroup}
 * @param cidrs sorted, without repetition
 */
public record CidrGroup(String name, Labels labels, List<Cidr> cidrs) implements PeerGroup {
  /** Source of the labels of groups. */
  public static final String SOURCE = "cidrgroup";

  public CidrGroup {
    cidrs = List.copyOf(new TreeSet<>(cidrs));
  }

  public static String id(String name) {
    return "CiliumCIDRGroup " + name;
  }

  @Override
  public String id() {
    return id(name);
  }
}
