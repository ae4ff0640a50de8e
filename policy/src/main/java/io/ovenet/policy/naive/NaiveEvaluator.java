package io.ovenet.policy.naive;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Decides about one packet by reading every policy again. Policies have to be valid.
 *
 * <p>Labels are maps from {@code source:key} to the value. What is not in force yet is judged as
 * the documents demand: an allow grants nothing by it, a deny denies all it could mean.
 */
public final class NaiveEvaluator {
  /** A port of a pod that has a name. */
  public record Port(String name, int protocol, int number) {}

  /**
   * The other side.
   *
   * @param address null for what has none that matters: nodes and the host
   * @param ports its named ports
   */
  public record Peer(Map<String, String> labels, @Nullable String address, List<Port> ports) {
    /** Without named ports. */
    public Peer(Map<String, String> labels, @Nullable String address) {
      this(labels, address, List.of());
    }

    /** Whether it is a pod, rather than what lies outside the cluster, or a node. */
    boolean isPod() {
      return labels.containsKey("k8s:" + NaiveSelector.NAMESPACE);
    }
  }

  /** What is decided. */
  public enum Outcome {
    /** A rule allows it, or it is the local host that comes in. */
    ALLOWED,
    /** Nothing makes the endpoint default-deny in this direction. */
    NOT_ENFORCED,
    /** A deny rule names it. */
    DENIED,
    /** It is asked for a proxy or authentication, which is not in force. */
    WITHHELD,
    /** Nobody allows it. */
    DEFAULT_DENIED,
    /** It would be denied, but passes: by an endpoint or policies in audit mode. */
    AUDITED;

    public boolean passes() {
      return this == ALLOWED || this == NOT_ENFORCED || this == AUDITED;
    }
  }

  /**
   * The outcome and why.
   *
   * @param rules {@code kind namespace/name path} of all rules that say so
   */
  public record Answer(Outcome outcome, List<String> rules) {}

  private record Found(List<String> denied, List<String> withheld, List<String> allowed) {}

  /** One packet, from the view of the endpoint whose policy decides. */
  private record Packet(boolean ingress, Peer peer, List<Port> own, int protocol, int port) {
    /** Whose ports a name means: in ingress the subject's own, in egress the peer's. */
    List<Port> named() {
      return ingress ? own : peer.ports();
    }

    boolean isNamedBy(Object item) {
      return NaivePorts.names(item, protocol, port, named());
    }

    String prefix() {
      return ingress ? "from" : "to";
    }
  }

  private final String cluster;
  private final List<Map<String, ?>> policies;
  private final NaivePeers peers;

  /**
   * Takes the policies.
   *
   * @param policies whole objects with {@code kind}
   */
  public NaiveEvaluator(String cluster, List<? extends Map<String, ?>> policies) {
    this(cluster, policies, List.of());
  }

  /**
   * Takes the policies, and what they may name.
   *
   * @param groups CiliumCIDRGroups, Services and EndpointSlices, whole objects
   */
  public NaiveEvaluator(
      String cluster,
      List<? extends Map<String, ?>> policies,
      List<? extends Map<String, ?>> groups) {
    this.peers = new NaivePeers(List.copyOf(groups));
    this.cluster = cluster;
    this.policies = List.copyOf(policies);
  }

  /**
   * Decides.
   *
   * @param subject labels of the endpoint whose policy is asked
   * @param ingress whether the packet comes to it, from the peer
   * @param port destination port, or ICMP type
   */
  public Answer ask(
      Map<String, String> subject, boolean ingress, Peer peer, int protocol, int port) {
    return ask(subject, List.of(), ingress, peer, protocol, port);
  }

  /**
   * Decides.
   *
   * @param own the subject's named ports
   */
  public Answer ask(
      Map<String, String> subject,
      List<Port> own,
      boolean ingress,
      Peer peer,
      int protocol,
      int port) {
    return ask(subject, false, own, ingress, peer, protocol, port);
  }

  /**
   * Decides.
   *
   * @param audit whether the subject is in audit mode
   */
  public Answer ask(
      Map<String, String> subject,
      boolean audit,
      List<Port> own,
      boolean ingress,
      Peer peer,
      int protocol,
      int port) {
    Packet packet = new Packet(ingress, peer, List.copyOf(own), protocol, port);
    Answer whole = decide(subject, packet, true);
    if (whole.outcome.passes()) {
      return whole;
    }
    // What policies in audit mode deny passes, unless another denies it, too.
    Answer enforced = decide(subject, packet, false);
    return audit || enforced.outcome.passes() ? new Answer(Outcome.AUDITED, whole.rules) : enforced;
  }

