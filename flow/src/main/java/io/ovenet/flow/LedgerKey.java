package io.ovenet.flow;

import io.ovenet.api.flow.TrafficDirection;
import io.ovenet.api.flow.Verdict;
import io.ovenet.api.flow.Workload;
import io.ovenet.api.ledger.LedgerEntry;
import io.ovenet.datapath.ConnectionView;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What connections of the ledger have in common.
 *
 * @param port of the destination; of ICMP the type; 0 of other protocols
 * @param protocol IANA's number
 * @param verdict Hubble's number
 * @param direction whose side's policy gave it, Hubble's number
 * @param rules what decided
 */
record LedgerKey(
    Party source,
    Party destination,
    int port,
    int protocol,
    int verdict,
    int direction,
    List<String> rules) {

  // Written out, as Party's: generated ones are many times slower in what the agent's compiler
  // makes, and hash lists of which there are few.
  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof LedgerKey that
        && port == that.port
        && protocol == that.protocol
        && verdict == that.verdict
        && direction == that.direction
        && source.equals(that.source)
        && destination.equals(that.destination)
        && rules.equals(that.rules);
  }

  @Override
  public int hashCode() {
    int ends = 31 * source.hashCode() + destination.hashCode();
    return 31 * (31 * ends + port) + (protocol << 16 | verdict << 8 | direction);
  }

  /** One end. One object for each endpoint, mostly: compared by its fields only where it is not. */
  record Party(String cluster, String namespace, String kind, String name, List<String> labels) {
    @Override
    public boolean equals(@Nullable Object other) {
      return this == other
          || (other instanceof Party that
              && name.equals(that.name)
              && namespace.equals(that.namespace)
              && kind.equals(that.kind)
              && cluster.equals(that.cluster)
              && labels.equals(that.labels));
    }

    @Override
    public int hashCode() {
      int called = 31 * namespace.hashCode() + name.hashCode();
      // Whoever has no name is told by labels alone.
      return name.isEmpty() ? 31 * called + labels.hashCode() : called;
    }

    static Party of(FlowEndpoint endpoint) {
      List<Workload> workloads = endpoint.workloads();
      String kind = endpoint.podName().isEmpty() ? "" : "Pod";
      String name = endpoint.podName();
      if (!workloads.isEmpty()) {
        kind = workloads.get(0).getKind();
        name = workloads.get(0).getName();
      }
      return new Party(
          endpoint.clusterName(),
          endpoint.namespace(),
          kind,
          name,
          List.copyOf(endpoint.labels().texts()));
    }

    Party named(String dnsName) {
      return new Party(cluster, namespace, "DNS", dnsName, labels);
    }

    private io.ovenet.api.ledger.Party message() {
      return io.ovenet.api.ledger.Party.newBuilder()
          .setCluster(cluster)
          .setNamespace(namespace)
          .setKind(kind)
          .setName(name)
          .addAllLabels(labels)
          .build();
    }

    private static Party of(io.ovenet.api.ledger.Party message) {
      return new Party(
          message.getCluster(),
          message.getNamespace(),
          message.getKind(),
          message.getName(),
          List.copyOf(message.getLabelsList()));
    }
  }

  /** Whether it passed only because of audit. */
  boolean isAudit() {
    return verdict == Verdict.AUDIT_VALUE;
  }

  /** Of a verdict's flow. */
  static LedgerKey of(FlowRecord flow) {
    return new LedgerKey(
        party(flow.source(), flow.sourceNames()),
        party(flow.destination(), flow.destinationNames()),
        port(flow),
        flow.protocol(),
        flow.verdict(),
        flow.direction(),
        flow.origin().texts());
  }

  /** Of a connection that stands: one for each of its ends that is an endpoint of this node. */
  static List<LedgerKey> of(
      ConnectionView connection,
      FlowEndpoint source,
      List<String> sourceNames,
      FlowEndpoint destination,
      List<String> destinationNames,
      boolean audit,
      FlowNames names) {
    var keys = new ArrayList<LedgerKey>(2);
    int verdict = audit ? Verdict.AUDIT_VALUE : Verdict.FORWARDED_VALUE;
    for (int direction : List.of(TrafficDirection.EGRESS_VALUE, TrafficDirection.INGRESS_VALUE)) {
      boolean egress = direction == TrafficDirection.EGRESS_VALUE;
      if ((egress ? connection.sourceEndpoint() : connection.destinationEndpoint()) != 0) {
        int rule = egress ? connection.egressRule() : connection.ingressRule();
        RuleOrigin origin = rule == 0 ? null : names.rule(rule);
        keys.add(
            new LedgerKey(
                party(source, sourceNames),
                party(destination, destinationNames),
                hasPorts(connection.protocol()) ? connection.destinationPort() : 0,
                connection.protocol(),
                verdict,
                direction,
                origin == null ? List.of() : origin.texts()));
      }
    }
    return keys;
  }

  /** The same of another verdict. */
  LedgerKey with(int otherVerdict) {
    return new LedgerKey(source, destination, port, protocol, otherVerdict, direction, rules);
  }

  private static boolean hasPorts(int protocol) {
    return switch (protocol) {
      case FlowRecord.TCP, FlowRecord.UDP, FlowRecord.SCTP, FlowRecord.ICMP, FlowRecord.ICMPV6 ->
          true;
      default -> false;
    };
  }

  private static int port(FlowRecord flow) {
    if (flow.protocol() == FlowRecord.ICMP || flow.protocol() == FlowRecord.ICMPV6) {
      return flow.sourcePort() >> 8;
    }
    return flow.hasPorts() ? flow.destinationPort() : 0;
  }

  private static Party party(FlowEndpoint endpoint, List<String> names) {
    return names.isEmpty() ? endpoint.party() : endpoint.party().named(names.get(0));
  }

  static LedgerKey of(LedgerEntry entry) {
    return new LedgerKey(
        Party.of(entry.getSource()),
        Party.of(entry.getDestination()),
        entry.getPort(),
        entry.getProtocol(),
        entry.getVerdictValue(),
        entry.getDirectionValue(),
        List.copyOf(entry.getRulesList()));
  }

  LedgerEntry.Builder entry() {
    return LedgerEntry.newBuilder()
        .setSource(source.message())
        .setDestination(destination.message())
        .setPort(port)
        .setProtocol(protocol)
        .setVerdict(Verdict.forNumber(verdict))
        .setDirection(TrafficDirection.forNumber(direction))
        .addAllRules(rules);
  }
}
