package io.ovenet.kubernetes.policy;

import io.ovenet.policy.CidrSelector;
import io.ovenet.policy.EndpointSelector;
import io.ovenet.policy.Label;
import io.ovenet.policy.LabelKeys;
import io.ovenet.policy.LabelRequirement;
import io.ovenet.policy.Labels;
import io.ovenet.policy.PeerSelector;
import io.ovenet.policy.Peers;
import io.ovenet.policy.PolicyKey;
import io.ovenet.policy.PortName;
import io.ovenet.policy.PortRange;
import io.ovenet.policy.Rule;
import io.ovenet.policy.RuleEffect;
import io.ovenet.policy.RuleEntry;
import io.ovenet.policy.RuleOrigin;
import io.ovenet.policy.TrafficDirection;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * A NetworkPolicy of networking.k8s.io/v1, as the API's documentation says: ipBlock selects what
 * lies outside the cluster, and pods by their address.
 */
final class NetworkPolicyParser {
  private final PolicyKey key;
  private final Labels labels;
  private final PeerScope scope;

  NetworkPolicyParser(PolicyKey key, Labels labels, String cluster) {
    this.key = key;
    this.labels = labels;
    this.scope = new PeerScope(key.namespace(), cluster);
  }

  Rule rule(Field spec) {
    spec.requireObject().only(Set.of("podSelector", "ingress", "egress", "policyTypes"));
    List<RuleEntry> entries = new ArrayList<>();
    boolean ingress = isOn(spec, "Ingress");
    boolean egress = isOn(spec, "Egress");
    // Rules of a direction that policyTypes leaves out are read, for their errors, and ignored.
    List<RuleEntry> ignored = new ArrayList<>();
    for (Field item : spec.get("ingress").items()) {
      entries(item, "from", TrafficDirection.INGRESS, ingress ? entries : ignored);
    }
    for (Field item : spec.get("egress").items()) {
      entries(item, "to", TrafficDirection.EGRESS, egress ? entries : ignored);
    }
    return new Rule(subject(spec), ingress, egress, entries, labels, "", origin(spec.path()));
  }

  Rule isolation(Field spec) {
    Field types = spec.get("policyTypes");
    boolean egress =
        types.value() instanceof List<?> list
            ? list.contains("Egress")
            : spec.get("egress").present();
    boolean ingress = !(types.value() instanceof List<?> list) || !list.equals(List.of("Egress"));
    return new Rule(subject(spec), ingress, egress, List.of(), labels, "", origin(spec.path()));
  }

  private EndpointSelector subject(Field spec) {
    return scope.subjects(podRequirements(spec.get("podSelector")));
  }

  private static List<LabelRequirement> podRequirements(Field selector) {
    return selector.present() ? SelectorParser.requirements(selector, Label.K8S, "") : List.of();
  }

  private RuleOrigin origin(String path) {
    return new RuleOrigin(key.kind(), key.namespace(), key.name(), path);
  }

  private static boolean isOn(Field spec, String type) {
    List<Field> types = spec.get("policyTypes").items();
    boolean on =
        types.isEmpty() && (type.equals("Ingress") || !spec.get("egress").items().isEmpty());
    for (Field item : types) {
      if (!Set.of("Ingress", "Egress").contains(item.string())) {
        throw item.error("unknown type '" + item.string() + "'", "use Ingress or Egress");
      }
      on |= item.string().equals(type);
    }
    return on;
  }

  private void entries(
      Field item, String peersKey, TrafficDirection direction, List<RuleEntry> entries) {
    item.only(Set.of(peersKey, "ports"));
    List<Field> from = item.get(peersKey).items();
    List<PeerSelector> selectors = new ArrayList<>();
    for (Field peer : from) {
      selectors.add(peer(peer));
    }
    List<Field> ports = item.get("ports").items();
    List<PortRange> ranges = new ArrayList<>();
    List<PortName> names = new ArrayList<>();
    for (Field port : ports) {
      port(port, ranges, names);
    }
    entries.add(
        new RuleEntry(
            direction,
            RuleEffect.ALLOW,
            from.isEmpty() ? Peers.EVERYONE : new Peers.Selected(selectors),
            ports.isEmpty() ? List.of(PortRange.EVERYTHING) : ranges,
            names,
            origin(item.path())));
  }

  private PeerSelector peer(Field peer) {
    peer.only(Set.of("podSelector", "namespaceSelector", "ipBlock"));
    Field pods = peer.get("podSelector");
    Field namespaces = peer.get("namespaceSelector");
    Field block = peer.get("ipBlock");
    if (block.present()) {
      if (pods.present() || namespaces.present()) {
        throw block.error("ipBlock together with a selector", "write two peers, one with each");
      }
      block.only(Set.of("cidr", "except"));
      CidrSelector outside = PeersParser.cidrWithExcept(block);
      return new CidrSelector(outside.cidr(), outside.except(), true);
    }
    if (!pods.present() && !namespaces.present()) {
      throw peer.error(
          "none of podSelector, namespaceSelector and ipBlock", "give at least one of them");
    }
    List<LabelRequirement> requirements = new ArrayList<>(podRequirements(pods));
    if (namespaces.present()) {
      requirements.addAll(
          SelectorParser.requirements(namespaces, Label.K8S, LabelKeys.NAMESPACE_LABELS));
      requirements.add(LabelRequirement.exists(Label.K8S, LabelKeys.NAMESPACE));
    }
    return scope.peers(requirements);
  }

  private static void port(Field port, List<PortRange> ranges, List<PortName> names) {
    port.only(Set.of("protocol", "port", "endPort"));
    Field protocolField = port.get("protocol");
    int protocol =
        switch (protocolField.stringOr("TCP")) {
          case "TCP" -> PortRange.TCP;
          case "UDP" -> PortRange.UDP;
          case "SCTP" -> PortRange.SCTP;
          default ->
              throw protocolField.error(
                  "unknown protocol '" + protocolField.string() + "'", "use TCP, UDP or SCTP");
        };
    Field number = port.get("port");
    Field end = port.get("endPort");
    if (!number.present()) {
      if (end.present()) {
        throw end.error("endPort without port", "give port, too");
      }
      ranges.add(PortRange.all(protocol));
    } else if (number.value() instanceof String) {
      if (end.present()) {
        throw end.error("a named port has no end", "give port as a number");
      }
      if (!PortsParser.isName(number.string())) {
        throw number.error(
            "not a port name: '" + number.string() + "'",
            "give a number, or a name of at most 15 letters, digits and '-'");
      }
      names.add(new PortName(protocol, number.string()));
    } else {
      int from = number.integer(1, 0xffff);
      int to = end.present() ? end.integer(1, 0xffff) : from;
      if (to < from) {
        throw end.error(
            "endPort " + to + " is below port " + from, "give an endPort that is not below port");
      }
      ranges.add(new PortRange(protocol, from, to));
    }
  }
}
