package io.ovenet.policy;

import java.util.List;

/**
 * One {@code spec} of a policy: what the endpoints it selects may and may not do.
 *
 * @param ingressDefaultDeny whether it makes its subjects default-deny in that direction
 * @param labels of the rule, those derived from its object included
 * @param log its log value, empty if it has none
 * @param audit whether what it denies passes all the same, and is only told; what it allows, it
 *     allows
 * @param origin the spec
 */
public record Rule(
    EndpointSelector subject,
    boolean ingressDefaultDeny,
    boolean egressDefaultDeny,
    List<RuleEntry> entries,
    Labels labels,
    String log,
    boolean audit,
    RuleOrigin origin) {
  public Rule {
    entries = List.copyOf(entries);
  }

  /** One that is enforced. */
  public Rule(
      EndpointSelector subject,
      boolean ingressDefaultDeny,
      boolean egressDefaultDeny,
      List<RuleEntry> entries,
      Labels labels,
      String log,
      RuleOrigin origin) {
    this(subject, ingressDefaultDeny, egressDefaultDeny, entries, labels, log, false, origin);
  }

  Rule with(List<RuleEntry> others) {
    return new Rule(
        subject, ingressDefaultDeny, egressDefaultDeny, others, labels, log, audit, origin);
  }

  /** Whether an endpoint is its subject. The host never is: no selector of endpoints selects it. */
  public boolean selects(Labels endpoint) {
    return subject.matches(endpoint) && !endpoint.isReserved(ReservedIdentity.HOST);
  }

  public boolean defaultDeny(TrafficDirection direction) {
    return direction == TrafficDirection.INGRESS ? ingressDefaultDeny : egressDefaultDeny;
  }
}
