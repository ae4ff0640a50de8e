package io.ovenet.policy;

import java.util.List;
import java.util.TreeSet;

/**
 * One item of a rule's ingress, ingressDeny, egress or egressDeny.
 *
 * @param peers who
 * @param ports what, any of them; nothing if empty
 * @param origin where it stands
 */
public record RuleEntry(
    TrafficDirection direction,
    RuleEffect effect,
    Peers peers,
    List<PortRange> ports,
    RuleOrigin origin) {
  public RuleEntry {
    ports = List.copyOf(new TreeSet<>(ports));
  }
}
