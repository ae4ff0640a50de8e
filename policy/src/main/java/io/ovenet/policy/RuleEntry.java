package io.ovenet.policy;

import java.util.List;
import java.util.TreeSet;

/**
 * One item of a rule's ingress, ingressDeny, egress or egressDeny.
 *
 * @param peers who
 * @param ports what, any of them or of names; nothing if both are empty
 * @param names ports by name
 * @param origin where it stands
 */
public record RuleEntry(
    TrafficDirection direction,
    RuleEffect effect,
    Peers peers,
    List<PortRange> ports,
    List<PortName> names,
    RuleOrigin origin) {
  public RuleEntry {
    ports = List.copyOf(new TreeSet<>(ports));
    names = List.copyOf(new TreeSet<>(names));
  }

  RuleEntry with(Peers others) {
    return new RuleEntry(direction, effect, others, ports, names, origin);
  }

  /** Without ports by name. */
  public RuleEntry(
      TrafficDirection direction,
      RuleEffect effect,
      Peers peers,
      List<PortRange> ports,
      RuleOrigin origin) {
    this(direction, effect, peers, ports, List.of(), origin);
  }
}
