package io.ovenet.policy.question;

import io.ovenet.policy.Label;
import io.ovenet.policy.LabelKeys;
import io.ovenet.policy.LabelRequirement;
import io.ovenet.policy.Labels;
import io.ovenet.policy.PortRange;
import io.ovenet.policy.ReservedIdentity;
import io.ovenet.policy.TrafficDirection;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The smallest policy that lets one connection pass on one side: it allows, and isolates nobody. It
 * selects the subject and the peer so that no other identity that is known is selected with them.
 */
final class Addition {
  private final String cluster;
  private final Collection<Labels> known;

  /**
   * For one world.
   *
   * @param known the labels of all pods
   */
  Addition(String cluster, Collection<Labels> known) {
    this.cluster = cluster;
    this.known = known;
  }

  /** The proposal; null where no rule can name the port alone. */
  @Nullable Proposal of(
      Party subject, TrafficDirection direction, Party peer, int protocol, int port) {
    boolean ports =
        protocol == PortRange.TCP || protocol == PortRange.UDP || protocol == PortRange.SCTP;
    boolean icmp = protocol == PortRange.ICMP || protocol == PortRange.ICMPV6;
    if ((ports && port == 0) || (!ports && !icmp)) {
      return null;
    }
    boolean ingress = direction == TrafficDirection.INGRESS;
    String prefix = ingress ? "from" : "to";
    Map<String, Object> rule = new LinkedHashMap<>();
    String who = peer(rule, prefix, subject, peer);
    if (ports) {
      rule.put(
          "toPorts",
          List.of(
              Map.of("ports", List.of(ordered("port", "" + port, "protocol", name(protocol))))));
    } else {
      rule.put(
          "icmps",
          List.of(
              Map.of(
                  "fields",
                  List.of(
                      ordered(
                          "family", protocol == PortRange.ICMP ? "IPv4" : "IPv6", "type", port)))));
    }
    Map<String, Object> spec = new LinkedHashMap<>();
    List<LabelRequirement> selector = subjectSelector(subject);
    spec.put("endpointSelector", document(selector));
    spec.put("enableDefaultDeny", ordered("ingress", false, "egress", false));
    spec.put(ingress ? "ingress" : "egress", List.of(rule));
    Map<String, Object> metadata = new LinkedHashMap<>();
    metadata.put("name", objectName(subject, ingress, peer, protocol, port));
    if (subject.isPod()) {
      metadata.put("namespace", subject.namespace());
    }
    Map<String, Object> document = new LinkedHashMap<>();
    document.put("apiVersion", "cilium.io/v2");
    document.put(
        "kind", subject.isPod() ? "CiliumNetworkPolicy" : "CiliumClusterwideNetworkPolicy");
    document.put("metadata", metadata);
    document.put("spec", spec);
    String whose = pods(selector, subject.namespace());
    String what = icmp ? name(protocol) + " type " + port : port + "/" + name(protocol);
    return new Proposal(
        document,
        ingress
            ? what + " of " + whose + " to " + who
            : "to " + whose + " the way out to " + what + " of " + who);
  }

