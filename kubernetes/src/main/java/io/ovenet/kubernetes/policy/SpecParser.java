package io.ovenet.kubernetes.policy;

import io.ovenet.policy.EndpointSelector;
import io.ovenet.policy.Label;
import io.ovenet.policy.LabelKeys;
import io.ovenet.policy.LabelRequirement;
import io.ovenet.policy.Labels;
import io.ovenet.policy.Peers;
import io.ovenet.policy.PolicyKey;
import io.ovenet.policy.PolicyKind;
import io.ovenet.policy.PortName;
import io.ovenet.policy.PortRange;
import io.ovenet.policy.Rule;
import io.ovenet.policy.RuleEffect;
import io.ovenet.policy.RuleEntry;
import io.ovenet.policy.RuleOrigin;
import io.ovenet.policy.TrafficDirection;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** One {@code spec} of a CiliumNetworkPolicy or CiliumClusterwideNetworkPolicy. */
final class SpecParser {
  private static final Set<String> MEMBERS =
      Set.of(
          "endpointSelector",
          "nodeSelector",
          "ingress",
          "ingressDeny",
          "egress",
          "egressDeny",
          "enableDefaultDeny",
          "labels",
          "description",
          "log");
  private static final Set<String> INGRESS_DENY =
      Set.of(
          "fromEndpoints",
          "fromRequires",
          "fromCIDR",
          "fromCIDRSet",
          "fromEntities",
          "fromGroups",
          "fromNodes",
          "toPorts",
          "icmps");
  private static final Set<String> INGRESS = with(INGRESS_DENY, "authentication");
  private static final Set<String> EGRESS_DENY =
      Set.of(
          "toEndpoints",
          "toRequires",
          "toCIDR",
          "toCIDRSet",
          "toEntities",
          "toServices",
          "toGroups",
          "toNodes",
          "toPorts",
          "icmps");
  private static final Set<String> EGRESS = with(EGRESS_DENY, "authentication", "toFQDNs");
  private static final Set<String> PORT_RULE =
      Set.of("ports", "terminatingTLS", "originatingTLS", "serverNames", "listener", "rules");
  private static final Pattern LOG = Pattern.compile("\\p{Print}{0,32}");

  private final PolicyKey key;
  private final Labels derivedLabels;
  private final Notices notices;
  private final PeerScope scope;
  private final PeersParser peers;
  private final PortsParser ports;
  private final L7Parser l7;

  /** Whose L7 rules a port's are: a proxy speaks one protocol on a port. Of one direction. */
  private final Map<Object, String> l7ByPort = new HashMap<>();

  SpecParser(PolicyKey key, Labels derivedLabels, PeersParser peers, Notices notices) {
    this.key = key;
    this.derivedLabels = derivedLabels;
    this.notices = notices;
    this.scope = peers.scope();
    this.peers = peers;
    this.ports = new PortsParser(notices);
    this.l7 = new L7Parser(notices);
  }

  private static Set<String> with(Set<String> set, String... more) {
    Set<String> both = new java.util.TreeSet<>(set);
    both.addAll(List.of(more));
    return Set.copyOf(both);
  }

  /** The rule; null where it is about nodes. */
  @Nullable Rule rule(Field spec) {
    spec.only(MEMBERS);
    Field nodes = spec.get("nodeSelector");
    EndpointSelector subject = subject(spec);
    boolean node = nodes.present();
    boolean ingress = has(spec, "ingress", "ingressDeny");
    boolean egress = has(spec, "egress", "egressDeny");
    if (!ingress && !egress) {
      throw spec.error(
          "none of ingress, ingressDeny, egress and egressDeny has a rule",
          "add one; 'ingress: [{}]' lets nobody in");
    }
    List<RuleEntry> entries = new ArrayList<>();
    l7ByPort.clear();
    for (Field rule : spec.get("ingress").items()) {
      rule.only(INGRESS);
      entries(rule, TrafficDirection.INGRESS, false, node, entries);
    }
    for (Field rule : spec.get("ingressDeny").items()) {
      rule.only(INGRESS_DENY);
      entries(rule, TrafficDirection.INGRESS, true, node, entries);
    }
    l7ByPort.clear();
    for (Field rule : spec.get("egress").items()) {
      rule.only(EGRESS);
      entries(rule, TrafficDirection.EGRESS, false, node, entries);
    }
    for (Field rule : spec.get("egressDeny").items()) {
      rule.only(EGRESS_DENY);
      entries(rule, TrafficDirection.EGRESS, true, node, entries);
    }
    Field defaultDeny = spec.get("enableDefaultDeny");
    if (defaultDeny.present()) {
      defaultDeny.only(Set.of("ingress", "egress"));
    }
    Labels labels = labels(spec.get("labels"));
    String log = log(spec.get("log"));
    spec.get("description").stringOr("");
    boolean ingressDefaultDeny = ingress && isOn(defaultDeny.get("ingress"));
    boolean egressDefaultDeny = egress && isOn(defaultDeny.get("egress"));
    if (subject == null) {
      notices.add(
          nodes, "policy for nodes is not in force yet", "protect nodes by other means until then");
      return null;
    }
    return new Rule(
        subject, ingressDefaultDeny, egressDefaultDeny, entries, labels, log, origin(spec.path()));
  }

