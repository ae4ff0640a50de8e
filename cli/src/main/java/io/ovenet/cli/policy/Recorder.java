package io.ovenet.cli.policy;

import io.ovenet.api.flow.TrafficDirection;
import io.ovenet.api.flow.Verdict;
import io.ovenet.api.ledger.LedgerEntry;
import io.ovenet.api.ledger.Party;
import io.ovenet.policy.Cidr;
import io.ovenet.policy.Label;
import io.ovenet.policy.LabelKeys;
import io.ovenet.policy.Labels;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The least policies that let pass what passed: one for each workload and what it was seen with, by
 * labels, by the ports that were seen and no others. For a person to review. For one thread.
 */
final class Recorder {
  private static final String K8S = "k8s:";

  /** What has one policy: pods of a namespace with the same labels. */
  private record Subject(String namespace, Map<String, String> labels, String name)
      implements Comparable<Subject> {
    @Override
    public int compareTo(Subject other) {
      int byNamespace = namespace.compareTo(other.namespace);
      return byNamespace != 0 ? byNamespace : labels.toString().compareTo(other.labels.toString());
    }

    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Subject that && compareTo(that) == 0;
    }

    @Override
    public int hashCode() {
      return labels.hashCode() * 31 + namespace.hashCode();
    }
  }

  /** A peer in the words of a rule, and the ports that it was seen with. */
  private record Peer(String field, Object value) {}

  private final Set<String> namespaces;
  private final Map<Subject, Map<TrafficDirection, Map<String, Rule>>> subjects = new TreeMap<>();
  private final Set<String> leftOut = new TreeSet<>();

  /** Ports by protocol for one peer. */
  private static final class Rule {
    private final Peer peer;
    private final Set<List<Object>> ports = new TreeSet<>((a, b) -> text(a).compareTo(text(b)));
    private final Set<List<Object>> icmps = new TreeSet<>((a, b) -> text(a).compareTo(text(b)));

    Rule(Peer peer) {
      this.peer = peer;
    }

    private static String text(List<Object> port) {
      return port.toString();
    }
  }

  /**
   * For the workloads of these namespaces.
   *
   * @param namespaces empty: all
   */
  Recorder(Set<String> namespaces) {
    this.namespaces = Set.copyOf(namespaces);
  }

  /** What can be in no policy of this kind, each a sentence. */
  Set<String> leftOut() {
    return leftOut;
  }

  /** Takes connections that passed. */
  void add(LedgerEntry entry) {
    if (entry.getVerdict() == Verdict.DROPPED) {
      return;
    }
    add(entry, TrafficDirection.INGRESS, entry.getDestination(), entry.getSource());
    add(entry, TrafficDirection.EGRESS, entry.getSource(), entry.getDestination());
  }

  private void add(LedgerEntry entry, TrafficDirection direction, Party of, Party with) {
    String namespace = of.getNamespace();
    if (namespace.isEmpty()
        || of.getLabelsCount() == 0
        || (!namespaces.isEmpty() && !namespaces.contains(namespace))) {
      return;
    }
    Peer peer = peer(namespace, with, direction);
    if (peer == null) {
      leftOut.add(name(with) + ": nobody knows by which labels");
      return;
    }
    var subject = new Subject(namespace, own(Parties.labels(of)), of.getName());
    if (subject.labels.isEmpty()) {
      leftOut.add(namespace + "/" + of.getName() + " has no labels to select it by");
      return;
    }
    Rule rule =
        subjects
            .computeIfAbsent(subject, _ -> new TreeMap<>())
            .computeIfAbsent(direction, _ -> new TreeMap<>())
            .computeIfAbsent(peer.toString(), _ -> new Rule(peer));
    switch (entry.getProtocol()) {
      case 6 -> rule.ports.add(List.of(entry.getPort(), "TCP"));
      case 17 -> rule.ports.add(List.of(entry.getPort(), "UDP"));
      case 132 -> rule.ports.add(List.of(entry.getPort(), "SCTP"));
      case 1 -> rule.icmps.add(List.of(entry.getPort(), "IPv4"));
      case 58 -> rule.icmps.add(List.of(entry.getPort(), "IPv6"));
      default ->
          leftOut.add(
              name(of)
                  + " with "
                  + name(with)
                  + ": no rule can name protocol "
                  + entry.getProtocol());
    }
  }

  private static String name(Party party) {
    return io.ovenet.cli.hubble.LedgerCommand.text(party);
  }

  /** Labels that tell pods of a namespace apart. */
  private static Map<String, String> own(Labels labels) {
    var own = new TreeMap<String, String>();
    for (Label label : labels.asList()) {
      if (label.source().equals(Label.K8S)
          && !label.key().equals(LabelKeys.NAMESPACE)
          && !label.key().startsWith(LabelKeys.NAMESPACE_LABELS)
          && !label.key().equals(LabelKeys.CLUSTER)
          && !label.key().equals(LabelKeys.SERVICE_ACCOUNT)) {
        own.put(label.key(), label.value());
      }
    }
    return own;
  }

  private static @Nullable Peer peer(String from, Party with, TrafficDirection direction) {
    String way = direction == TrafficDirection.INGRESS ? "from" : "to";
    if (with.getLabelsCount() == 0) {
      return null;
    }
    Labels labels = Parties.labels(with);
    if (!with.getNamespace().isEmpty()) {
      var match = new TreeMap<String, String>(own(labels));
      if (!with.getNamespace().equals(from)) {
        match.put(K8S + LabelKeys.NAMESPACE, with.getNamespace());
      }
      return match.isEmpty() ? null : new Peer(way + "Endpoints", Map.of("matchLabels", match));
    }
    Cidr prefix = Parties.prefix(labels);
    if (prefix != null) {
      return new Peer(way + "CIDR", prefix.toString());
    }
    for (Label label : labels.asList()) {
      if (label.source().equals(Label.RESERVED)) {
        return new Peer(way + "Entities", label.key());
      }
    }
    return null;
  }

  /** CiliumNetworkPolicies, by namespace and labels. */
  List<Map<String, Object>> policies() {
    var policies = new ArrayList<Map<String, Object>>();
    var names = new TreeSet<String>();
    subjects.forEach(
        (subject, directions) -> {
          var spec = new LinkedHashMap<String, Object>();
          spec.put("endpointSelector", Map.of("matchLabels", subject.labels));
          directions.forEach(
              (direction, rules) ->
                  spec.put(
                      direction.name().toLowerCase(Locale.ROOT),
                      rules.values().stream().map(Recorder::rule).toList()));
          var metadata = new LinkedHashMap<String, Object>();
          metadata.put("name", unique(subject, names));
          metadata.put("namespace", subject.namespace);
          var policy = new LinkedHashMap<String, Object>();
          policy.put("apiVersion", "cilium.io/v2");
          policy.put("kind", "CiliumNetworkPolicy");
          policy.put("metadata", metadata);
          policy.put("spec", spec);
          policies.add(policy);
        });
    return policies;
  }

  private static String unique(Subject subject, Set<String> names) {
    String base = "recorded-" + (subject.name.isEmpty() ? "pods" : subject.name);
    String name = base;
    for (int i = 2; !names.add(subject.namespace + "/" + name); i++) {
      name = base + "-" + i;
    }
    return name;
  }

  private static Map<String, Object> rule(Rule of) {
    var rule = new LinkedHashMap<String, Object>();
    rule.put(of.peer.field, List.of(of.peer.value));
    if (!of.ports.isEmpty()) {
      var ports = new ArrayList<Map<String, Object>>();
      for (List<Object> port : of.ports) {
        var one = new LinkedHashMap<String, Object>();
        one.put("port", String.valueOf(port.get(0)));
        one.put("protocol", port.get(1));
        ports.add(one);
      }
      rule.put("toPorts", List.of(Map.of("ports", ports)));
    }
    if (!of.icmps.isEmpty()) {
      var fields = new ArrayList<Map<String, Object>>();
      for (List<Object> icmp : of.icmps) {
        var one = new LinkedHashMap<String, Object>();
        one.put("family", icmp.get(1));
        one.put("type", icmp.get(0));
        fields.add(one);
      }
      rule.put("icmps", List.of(Map.of("fields", fields)));
    }
    return rule;
  }
}
