package io.ovenet.kubernetes.world;

import io.ovenet.kubernetes.EndpointSliceRecord;
import io.ovenet.kubernetes.NodeAddress;
import io.ovenet.kubernetes.NodeRecord;
import io.ovenet.policy.Cidr;
import io.ovenet.policy.Labels;
import io.ovenet.policy.NamedPorts;
import io.ovenet.policy.NodeLabels;
import io.ovenet.policy.PolicySettings;
import io.ovenet.policy.question.Party;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * Nodes and API servers as policies know them: each node's addresses with its labels, as another
 * node sees it, and API servers that are no node. Used by one thread.
 */
final class NodeReader {
  /** Before a node's name, where people name it. */
  static final String PREFIX = "node/";

  private static final String API_SERVER = "kube-apiserver/";

  private final PolicySettings settings;
  private final List<NodeRecord> nodes = new ArrayList<>();
  private final TreeSet<Cidr> apiServers = new TreeSet<>();

  NodeReader(PolicySettings settings) {
    this.settings = settings;
  }

  void add(NodeRecord node) {
    nodes.add(node);
  }

  /** Takes it if it is of the API server's service; says nothing of nodes otherwise. */
  void add(EndpointSliceRecord slice) {
    boolean here = slice.key().namespace().isEmpty() || slice.key().namespace().equals("default");
    if (here && slice.service().equals("kubernetes")) {
      slice.endpoints().forEach(endpoint -> apiServers.add(Cidr.of(endpoint.address())));
    }
  }

  /** Each address of a node, the first of each named as the node is. */
  List<Party> parties() {
    Map<Cidr, Party> byAddress = new LinkedHashMap<>();
    for (NodeRecord node : nodes) {
      String name = PREFIX + node.name();
      for (NodeAddress address : node.addresses()) {
        if (address.type().equals("InternalIP")) {
          Cidr parsed = Cidr.parse(address.address());
          byAddress.put(
              parsed, new Party(name, labels(node, parsed), parsed, NamedPorts.NONE, false));
        }
      }
    }
    for (Cidr address : apiServers) {
      byAddress.computeIfAbsent(
          address, at -> Party.apiServer(API_SERVER + at.toString().replaceFirst("/.*", ""), at));
    }
    return List.copyOf(byAddress.values());
  }

  private Labels labels(NodeRecord node, Cidr address) {
    boolean apiServer = apiServers.contains(address);
    return settings.nodeLabels()
        ? NodeLabels.ofRemote(node.labels(), settings.cluster(), apiServer)
        : NodeLabels.identityOf(apiServer).labels();
  }
}