  /** A rule that isolates what the spec selects, as far as it can be read; null if it can't. */
  @Nullable Rule isolation(Field spec) {
    EndpointSelector subject = subject(spec);
    return subject == null
        ? null
        : new Rule(
            subject,
            isNamed(spec, "ingress") || isNamed(spec, "ingressDeny"),
            isNamed(spec, "egress") || isNamed(spec, "egressDeny"),
            List.of(),
            derivedLabels,
            "",
            origin(spec.path()));
  }

  private static boolean isNamed(Field spec, String key) {
    Object value = spec.get(key).value();
    return value != null && !(value instanceof List<?> list && list.isEmpty());
  }

  private RuleOrigin origin(String path) {
    return new RuleOrigin(key.kind(), key.namespace(), key.name(), path);
  }

  private static boolean has(Field spec, String... lists) {
    boolean any = false;
    for (String list : lists) {
      any |= !spec.get(list).items().isEmpty();
    }
    return any;
  }

  private static boolean isOn(Field enabled) {
    return !enabled.present() || enabled.bool();
  }

  /** The endpoints; null where the subjects are nodes. */
  private @Nullable EndpointSelector subject(Field spec) {
    Field endpoints = spec.get("endpointSelector");
    Field nodes = spec.get("nodeSelector");
    if (endpoints.present() == nodes.present()) {
      throw spec.error(
          endpoints.present()
              ? "endpointSelector and nodeSelector"
              : "neither endpointSelector nor nodeSelector",
          "give exactly one of them; 'endpointSelector: {}' selects all");
    }
    if (nodes.present()) {
      if (key.kind() != PolicyKind.CILIUM_CLUSTERWIDE_NETWORK_POLICY) {
        throw nodes.error("nodes belong to the cluster", "use a CiliumClusterwideNetworkPolicy");
      }
      SelectorParser.requirements(nodes, LabelRequirement.ANY_SOURCE, "");
      return null;
    }
    List<LabelRequirement> written =
        SelectorParser.requirements(endpoints, LabelRequirement.ANY_SOURCE, "");
    Field named = endpoints.get("matchLabels").get(Label.K8S + ":" + LabelKeys.NAMESPACE);
    if (named.present() && !key.namespace().isEmpty() && !named.string().equals(key.namespace())) {
      written.remove(LabelRequirement.in(Label.K8S, LabelKeys.NAMESPACE, List.of(named.string())));
      notices.add(
          named,
          "a policy selects in its own namespace only: '" + key.namespace() + "' is meant",
          "remove the label, or use a CiliumClusterwideNetworkPolicy");
    }
    return scope.subjects(written);
  }

