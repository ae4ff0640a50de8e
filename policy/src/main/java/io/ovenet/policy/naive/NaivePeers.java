package io.ovenet.policy.naive;

import java.math.BigInteger;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Who a rule is about. */
final class NaivePeers {
  /** Whether a rule is about a peer, as far as one can tell. */
  enum Match {
    YES,
    NO,
    /** By a member that is not in force: upstream might say yes. */
    UNKNOWN
  }

  private static final List<String> CLUSTER_ENTITIES =
      List.of("host", "remote-node", "init", "ingress", "health", "unmanaged", "kube-apiserver");

  private final List<Map<String, ?>> groups = new ArrayList<>();
  private final NaiveServices services;

  /** Of CiliumCIDRGroups, Services and EndpointSlices; what has no kind is one of the first. */
  NaivePeers(List<? extends Map<String, ?>> objects) {
    for (Map<String, ?> object : objects) {
      if (!Doc.text(object, "kind").matches("Service|EndpointSlice")) {
        groups.add(object);
      }
    }
    services = new NaiveServices(objects);
  }

  /**
   * Whether a Cilium rule is about a peer.
   *
   * @param prefix {@code from} or {@code to}
   * @param namespace of the policy, empty for a clusterwide one
   */
  Match match(
      Object rule,
      String prefix,
      String namespace,
      String cluster,
      NaiveEvaluator.Peer peer,
      boolean hasPorts) {
    boolean named = false;
    for (String member : List.of("Endpoints", "CIDR", "CIDRSet", "Entities", "Nodes", "Groups")) {
      named |= Doc.has(rule, prefix + member);
    }
    named |= Doc.has(rule, "toServices") || Doc.has(rule, "toFQDNs");
    if (!named) {
      // No member: any peer, but only where ports or ICMP types are named.
      return hasPorts ? Match.YES : Match.NO;
    }
    for (Object selector : Doc.list(rule, prefix + "Endpoints")) {
      if (endpoint(selector, namespace, cluster, peer)) {
        return Match.YES;
      }
    }
    for (Object entity : Doc.list(rule, prefix + "Entities")) {
      if (entity(entity.toString(), cluster, peer)) {
        return Match.YES;
      }
    }
    for (Object service : Doc.list(rule, "toServices")) {
      if (services.holds(service, cluster, peer)) {
        return Match.YES;
      }
    }
    for (Object cidr : Doc.list(rule, prefix + "CIDR")) {
      if (isOutside(peer) && contains(cidr.toString(), peer.address())) {
        return Match.YES;
      }
    }
    for (Object selector : Doc.list(rule, prefix + "Nodes")) {
      // Other nodes, the local one never.
      if (peer.labels().containsKey("reserved:remote-node")
          && NaiveSelector.matches(selector, "", peer.labels())) {
        return Match.YES;
      }
    }
    boolean unknown =
        !Doc.list(rule, prefix + "Groups").isEmpty() || !Doc.list(rule, "toFQDNs").isEmpty();
    for (Object set : Doc.list(rule, prefix + "CIDRSet")) {
      if (!Doc.has(set, "cidr")) {
        if (isOutside(peer) && inGroup(set, peer.address())) {
          return Match.YES;
        }
      } else if (isOutside(peer) && inSet(set, peer.address())) {
        return Match.YES;
      }
    }
    return unknown ? Match.UNKNOWN : Match.NO;
  }

  /** Neither a pod nor a node, nor what else the cluster itself has. */
  static boolean isOutside(NaiveEvaluator.Peer peer) {
    for (String name : List.of("host", "remote-node", "init", "ingress", "health", "unmanaged")) {
      if (peer.labels().containsKey("reserved:" + name)) {
        return false;
      }
    }
    return !peer.isPod();
  }

