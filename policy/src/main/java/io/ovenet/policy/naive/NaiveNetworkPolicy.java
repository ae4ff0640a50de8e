package io.ovenet.policy.naive;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Kubernetes' NetworkPolicy. */
final class NaiveNetworkPolicy {
  private NaiveNetworkPolicy() {}

  static boolean isSubject(Object spec, String namespace, Map<String, String> subject) {
    Object selector = Doc.get(spec, "podSelector");
    return namespace.equals(subject.get("k8s:" + NaiveSelector.NAMESPACE))
        && (selector == null || NaiveSelector.matches(selector, "k8s:", subject));
  }

  /** policyTypes missing: Ingress, and Egress if there are egress rules. */
  static boolean isOn(Object spec, boolean ingress) {
    List<?> types = Doc.list(spec, "policyTypes");
    return types.isEmpty()
        ? ingress || !Doc.list(spec, "egress").isEmpty()
        : types.contains(ingress ? "Ingress" : "Egress");
  }

  static boolean isPeer(
      Object item, String key, String namespace, String cluster, NaiveEvaluator.Peer peer) {
    List<?> peers = Doc.list(item, key);
    if (peers.isEmpty()) {
      return true;
    }
    for (Object written : peers) {
      Object block = Doc.get(written, "ipBlock");
      if (block != null
          ? (peer.isPod() || NaivePeers.isOutside(peer)) && NaivePeers.inSet(block, peer.address())
          : isPod(written, namespace, cluster, peer)) {
        return true;
      }
    }
    return false;
  }

  private static boolean isPod(
      Object written, String namespace, String cluster, NaiveEvaluator.Peer peer) {
    String peerNamespace = peer.labels().get("k8s:" + NaiveSelector.NAMESPACE);
    if (peerNamespace == null
        || !cluster.equals(peer.labels().get("k8s:" + NaiveSelector.CLUSTER))) {
      return false;
    }
    Object namespaces = Doc.get(written, "namespaceSelector");
    if (namespaces == null && !peerNamespace.equals(namespace)) {
      return false;
    }
    if (namespaces != null) {
      Map<String, String> labels = new HashMap<>();
      String prefix = "k8s:" + NaiveSelector.NAMESPACE_LABELS;
      peer.labels()
          .forEach(
              (name, value) -> {
                if (name.startsWith(prefix)) {
                  labels.put("k8s:" + name.substring(prefix.length()), value);
                }
              });
      if (!NaiveSelector.matches(namespaces, "k8s:", labels)) {
        return false;
      }
    }
    Object pods = Doc.get(written, "podSelector");
    return pods == null || NaiveSelector.matches(pods, "k8s:", peer.labels());
  }

  private static boolean isProtocol(Object port, int protocol) {
    String written = Doc.text(port, "protocol");
    return NaivePorts.isProtocol(written.isEmpty() ? "TCP" : written, protocol);
  }

  /** No ports: every protocol. No port: all of the protocol. */
  static boolean isPort(Object item, int protocol, int asked, List<NaiveEvaluator.Port> named) {
    List<?> ports = Doc.list(item, "ports");
    for (Object port : ports) {
      boolean is =
          Doc.get(port, "port") instanceof String name
              ? NaivePorts.isNamed(name, protocol, asked, named)
              : first(port) <= asked && asked <= last(port);
      if (isProtocol(port, protocol) && is) {
        return true;
      }
    }
    return ports.isEmpty();
  }

  static boolean hasSamePorts(Object item, int protocol, Object proxied) {
    for (Object port : Doc.list(item, "ports")) {
      boolean alike =
          Doc.get(port, "port") instanceof String name
              ? name.equalsIgnoreCase(Doc.text(proxied, "port"))
              : NaivePorts.isNumber(proxied)
                  && first(port) == NaivePorts.first(proxied)
                  && last(port) == NaivePorts.last(proxied);
      if (isProtocol(port, protocol) && alike) {
        return true;
      }
    }
    return false;
  }

  private static int first(Object port) {
    return switch (Doc.get(port, "port")) {
      case null -> 0;
      case Number number -> number.intValue();
      default -> 65536;
    };
  }

  private static int last(Object port) {
    Object end = Doc.get(port, "endPort");
    return switch (Doc.get(port, "port")) {
      case null -> 65535;
      case Number number -> end == null ? number.intValue() : ((Number) end).intValue();
      default -> -1;
    };
  }
}
