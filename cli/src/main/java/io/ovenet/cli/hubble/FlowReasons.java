package io.ovenet.cli.hubble;

import io.ovenet.api.flow.DropReason;
import io.ovenet.api.flow.Endpoint;
import io.ovenet.api.flow.Flow;
import io.ovenet.api.flow.Verdict;
import io.ovenet.kubernetes.question.SideText;
import io.ovenet.kubernetes.question.YamlText;
import io.ovenet.kubernetes.world.ClusterState;
import io.ovenet.policy.Cidr;
import io.ovenet.policy.Label;
import io.ovenet.policy.Labels;
import io.ovenet.policy.NamedPorts;
import io.ovenet.policy.ReservedIdentity;
import io.ovenet.policy.TrafficDirection;
import io.ovenet.policy.question.Judge;
import io.ovenet.policy.question.Party;
import io.ovenet.policy.question.Why;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Says of a flow by which rule it was decided, and of what policy dropped the least that would let
 * it pass, as {@code ovenet policy why} does: by the policies that the cluster has now. For one
 * thread.
 */
final class FlowReasons {
  /** Gives the cluster's state. */
  @FunctionalInterface
  interface Cluster {
    ClusterState read() throws IOException;
  }

  /** While flows are followed, policies change. */
  private static final long FRESH_NANOS = 5_000_000_000L;

  private final Cluster cluster;
  private final Set<Map<String, Object>> told = new HashSet<>();
  private final Map<Labels, Party> pods = new HashMap<>();
  private @Nullable ClusterState state;
  private @Nullable Judge judge;
  private long readAt;
  private @Nullable String failure;

  FlowReasons(Cluster cluster) {
    this.cluster = cluster;
  }

  /** Why the cluster could not be asked, once; null: it could, or that was said. */
  @Nullable String failure() {
    String said = failure;
    failure = null;
    return said;
  }

  /** Lines to stand below a flow. */
  List<String> of(Flow flow) {
    var lines = new ArrayList<String>();
    for (String rule : FlowEnds.rules(flow)) {
      lines.add((isDenied(flow) ? "denied by " : "allowed by ") + rule);
    }
    if (isDenied(flow) && flow.hasL4()) {
      wouldAllow(flow, lines);
    }
    return lines;
  }

  private static boolean isDenied(Flow flow) {
    return flow.getVerdict() == Verdict.DROPPED
        && (flow.getDropReasonDesc() == DropReason.POLICY_DENIED
            || flow.getDropReasonDesc() == DropReason.POLICY_DENY
            || flow.getDropReasonDesc() == DropReason.AUTH_REQUIRED);
  }

  private void wouldAllow(Flow flow, List<String> lines) {
    ClusterState now;
    try {
      now = state();
    } catch (IOException e) {
      failure = "what would allow these cannot be said: " + e.getMessage();
      return;
    }
    Party source = party(flow.getSource(), flow.getIP().getSource());
    Party destination = party(flow.getDestination(), flow.getIP().getDestination());
    if (now == null || judge == null || source == null || destination == null) {
      return;
    }
    Why why = now.why(judge);
    int protocol = FlowEnds.protocol(flow);
    int port = FlowEnds.port(flow);
    boolean passes = true;
    for (TrafficDirection direction : TrafficDirection.values()) {
      boolean egress = direction == TrafficDirection.EGRESS;
      Why.Side side =
          egress
              ? why.side(source, direction, destination, protocol, port)
              : why.side(destination, direction, source, protocol, port);
      if (!side.passes()) {
        passes = false;
        describe(now, side, egress, lines);
      }
    }
    if (passes) {
      lines.add("by today's policies it would pass");
    }
  }

  private void describe(ClusterState now, Why.Side side, boolean egress, List<String> lines) {
    lines.add((egress ? "egress" : "ingress") + " is " + SideText.verdict(side));
    SideText.details(now, side).forEach(line -> lines.add("  " + line));
    var proposal = side.proposal();
    if (proposal == null) {
      return;
    }
    String name = String.valueOf(name(proposal.document()));
    if (!told.add(proposal.document())) {
      lines.add("  " + name + ", shown above, would let it pass");
      return;
    }
    lines.add("  this would let it pass; it opens " + proposal.opens() + ":");
    YamlText.write(proposal.document()).lines().forEach(line -> lines.add("    " + line));
  }

  private static @Nullable Object name(Map<String, Object> document) {
    return document.get("metadata") instanceof Map<?, ?> metadata ? metadata.get("name") : null;
  }

  private @Nullable ClusterState state() throws IOException {
    long now = System.nanoTime();
    if (state == null || now - readAt > FRESH_NANOS) {
      ClusterState fresh = cluster.read();
      judge = fresh.judge();
      pods.clear();
      fresh.pods().forEach(pod -> pods.putIfAbsent(pod.labels(), pod));
      state = fresh;
      readAt = System.nanoTime();
    }
    return state;
  }

  /** By the labels that it had then; null: none are known. */
  private @Nullable Party party(Endpoint end, String address) {
    if (end.getLabelsCount() == 0) {
      return null;
    }
    var labels = new ArrayList<Label>();
    end.getLabelsList().forEach(text -> labels.add(Label.parse(text)));
    Labels all = Labels.of(labels);
    String name =
        end.getPodName().isEmpty() ? address : end.getNamespace() + "/" + end.getPodName();
    boolean outside =
        all.isReserved(ReservedIdentity.WORLD)
            || all.isReserved(ReservedIdentity.WORLD_IPV4)
            || all.isReserved(ReservedIdentity.WORLD_IPV6);
    if (outside && !address.isEmpty()) {
      return Party.outside(name, Cidr.parse(address));
    }
    Party pod = pods.get(all);
    return pod == null
        ? new Party(name, all, null, NamedPorts.NONE, false)
        : new Party(name, all, pod.address(), pod.ports(), pod.audit());
  }
}
