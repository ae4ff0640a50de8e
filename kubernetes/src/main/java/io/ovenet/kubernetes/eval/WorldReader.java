package io.ovenet.kubernetes.eval;

import io.ovenet.kubernetes.policy.Field;
import io.ovenet.policy.Cidr;
import io.ovenet.policy.Label;
import io.ovenet.policy.LabelKeys;
import io.ovenet.policy.Labels;
import io.ovenet.policy.NamedPort;
import io.ovenet.policy.NamedPorts;
import io.ovenet.policy.PolicySettings;
import io.ovenet.policy.PortRange;
import io.ovenet.policy.ReservedIdentity;
import io.ovenet.policy.TrafficDirection;
import io.ovenet.policy.question.Party;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads the settings, parties and questions of a world; docs/policy-eval.md is its schema. */
final class WorldReader {
  private static final Set<String> MEMBERS =
      Set.of(
          "id",
          "cluster",
          "enforcement",
          "allowLocalHost",
          "namespaces",
          "identities",
          "policies",
          "questions");
  private static final String IDENTITY_REMEDY =
      "name one of identities, a reserved one (host, world, remote-node, …), or an address";

  private static final Map<String, Party> RESERVED = reserved();

  private final Field root;
  private final String cluster;
  private final Map<String, Party> parties = new LinkedHashMap<>();

  /** Reads who there is. */
  WorldReader(Field root) {
    this.root = root;
    root.only(MEMBERS);
    String named = root.get("cluster").stringOr("default");
    if (named.isEmpty()) {
      throw root.get("cluster").error("empty", "name the cluster, or leave the field out");
    }
    cluster = named;
    parties.putAll(RESERVED);
    Field namespaces = root.get("namespaces");
    for (Field identity : root.get("identities").items()) {
      Party party = party(identity, namespaces);
      if (parties.put(party.name(), party) != null) {
        throw identity.get("name").error("a second '" + party.name() + "'", "name it otherwise");
      }
    }
  }

  private static Map<String, Party> reserved() {
    Map<String, Party> reserved = new LinkedHashMap<>();
    for (ReservedIdentity identity : ReservedIdentity.values()) {
      Party party = Party.reserved(identity);
      reserved.put(party.name(), party);
      reserved.put("reserved:" + party.name(), party);
    }
    return reserved;
  }

  PolicySettings settings() {
    Field enforcement = root.get("enforcement");
    PolicySettings.Enforcement mode =
        switch (enforcement.stringOr("default")) {
          case "default" -> PolicySettings.Enforcement.DEFAULT;
          case "always" -> PolicySettings.Enforcement.ALWAYS;
          case "never" -> PolicySettings.Enforcement.NEVER;
          default ->
              throw enforcement.error(
                  "unknown: '" + enforcement.string() + "'", "use default, always or never");
        };
    Field localHost = root.get("allowLocalHost");
    return new PolicySettings(cluster, mode, !localHost.present() || localHost.bool());
  }

  String cluster() {
    return cluster;
  }

  /** The pods. */
  List<Party> pods() {
    List<Party> pods = new ArrayList<>();
    for (Party party : parties.values()) {
      if (party.isPod()) {
        pods.add(party);
      }
    }
    return pods;
  }

  List<Field> policies() {
    return root.get("policies").items();
  }

  List<Field> questions() {
    return root.get("questions").items();
  }

  private Party party(Field identity, Field namespaces) {
    identity.only(Set.of("name", "namespace", "labels", "addresses", "ports", "audit"));
    String name = identity.get("name").string();
    if (name.isEmpty()) {
      throw identity.get("name").error("empty", "give it a name to ask by");
    }
    List<Label> labels = new ArrayList<>();
    String namespace = identity.get("namespace").stringOr("");
    if (!namespace.isEmpty()) {
      labels.add(Label.k8s(LabelKeys.NAMESPACE, namespace));
      Field ofNamespace = namespaces.get(namespace);
      for (String key : ofNamespace.object().keySet()) {
        labels.add(Label.k8s(LabelKeys.NAMESPACE_LABELS + key, ofNamespace.get(key).string()));
      }
    }
    Field written = identity.get("labels");
    if (written.value() instanceof List<?>) {
      for (Field item : written.items()) {
        labels.add(label(item, item.string()));
      }
    } else {
      for (String key : written.object().keySet()) {
        Field value = written.get(key);
        labels.add(withValue(label(value, key), value.stringOr("")));
      }
    }
    Labels read = Labels.of(labels);
    if (read.size() == 0) {
      throw written.error("no labels", "give at least one, or a namespace");
    }
    if (read.has(Label.K8S, LabelKeys.NAMESPACE) && !read.has(Label.K8S, LabelKeys.CLUSTER)) {
      labels.add(Label.k8s(LabelKeys.CLUSTER, cluster));
      read = Labels.of(labels);
    }
    List<Field> addresses = identity.get("addresses").items();
    Cidr address = null;
    for (Field item : addresses) {
      Cidr parsed = cidr(item);
      if (address == null || address.ipv6()) {
        address = parsed;
      }
    }
    Field audit = identity.get("audit");
    return new Party(
        name, read, address, ports(identity.get("ports")), audit.present() && audit.bool());
  }

