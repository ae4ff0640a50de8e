package io.ovenet.policy;

import java.util.List;

/**
 * One {@code spec} of a policy: what the endpoints it selects may and may not do.
 *
 * @param ingressDefaultDeny whether it makes its subjects default-deny in that direction
 * @param labels of the rule, those derived from its object included
 * @param log its log value, empty if it has none
 * @param origin the spec
 */
public record Rule(
    EndpointSelector subject,
    boolean ingressDefaultDeny,
    boolean egressDefaultDeny,
    List<RuleEntry> entries,
    Labels labels,
    String log,
    RuleOrigin origin) {
  public Rule {
    entries = List.copyOf(entries);
  }

  public boolean defaultDeny(TrafficDirection direction) {
    return direction == TrafficDirection.INGRESS ? ingressDefaultDeny : egressDefaultDeny;
  }
}