  private void entries(
      Field rule, TrafficDirection direction, boolean deny, boolean node, List<RuleEntry> entries) {
    PeersParser.Named named =
        peers.read(rule, direction == TrafficDirection.INGRESS ? "from" : "to");
    Field toPorts = rule.get("toPorts");
    Field icmps = rule.get("icmps");
    boolean hasPorts = !toPorts.items().isEmpty();
    boolean hasIcmps = !icmps.items().isEmpty();
    if (hasPorts && hasIcmps) {
      throw icmps.error("icmps together with toPorts", "write two rules, one with each");
    }
    boolean authenticate = !deny && authenticates(rule.get("authentication"));
    Map<RuleEffect, List<PortRange>> byEffect = new EnumMap<>(RuleEffect.class);
    Map<RuleEffect, List<PortName>> names = new EnumMap<>(RuleEffect.class);
    RuleEffect plain =
        deny ? RuleEffect.DENY : authenticate ? RuleEffect.AUTHENTICATE : RuleEffect.ALLOW;
    if (!hasPorts && !hasIcmps) {
      byEffect.put(plain, List.of(PortRange.EVERYTHING));
    }
    if (hasIcmps) {
      byEffect.put(plain, ports.icmps(icmps));
    }
    for (Field item : toPorts.items()) {
      item.only(PORT_RULE);
      for (String member : deny ? item.object().keySet() : Set.<String>of()) {
        if (!member.equals("ports")) {
          throw item.get(member).error("a deny rule has nothing but ports here", "remove it");
        }
      }
      boolean proxy = l7.wantsProxy(item, direction, node);
      PortsParser.Ports read =
          ports.ports(item.get("ports"), !authenticate && L7Parser.isDns(item));
      oneProtocolEach(item, read);
      RuleEffect effect = proxy && !authenticate ? RuleEffect.PROXY : plain;
      byEffect.computeIfAbsent(effect, _ -> new ArrayList<>()).addAll(PortsParser.of(effect, read));
      names.computeIfAbsent(effect, _ -> new ArrayList<>()).addAll(read.names());
    }
    byEffect.forEach(
        (effect, ranges) ->
            entries.add(
                new RuleEntry(
                    direction,
                    effect,
                    peers(named, effect, hasPorts || hasIcmps),
                    ranges,
                    names.getOrDefault(effect, List.of()),
                    origin(rule.path()))));
  }

  private void oneProtocolEach(Field item, PortsParser.Ports ports) {
    String protocol = L7Parser.protocol(item);
    if (protocol.isEmpty()) {
      return;
    }
    List<Object> named = new ArrayList<>(ports.allowed());
    named.addAll(ports.names());
    for (Object port : named) {
      String other = l7ByPort.putIfAbsent(port, protocol);
      if (other != null && !other.equals(protocol)) {
        throw item.get("rules")
            .error(
                protocol + " rules for a port that another rule here has " + other + " rules for",
                "keep one protocol for each port");
      }
    }
  }

  /** Who the rule is about, on the safe side where a member is not in force. */
  private static Peers peers(PeersParser.Named named, RuleEffect effect, boolean hasPorts) {
    if (!named.named()) {
      return hasPorts ? Peers.EVERYONE : Peers.nobody();
    }
    if (named.everyone() || (!named.complete() && effect != RuleEffect.ALLOW)) {
      return Peers.EVERYONE;
    }
    return new Peers.Selected(named.selectors(), named.groups());
  }

  private boolean authenticates(Field authentication) {
    if (!authentication.present()) {
      return false;
    }
    authentication.only(Set.of("mode"));
    Field mode = authentication.get("mode");
    return switch (mode.stringOr("")) {
      case "disabled" -> false;
      case "required", "test-always-fail" -> {
        notices.add(
            authentication,
            "authentication is not in force yet: what it is asked for does not pass",
            "remove it, if the peers may come in without");
        yield true;
      }
      default ->
          throw mode.error(
              "unknown mode '" + mode.stringOr("") + "'",
              "use disabled, required or test-always-fail");
    };
  }

  private static Label label(Field field, String text) {
    try {
      return Label.parse(text);
    } catch (IllegalArgumentException e) {
      throw field.error("not a label: '" + text + "'", "write source:key=value, as k8s:team=red");
    }
  }

  private Labels labels(Field labels) {
    List<Label> all = new ArrayList<>();
    for (Field item : labels.items()) {
      if (item.value() instanceof String text && !text.isEmpty()) {
        all.add(label(item, text));
        continue;
      }
      item.only(Set.of("key", "value", "source"));
      String source = item.get("source").stringOr("");
      String name = item.get("key").string();
      if (name.isEmpty()) {
        throw item.get("key").error("empty", "give the label a key");
      }
      all.add(
          new Label(source.isEmpty() ? "unspec" : source, name, item.get("value").stringOr("")));
    }
    all.addAll(derivedLabels.asList());
    return Labels.of(all);
  }

  private static String log(Field log) {
    if (!log.present()) {
      return "";
    }
    log.only(Set.of("value"));
    Field value = log.get("value");
    if (!LOG.matcher(value.stringOr("")).matches()) {
      throw value.error(
          "longer than 32 characters, or not printable", "write at most 32 printable characters");
    }
    return value.stringOr("");
  }
}