  /**
   * Decides.
   *
   * @param audited whether denials by policies in audit mode count
   */
  private Answer decide(Map<String, String> subject, Packet packet, boolean audited) {
    Found found = new Found(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
    List<String> defaultDeny = new ArrayList<>();
    for (Map<String, ?> policy : policies) {
      boolean counts = audited || !isAudited(policy);
      Found here = counts ? found : new Found(new ArrayList<>(), new ArrayList<>(), found.allowed);
      List<String> isolating = counts ? defaultDeny : new ArrayList<>();
      if (Doc.text(policy, "kind").equals("NetworkPolicy")) {
        networkPolicy(policy, subject, packet, here, isolating);
      } else {
        ciliumPolicy(policy, subject, packet, here, isolating);
      }
    }
    // Deny beats allow, however specific.
    if (!found.denied.isEmpty()) {
      return new Answer(Outcome.DENIED, found.denied);
    }
    // A redirection beats a plain allow.
    if (!found.withheld.isEmpty()) {
      return new Answer(Outcome.WITHHELD, found.withheld);
    }
    // The local host gets in unless a deny names it.
    if (!found.allowed.isEmpty()
        || (packet.ingress && packet.peer.labels.containsKey("reserved:host"))) {
      return new Answer(Outcome.ALLOWED, found.allowed);
    }
    // An endpoint without an identity yet is always enforced both ways.
    if (!defaultDeny.isEmpty() || subject.containsKey("reserved:init")) {
      return new Answer(Outcome.DEFAULT_DENIED, defaultDeny);
    }
    return new Answer(Outcome.NOT_ENFORCED, List.of());
  }

  private static boolean isAudited(Map<String, ?> policy) {
    Object metadata = java.util.Objects.requireNonNull(Doc.get(policy, "metadata"));
    Object annotations = Doc.get(metadata, "annotations");
    return annotations != null && Doc.text(annotations, "policy.ovenet.io/audit").equals("true");
  }

  private static String name(Map<String, ?> policy, String path) {
    Object metadata = java.util.Objects.requireNonNull(Doc.get(policy, "metadata"));
    String namespace = namespace(policy);
    return Doc.text(policy, "kind")
        + " "
        + (namespace.isEmpty() ? "" : namespace + "/")
        + Doc.text(metadata, "name")
        + " "
        + path;
  }

  private static String namespace(Map<String, ?> policy) {
    Object metadata = java.util.Objects.requireNonNull(Doc.get(policy, "metadata"));
    return Doc.text(policy, "kind").equals("CiliumClusterwideNetworkPolicy")
        ? ""
        : Doc.text(metadata, "namespace");
  }

  private void ciliumPolicy(
      Map<String, ?> policy,
      Map<String, String> subject,
      Packet packet,
      Found found,
      List<String> defaultDeny) {
    Object spec = Doc.get(policy, "spec");
    if (spec != null) {
      spec(policy, spec, "spec", subject, packet, found, defaultDeny);
    }
    List<?> specs = Doc.list(policy, "specs");
    for (int i = 0; i < specs.size(); i++) {
      spec(policy, specs.get(i), "specs[" + i + "]", subject, packet, found, defaultDeny);
    }
  }

  private void spec(
      Map<String, ?> policy,
      Object spec,
      String path,
      Map<String, String> subject,
      Packet packet,
      Found found,
      List<String> defaultDeny) {
    Object selector = Doc.get(spec, "endpointSelector");
    String namespace = namespace(policy);
    if (selector == null || !isSubject(selector, namespace, subject)) {
      return;
    }
    String allowKey = packet.ingress ? "ingress" : "egress";
    String denyKey = allowKey + "Deny";
    List<?> allows = Doc.list(spec, allowKey);
    List<?> denies = Doc.list(spec, denyKey);
    Object enable = Doc.get(spec, "enableDefaultDeny");
    boolean off = enable != null && Boolean.FALSE.equals(Doc.get(enable, allowKey));
    if (!(allows.isEmpty() && denies.isEmpty()) && !off) {
      defaultDeny.add(name(policy, path));
    }
    for (int i = 0; i < denies.size(); i++) {
      if (denies(denies.get(i), namespace, packet)) {
        found.denied.add(name(policy, path + "." + denyKey + "[" + i + "]"));
      }
    }
    for (int i = 0; i < allows.size(); i++) {
      String name = name(policy, path + "." + allowKey + "[" + i + "]");
      if (withholds(allows.get(i), namespace, subject, packet)) {
        found.withheld.add(name);
      }
      if (allows(allows.get(i), namespace, packet)) {
        found.allowed.add(name);
      }
    }
  }

  /** The subject is in the policy's namespace; another one named is overwritten. */
  private static boolean isSubject(Object selector, String namespace, Map<String, String> subject) {
    if (subject.containsKey("reserved:host")) {
      return false; // never selected as an endpoint
    }
    if (namespace.isEmpty()) {
      return NaiveSelector.matches(selector, "", subject);
    }
    Object matchLabels = Doc.get(selector, "matchLabels");
    Map<String, Object> labels = new java.util.HashMap<>();
    if (matchLabels != null) {
      ((Map<?, ?>) matchLabels).forEach((key, value) -> labels.put(key.toString(), value));
    }
    labels.put("k8s:" + NaiveSelector.NAMESPACE, namespace);
    return NaiveSelector.matches(
        Map.of("matchLabels", labels, "matchExpressions", Doc.list(selector, "matchExpressions")),
        "",
        subject);
  }

  private static boolean hasPorts(Object rule) {
    return !Doc.list(rule, "toPorts").isEmpty() || !Doc.list(rule, "icmps").isEmpty();
  }

  private boolean denies(Object rule, String namespace, Packet packet) {
    NaivePeers.Match match =
        peers.match(rule, packet.prefix(), namespace, cluster, packet.peer, hasPorts(rule));
    if (match == NaivePeers.Match.NO) {
      return false;
    }
    if (!hasPorts(rule)
        || NaivePorts.namesIcmp(Doc.list(rule, "icmps"), packet.protocol, packet.port)) {
      return true;
    }
    for (Object item : Doc.list(rule, "toPorts")) {
      for (Object port : Doc.list(item, "ports")) {
        if (packet.isNamedBy(port) || NaivePorts.isUnknown(port, packet.protocol)) {
          return true;
        }
      }
    }
    return false;
  }

  /** Whether it asks the packet for a proxy or for authentication. */
  private boolean withholds(
      Object rule, String namespace, Map<String, String> subject, Packet packet) {
    NaivePeers.Match match =
        peers.match(rule, packet.prefix(), namespace, cluster, packet.peer, hasPorts(rule));
    if (match == NaivePeers.Match.NO) {
      return false;
    }
    Object authentication = Doc.get(rule, "authentication");
    boolean authenticates =
        authentication != null && !Doc.text(authentication, "mode").equals("disabled");
    if (authenticates
        && (!hasPorts(rule)
            || NaivePorts.namesIcmp(Doc.list(rule, "icmps"), packet.protocol, packet.port))) {
      return true;
    }
    for (Object item : Doc.list(rule, "toPorts")) {
      for (Object port : Doc.list(item, "ports")) {
        // DNS rules with ANY are about TCP and UDP only.
        boolean proxied = wantsProxy(item) && !(isDns(item) && packet.protocol == 132);
        if (!proxied && !authenticates) {
          continue;
        }
        if (NaivePorts.isUnknown(port, packet.protocol)) {
          return true;
        }
        if (packet.isNamedBy(port) && (authenticates || !isLifted(port, subject, packet))) {
          return true;
        }
      }
    }
    return false;
  }

  private static boolean wantsProxy(Object item) {
    return Doc.has(item, "terminatingTLS")
        || Doc.has(item, "originatingTLS")
        || Doc.has(item, "serverNames")
        || Doc.has(item, "listener")
        || hasL7(item);
  }

  /** {@code http: []} is no L7 rule, {@code http: [{}]} is one. */
  private static boolean hasL7(Object item) {
    Object rules = Doc.get(item, "rules");
    return rules != null
        && !(Doc.list(rules, "http").isEmpty()
            && Doc.list(rules, "dns").isEmpty()
            && Doc.list(rules, "kafka").isEmpty()
            && Doc.list(rules, "l7").isEmpty()
            && !Doc.has(rules, "l7proto"));
  }

  private static boolean isDns(Object item) {
    Object rules = Doc.get(item, "rules");
    return rules != null && !Doc.list(rules, "dns").isEmpty();
  }

  /** A rule for the same ports without L7 takes L7 off for its peers. */
  private boolean isLifted(Object proxied, Map<String, String> subject, Packet packet) {
    for (Map<String, ?> policy : policies) {
      if (Doc.text(policy, "kind").equals("NetworkPolicy")) {
        if (liftsByNetworkPolicy(policy, proxied, subject, packet)) {
          return true;
        }
        continue;
      }
      List<Object> specs = new ArrayList<>(Doc.list(policy, "specs"));
      if (Doc.has(policy, "spec")) {
        specs.add(java.util.Objects.requireNonNull(Doc.get(policy, "spec")));
      }
      for (Object spec : specs) {
        Object selector = Doc.get(spec, "endpointSelector");
        if (selector == null || !isSubject(selector, namespace(policy), subject)) {
          continue;
        }
        for (Object rule : Doc.list(spec, packet.ingress ? "ingress" : "egress")) {
          if (lifts(rule, proxied, namespace(policy), packet)) {
            return true;
          }
        }
      }
    }
    return false;
  }

  private boolean lifts(Object rule, Object proxied, String namespace, Packet packet) {
    Object authentication = Doc.get(rule, "authentication");
    if ((authentication != null && !Doc.text(authentication, "mode").equals("disabled"))
        || peers.match(rule, packet.prefix(), namespace, cluster, packet.peer, hasPorts(rule))
            != NaivePeers.Match.YES) {
      return false;
    }
    for (Object item : Doc.list(rule, "toPorts")) {
      for (Object port : Doc.list(item, "ports")) {
        if (!wantsProxy(item)
            && packet.isNamedBy(port)
            && NaivePorts.isWrittenAlike(port, proxied)) {
          return true;
        }
      }
    }
    return false;
  }

  private boolean allows(Object rule, String namespace, Packet packet) {
    if (peers.match(rule, packet.prefix(), namespace, cluster, packet.peer, hasPorts(rule))
        != NaivePeers.Match.YES) {
      return false;
    }
    Object authentication = Doc.get(rule, "authentication");
    if (authentication != null && !Doc.text(authentication, "mode").equals("disabled")) {
      return false;
    }
    // Without ports: every protocol.
    if (!hasPorts(rule)
        || NaivePorts.namesIcmp(Doc.list(rule, "icmps"), packet.protocol, packet.port)) {
      return true;
    }
    for (Object item : Doc.list(rule, "toPorts")) {
      for (Object port : Doc.list(item, "ports")) {
        if (!wantsProxy(item) && packet.isNamedBy(port)) {
          return true;
        }
      }
    }
    return false;
  }

  private void networkPolicy(
      Map<String, ?> policy,
      Map<String, String> subject,
      Packet packet,
      Found found,
      List<String> defaultDeny) {
    Object spec = java.util.Objects.requireNonNull(Doc.get(policy, "spec"));
    if (!NaiveNetworkPolicy.isSubject(spec, namespace(policy), subject)
        || !NaiveNetworkPolicy.isOn(spec, packet.ingress)) {
      return;
    }
    defaultDeny.add(name(policy, "spec"));
    String key = packet.ingress ? "ingress" : "egress";
    List<?> items = Doc.list(spec, key);
    for (int i = 0; i < items.size(); i++) {
      if (NaiveNetworkPolicy.isPeer(
              items.get(i), packet.prefix(), namespace(policy), cluster, packet.peer)
          && NaiveNetworkPolicy.isPort(
              items.get(i), packet.protocol, packet.port, packet.named())) {
        found.allowed.add(name(policy, "spec." + key + "[" + i + "]"));
      }
    }
  }

  private boolean liftsByNetworkPolicy(
      Map<String, ?> policy, Object proxied, Map<String, String> subject, Packet packet) {
    Object spec = java.util.Objects.requireNonNull(Doc.get(policy, "spec"));
    if (!NaiveNetworkPolicy.isSubject(spec, namespace(policy), subject)
        || !NaiveNetworkPolicy.isOn(spec, packet.ingress)) {
      return false;
    }
    for (Object item : Doc.list(spec, packet.ingress ? "ingress" : "egress")) {
      if (NaiveNetworkPolicy.isPeer(item, packet.prefix(), namespace(policy), cluster, packet.peer)
          && NaiveNetworkPolicy.hasSamePorts(item, packet.protocol, proxied)) {
        return true;
      }
    }
    return false;
  }
}
