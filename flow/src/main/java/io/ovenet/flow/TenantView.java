package io.ovenet.flow;

import io.ovenet.api.flow.TrafficDirection;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a tenant sees of flows: those with an end in one of his namespaces. Of an end in another
 * namespace he sees that namespace and the verdict, no more; whoever is in no namespace (the world,
 * a node) is nobody's secret. Immutable.
 */
final class TenantView {
  private final Set<String> namespaces;

  TenantView(Set<String> namespaces) {
    this.namespaces = Set.copyOf(namespaces);
  }

  /** The flow as he sees it; null: not at all. */
  @Nullable FlowRecord of(FlowRecord flow) {
    boolean source = isHis(flow.source());
    boolean destination = isHis(flow.destination());
    if (!source && !destination) {
      return null;
    }
    boolean hideSource = !source && !flow.source().namespace().isEmpty();
    boolean hideDestination = !destination && !flow.destination().namespace().isEmpty();
    return hideSource || hideDestination ? reduced(flow, hideSource, hideDestination) : flow;
  }

  boolean includes(String namespace) {
    return namespaces.contains(namespace);
  }

  private boolean isHis(FlowEndpoint end) {
    return namespaces.contains(end.namespace());
  }

  private FlowRecord reduced(FlowRecord flow, boolean hideSource, boolean hideDestination) {
    boolean seenByOther =
        flow.direction() == TrafficDirection.INGRESS_VALUE
            ? hideDestination
            : flow.direction() == TrafficDirection.EGRESS_VALUE && hideSource;
    return new FlowRecord(
        flow.sequence(),
        flow.time(),
        flow.kind(),
        flow.verdict(),
        flow.subtype(),
        flow.direction(),
        flow.flags(),
        flow.protocol(),
        flow.tcpFlags(),
        seenByOther ? 0 : flow.match(),
        flow.traceReason(),
        flow.dropReason(),
        flow.reply(),
        hideSource ? 0 : flow.sourceHigh(),
        hideSource ? 0 : flow.sourceLow(),
        hideDestination ? 0 : flow.destinationHigh(),
        hideDestination ? 0 : flow.destinationLow(),
        flow.sourcePort(),
        flow.destinationPort(),
        0, // the other end's, or what is on the way to it
        0,
        0,
        flow.count(),
        seenByOther ? 0 : flow.rule(),
        hideSource ? reduced(flow.source()) : flow.source(),
        hideDestination ? reduced(flow.destination()) : flow.destination(),
        hideSource ? List.of() : flow.sourceNames(),
        hideDestination ? List.of() : flow.destinationNames(),
        seenByOther ? RuleOrigin.NONE : flow.origin(),
        "",
        isHisService(flow.service()) ? flow.service() : "",
        flow.dns());
  }

  private boolean isHisService(String service) {
    int slash = service.indexOf('/');
    return slash > 0 && namespaces.contains(service.substring(0, slash));
  }

  private static FlowEndpoint reduced(FlowEndpoint end) {
    return FlowEndpoint.pod(
        0, 0, end.clusterName(), end.namespace(), "", FlowLabels.NONE, List.of());
  }
}
