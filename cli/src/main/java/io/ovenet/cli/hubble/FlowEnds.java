package io.ovenet.cli.hubble;

import io.ovenet.api.flow.Endpoint;
import io.ovenet.api.flow.Flow;
import io.ovenet.api.flow.Workload;
import io.ovenet.api.ledger.Party;
import io.ovenet.flow.RuleOrigin;
import java.util.List;

/** Who connected to whom and by which rule, in the words that the ledger has for it. */
final class FlowEnds {
  private static final int TCP = 6;
  private static final int UDP = 17;
  private static final int SCTP = 132;
  private static final int ICMP = 1;
  private static final int ICMPV6 = 58;

  private FlowEnds() {}

  /** As the ledger of the agent that saw it has it. */
  static Party party(Flow flow, boolean source) {
    Endpoint end = source ? flow.getSource() : flow.getDestination();
    List<String> names = source ? flow.getSourceNamesList() : flow.getDestinationNamesList();
    var party =
        Party.newBuilder()
            .setCluster(end.getClusterName())
            .setNamespace(end.getNamespace())
            .addAllLabels(end.getLabelsList());
    if (!names.isEmpty()) {
      party.setKind("DNS").setName(names.get(0));
    } else if (end.getWorkloadsCount() > 0) {
      Workload workload = end.getWorkloads(0);
      party.setKind(workload.getKind()).setName(workload.getName());
    } else if (!end.getPodName().isEmpty()) {
      party.setKind("Pod").setName(end.getPodName());
    }
    return party.build();
  }

  /** IANA's number; 0: the flow does not say. */
  static int protocol(Flow flow) {
    return switch (flow.getL4().getProtocolCase()) {
      case TCP -> TCP;
      case UDP -> UDP;
      case SCTP -> SCTP;
      case ICMPV4 -> ICMP;
      case ICMPV6 -> ICMPV6;
      case VRRP -> 112;
      case IGMP -> 2;
      case PROTOCOL_NOT_SET -> 0;
    };
  }

  /** Of the destination; of ICMP the type. */
  static int port(Flow flow) {
    return switch (flow.getL4().getProtocolCase()) {
      case TCP -> flow.getL4().getTCP().getDestinationPort();
      case UDP -> flow.getL4().getUDP().getDestinationPort();
      case SCTP -> flow.getL4().getSCTP().getDestinationPort();
      case ICMPV4 -> flow.getL4().getICMPv4().getType();
      case ICMPV6 -> flow.getL4().getICMPv6().getType();
      case VRRP, IGMP, PROTOCOL_NOT_SET -> 0;
    };
  }

  /** Each policy that decided, as {@code kind [namespace/]name [field path]}. */
  static List<String> rules(Flow flow) {
    return FlowWords.policies(flow).stream().map(RuleOrigin::text).toList();
  }
}
