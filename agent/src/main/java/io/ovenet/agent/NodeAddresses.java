package io.ovenet.agent;

import io.ovenet.datapath.IpcacheValue;
import io.ovenet.policy.Labels;
import io.ovenet.policy.NodeLabels;
import io.ovenet.policy.PolicySettings;
import io.ovenet.policy.ReservedIdentity;
import java.net.InetAddress;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Who the addresses of nodes are: the local host, or another node with its labels, and whether an
 * API server answers there. A node's address keeps the reserved identity that other nodes are told
 * by; its labels are a variant of it. Used by the steering thread alone.
 */
public final class NodeAddresses {
  /**
   * What an address has instead of its identity's labels.
   *
   * @param identity reserved
   */
  record Own(int identity, Labels labels) {}

  /** Told what is said of an address from now on. */
  interface Listener {
    /** Null: no other node has it. */
    void remote(InetAddress address, @Nullable IpcacheValue value);

    /** Its own labels are others now. */
    void relabelled(InetAddress address);

    /** All at which API servers answer, whoever has them. */
    void apiServers(Set<InetAddress> addresses);
  }

  private record Node(Set<InetAddress> addresses, Map<String, String> labels, int tunnel) {}

  private final PolicySettings settings;
  private final Listener listener;

  /** By name: of two nodes that name one address the first has it, whoever came first. */
  private final TreeMap<String, Node> nodes = new TreeMap<>();

  private final Map<InetAddress, Own> owned = new HashMap<>();
  private Set<InetAddress> host = Set.of();
  private Set<InetAddress> apiServers = Set.of();

  NodeAddresses(PolicySettings settings, Listener listener) {
    this.settings = settings;
    this.listener = listener;
  }

  /**
   * Puts another node.
   *
   * @param labels of its Node
   * @param tunnel IPv4 address of the other end of the tunnel to it, 0 where packets are routed
   */
  public void put(
      String name, Collection<InetAddress> addresses, Map<String, String> labels, int tunnel) {
    var now = new Node(Set.copyOf(addresses), labels, tunnel);
    update(nodes.put(name, now), now);
  }

  /** Takes another node out; one that is not there is no error. */
  public void remove(String name) {
    update(nodes.remove(name), null);
  }

  private void update(@Nullable Node before, @Nullable Node now) {
    var touched = new HashSet<InetAddress>();
    if (before != null) {
      touched.addAll(before.addresses());
    }
    if (now != null) {
      touched.addAll(now.addresses());
    }
    touched.forEach(this::update);
  }

  /** The addresses of this node. */
  public void host(Collection<InetAddress> addresses) {
    var touched = new HashSet<>(host);
    host = Set.copyOf(addresses);
    touched.addAll(host);
    touched.forEach(this::update);
  }

  /** The addresses at which API servers answer. */
  public void apiServers(Collection<InetAddress> addresses) {
    var touched = new HashSet<>(apiServers);
    apiServers = Set.copyOf(addresses);
    touched.addAll(apiServers);
    touched.addAll(host);
    touched.forEach(this::update);
    listener.apiServers(apiServers);
  }

  /** What the address has instead of its identity's labels; null: nothing. */
  @Nullable Own own(InetAddress address) {
    return owned.get(address);
  }

  private void update(InetAddress address) {
    boolean apiServer = apiServers.contains(address);
    var node = nodeAt(address);
    int identity = NodeLabels.identityOf(apiServer).number();
    listener.remote(
        address,
        node == null ? null : new IpcacheValue(identity, node.tunnel(), 0, IpcacheValue.NODE, 0));
    Own own = null;
    if (host.contains(address)) {
      own = hostWithApiServer();
    } else if (node != null && settings.nodeLabels()) {
      var labels = NodeLabels.ofRemote(node.labels(), settings.cluster(), apiServer);
      own = new Own(identity, labels);
    }
    if (own == null) {
      owned.remove(address);
    } else {
      owned.put(address, own);
    }
    listener.relabelled(address);
  }

  /** An API server at any of its addresses is one of the whole host. */
  private @Nullable Own hostWithApiServer() {
    for (var address : host) {
      if (apiServers.contains(address)) {
        return new Own(ReservedIdentity.HOST.number(), NodeLabels.ofHostWithApiServer());
      }
    }
    return null;
  }

  private @Nullable Node nodeAt(InetAddress address) {
    for (var node : nodes.values()) {
      if (node.addresses().contains(address)) {
        return node;
      }
    }
    return null;
  }
}