  /** In a prefix of a group that is named, and in none of except. */
  private boolean inGroup(Object set, @Nullable String address) {
    for (Map<String, ?> group : groups) {
      Object metadata = Objects.requireNonNull(Doc.get(group, "metadata"));
      Object selector = Doc.get(set, "cidrGroupSelector");
      boolean named = Doc.text(metadata, "name").equals(Doc.text(set, "cidrGroupRef"));
      if (selector != null) {
        Map<String, String> labels = new HashMap<>();
        Object written = Doc.get(metadata, "labels");
        if (written != null) {
          ((Map<?, ?>) written)
              .forEach((key, value) -> labels.put("cidrgroup:" + key, String.valueOf(value)));
        }
        named = NaiveSelector.matches(selector, "", labels);
      }
      Object spec = Doc.get(group, "spec");
      for (Object cidr : named && spec != null ? Doc.list(spec, "externalCIDRs") : List.of()) {
        if (contains(cidr.toString(), address) && !isExcepted(set, address)) {
          return true;
        }
      }
    }
    return false;
  }

  private static boolean isExcepted(Object set, @Nullable String address) {
    for (Object hole : Doc.list(set, "except")) {
      if (contains(hole.toString(), address)) {
        return true;
      }
    }
    return false;
  }

  /** In the cidr and in none of except. */
  static boolean inSet(Object set, @Nullable String address) {
    return contains(Doc.text(set, "cidr"), address) && !isExcepted(set, address);
  }

  private static boolean endpoint(
      Object selector, String namespace, String cluster, NaiveEvaluator.Peer peer) {
    if (!NaiveSelector.matches(selector, "", peer.labels())) {
      return false;
    }
    boolean namesNamespace = false;
    boolean namesNamespaceLabel = false;
    boolean namesCluster = false;
    for (String key : NaiveSelector.keys(selector)) {
      if (key.startsWith("reserved:")) {
        return true;
      }
      namesNamespace |= NaiveSelector.isKey(key, NaiveSelector.NAMESPACE);
      namesCluster |= NaiveSelector.isKey(key, NaiveSelector.CLUSTER);
      String bare = key.substring(key.indexOf(':') + 1);
      namesNamespaceLabel |= bare.startsWith(NaiveSelector.NAMESPACE_LABELS);
    }
    String peerNamespace = peer.labels().get("k8s:" + NaiveSelector.NAMESPACE);
    String peerCluster = peer.labels().get("k8s:" + NaiveSelector.CLUSTER);
    if (!namesCluster && !cluster.equals(peerCluster)) {
      return false;
    }
    if (namespace.isEmpty()) {
      return namesNamespace || peerNamespace != null;
    }
    return namesNamespace || namesNamespaceLabel || namespace.equals(peerNamespace);
  }

  private static boolean entity(String entity, String cluster, NaiveEvaluator.Peer peer) {
    Map<String, String> labels = peer.labels();
    return switch (entity) {
      case "all" -> true;
      case "none" -> false;
      case "world" ->
          labels.containsKey("reserved:world")
              || labels.containsKey("reserved:world-ipv4")
              || labels.containsKey("reserved:world-ipv6");
      case "cluster" -> {
        boolean in = cluster.equals(labels.get("k8s:" + NaiveSelector.CLUSTER));
        for (String name : CLUSTER_ENTITIES) {
          in |= labels.containsKey("reserved:" + name);
        }
        yield in;
      }
      default -> labels.containsKey("reserved:" + entity);
    };
  }

  /** Whether an address is in a prefix; who has none is in none. */
  static boolean contains(String cidr, @Nullable String address) {
    if (address == null) {
      return false;
    }
    int slash = cidr.indexOf('/');
    byte[] network =
        InetAddress.ofLiteral(slash < 0 ? cidr : cidr.substring(0, slash)).getAddress();
    byte[] asked = InetAddress.ofLiteral(address).getAddress();
    if (network.length != asked.length) {
      return false;
    }
    int bits = network.length * 8;
    int length = slash < 0 ? bits : Integer.parseInt(cidr.substring(slash + 1));
    return new BigInteger(1, network)
        .shiftRight(bits - length)
        .equals(new BigInteger(1, asked).shiftRight(bits - length));
  }
}