  private static Map<String, Object> ordered(String one, Object a, String two, Object b) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put(one, a);
    map.put(two, b);
    return map;
  }

  private static String name(int protocol) {
    return switch (protocol) {
      case PortRange.TCP -> "TCP";
      case PortRange.UDP -> "UDP";
      case PortRange.SCTP -> "SCTP";
      case PortRange.ICMP -> "ICMP";
      default -> "ICMPv6";
    };
  }

  private List<LabelRequirement> subjectSelector(Party subject) {
    if (!subject.isPod()) {
      List<LabelRequirement> reserved = new ArrayList<>();
      for (Label label : subject.labels().asList()) {
        reserved.add(LabelRequirement.in(label.source(), label.key(), List.of(label.value())));
      }
      return reserved;
    }
    return Distinction.of(
        subject.labels(), inNamespace(subject.namespace()), List.of(LabelKeys.NAMESPACE));
  }

  private List<Labels> inNamespace(String namespace) {
    List<Labels> same = new ArrayList<>();
    for (Labels labels : known) {
      if (namespace.equals(labels.get(Label.K8S, LabelKeys.NAMESPACE))) {
        same.add(labels);
      }
    }
    return same;
  }

  /** Puts the member that names the peer, and says who that is. */
  private String peer(Map<String, Object> rule, String prefix, Party subject, Party peer) {
    if (peer.isOutside()) {
      rule.put(prefix + "CIDR", List.of(String.valueOf(peer.address())));
      return peer.address() + " outside the cluster";
    }
    String host = peer.labels().get(Label.NODE, LabelKeys.HOSTNAME);
    if (host != null) {
      String key = Label.NODE + ":" + LabelKeys.HOSTNAME;
      rule.put(prefix + "Nodes", List.of(Map.of("matchLabels", Map.of(key, host))));
      return "nodes " + key + "=" + host;
    }
    if (!peer.isPod()) {
      String entity = entity(peer.labels());
      rule.put(prefix + "Entities", List.of(entity));
      return switch (entity) {
        case "remote-node" -> "all other nodes, API servers on them included";
        case "world" -> "all addresses outside the cluster";
        case "kube-apiserver" -> "all API servers";
        default -> "the entity " + entity;
      };
    }
    List<Labels> others = new ArrayList<>();
    String otherCluster = peer.labels().get(Label.K8S, LabelKeys.CLUSTER);
    for (Labels labels : inNamespace(peer.namespace())) {
      if (java.util.Objects.equals(labels.get(Label.K8S, LabelKeys.CLUSTER), otherCluster)) {
        others.add(labels);
      }
    }
    List<LabelRequirement> selector =
        new ArrayList<>(
            Distinction.of(peer.labels(), others, List.of(LabelKeys.NAMESPACE, LabelKeys.CLUSTER)));
    String text = pods(selector, peer.namespace());
    boolean scoped = true;
    for (LabelRequirement requirement : selector) {
      scoped &= !requirement.key().startsWith(LabelKeys.NAMESPACE_LABELS);
    }
    if (!scoped || !peer.namespace().equals(subject.namespace())) {
      selector.add(LabelRequirement.in(Label.K8S, LabelKeys.NAMESPACE, List.of(peer.namespace())));
    }
    if (otherCluster != null && !otherCluster.equals(cluster)) {
      selector.add(LabelRequirement.in(Label.K8S, LabelKeys.CLUSTER, List.of(otherCluster)));
      text += " in cluster " + otherCluster;
    }
    rule.put(prefix + "Endpoints", List.of(document(selector)));
    return text;
  }

  private static String entity(Labels labels) {
    for (ReservedIdentity identity : ReservedIdentity.values()) {
      if (identity.labels().equals(labels)) {
        return identity.labelName();
      }
    }
    for (ReservedIdentity part :
        List.of(
            ReservedIdentity.HOST, ReservedIdentity.KUBE_APISERVER, ReservedIdentity.REMOTE_NODE)) {
      if (labels.isReserved(part)) {
        return part.labelName();
      }
    }
    throw new IllegalArgumentException("neither pod nor address nor reserved: " + labels);
  }

  private static String pods(List<LabelRequirement> selector, String namespace) {
    StringBuilder text = new StringBuilder("pods");
    for (LabelRequirement requirement : selector) {
      text.append(text.length() == 4 ? " " : ", ").append(requirement);
    }
    return namespace.isEmpty() ? text.toString() : text + " of namespace " + namespace;
  }

  /** The selector as YAML has it. */
  private static Map<String, Object> document(List<LabelRequirement> requirements) {
    Map<String, Object> labels = new LinkedHashMap<>();
    List<Object> expressions = new ArrayList<>();
    for (LabelRequirement requirement : requirements) {
      String key =
          requirement.source().equals(LabelRequirement.ANY_SOURCE)
              ? requirement.key()
              : requirement.source() + ":" + requirement.key();
      if (requirement.operator() == LabelRequirement.Operator.IN) {
        labels.put(key, requirement.values().getFirst());
      } else {
        expressions.add(ordered("key", key, "operator", "DoesNotExist"));
      }
    }
    Map<String, Object> selector = new LinkedHashMap<>();
    if (!labels.isEmpty()) {
      selector.put("matchLabels", labels);
    }
    if (!expressions.isEmpty()) {
      selector.put("matchExpressions", expressions);
    }
    return selector;
  }

  private static String objectName(
      Party subject, boolean ingress, Party peer, int protocol, int port) {
    String name =
        "allow-"
            + shortName(subject)
            + (ingress ? "-from-" : "-to-")
            + shortName(peer)
            + "-"
            + name(protocol)
            + "-"
            + port;
    String clean =
        name.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-").replaceAll("(^-)|(-$)", "");
    return clean.length() <= 200 ? clean : clean.substring(0, 200).replaceAll("-$", "");
  }

  private static String shortName(Party party) {
    return party.name().substring(party.name().indexOf('/') + 1);
  }
}