  private static Label withValue(Label label, String value) {
    return new Label(label.source(), label.key(), value);
  }

  /** A label without source is one of Kubernetes. */
  private static Label label(Field field, String text) {
    try {
      Label label = Label.parse(text);
      return label.source().equals("unspec") ? Label.k8s(label.key(), label.value()) : label;
    } catch (IllegalArgumentException e) {
      throw field.error("not a label: '" + text + "'", "write source:key=value, as k8s:app=web");
    }
  }

  private static Cidr cidr(Field field) {
    try {
      return Cidr.parse(field.string());
    } catch (IllegalArgumentException e) {
      throw field.error(String.valueOf(e.getMessage()), "write an address, as 10.0.0.1");
    }
  }

  private static NamedPorts ports(Field ports) {
    List<NamedPort> named = new ArrayList<>();
    for (Field item : ports.items()) {
      item.only(Set.of("name", "port", "protocol"));
      String name = item.get("name").string();
      int port = item.get("port").integer(1, 0xffff);
      Field protocol = item.get("protocol");
      int number = protocol.present() ? protocol(protocol) : PortRange.TCP;
      named.add(new NamedPort(name, number, port));
    }
    return NamedPorts.of(named);
  }

  /** One question; an error is about it alone. */
  Question question(Field question) {
    question.only(Set.of("subject", "direction", "peer", "protocol", "port", "type"));
    Field direction = question.get("direction");
    TrafficDirection parsed =
        switch (direction.string().toLowerCase(Locale.ROOT)) {
          case "ingress" -> TrafficDirection.INGRESS;
          case "egress" -> TrafficDirection.EGRESS;
          default ->
              throw direction.error(
                  "unknown: '" + direction.string() + "'", "write ingress or egress");
        };
    Party subject = one(question.get("subject"));
    if (subject.isOutside()) {
      throw question
          .get("subject")
          .error("what lies outside has no policy", "ask about one of identities");
    }
    int protocol = protocol(question.get("protocol"));
    boolean icmp = protocol == PortRange.ICMP || protocol == PortRange.ICMPV6;
    Field type = question.get("type");
    Field port = question.get("port");
    int number =
        icmp
            ? (type.present() ? type : port).integer(0, 255)
            : port.present() || isPortProtocol(protocol) ? port.integer(0, 0xffff) : 0;
    return new Question(subject, parsed, one(question.get("peer")), protocol, number);
  }

  private static boolean isPortProtocol(int protocol) {
    return protocol == PortRange.TCP || protocol == PortRange.UDP || protocol == PortRange.SCTP;
  }

  private Party one(Field field) {
    String name = field.string();
    @Nullable Party known = parties.get(name);
    if (known != null) {
      return known;
    }
    try {
      Cidr address = Cidr.parse(name);
      for (Party party : parties.values()) {
        if (address.equals(party.address())) {
          return party;
        }
      }
      return Party.outside(name, address);
    } catch (IllegalArgumentException e) {
      throw field.error("nobody is called '" + name + "'", IDENTITY_REMEDY);
    }
  }

  /** By name, or by IP protocol number. */
  private static int protocol(Field field) {
    if (!(field.value() instanceof String name)) {
      return field.integer(1, 255);
    }
    return switch (name.toUpperCase(Locale.ROOT)) {
      case "TCP" -> PortRange.TCP;
      case "UDP" -> PortRange.UDP;
      case "SCTP" -> PortRange.SCTP;
      case "ICMP" -> PortRange.ICMP;
      case "ICMPV6" -> PortRange.ICMPV6;
      default ->
          throw field.error(
              "unknown protocol '" + name + "'",
              "use TCP, UDP, SCTP, ICMP, ICMPv6 or an IP protocol number");
    };
  }
}
