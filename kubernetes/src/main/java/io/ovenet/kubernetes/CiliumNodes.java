package io.ovenet.kubernetes;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads and writes CiliumNodes. Thread-safe; calls block. */
public final class CiliumNodes {
  static final String DEPLETED = "depleted";

  private final KubernetesApi api;

  public CiliumNodes(KubernetesApi api) {
    this.api = api;
  }

  /**
   * Sees to it that a node's object exists, names its addresses and has its labels, no others.
   *
   * @param nodeUid of the Node that owns the object, empty where there is none
   * @param labels the Node's
   * @param podCidrs what an object that has to be made says that the node has already; what one
   *     that is there says stays
   */
  public CiliumNodeRecord ensure(
      String name,
      String nodeUid,
      Map<String, String> labels,
      List<NodeAddress> addresses,
      List<String> podCidrs)
      throws IOException {
    var path = RecordKind.CILIUM_NODES.path("", name);
    var json = new ArrayList<Map<String, String>>();
    for (var address : addresses) {
      json.add(Map.of("type", address.type(), "ip", address.address()));
    }
    while (true) {
      try {
        var present = CiliumRecords.node(api.get(path));
        return present.addresses().equals(addresses) && present.labels().equals(labels)
            ? present
            : CiliumRecords.node(
                api.patch(
                    path,
                    Map.of(
                        "metadata",
                        Map.of("labels", merge(present.labels(), labels)),
                        "spec",
                        Map.of("addresses", json))));
      } catch (ApiException e) {
        if (!e.notFound()) {
          throw e;
        }
      }
      var metadata = new HashMap<String, Object>();
      metadata.put("name", name);
      metadata.put("labels", labels);
      if (!nodeUid.isEmpty()) {
        metadata.put(
            "ownerReferences",
            List.of(Map.of("apiVersion", "v1", "kind", "Node", "name", name, "uid", nodeUid)));
      }
      var spec = new HashMap<String, Object>(Map.of("addresses", json));
      if (!podCidrs.isEmpty()) {
        spec.put("ipam", Map.of("podCIDRs", podCidrs));
      }
      try {
        return CiliumRecords.node(
            api.create(
                RecordKind.CILIUM_NODES.collectionPath(),
                Map.of(
                    "apiVersion",
                    "cilium.io/v2",
                    "kind",
                    "CiliumNode",
                    "metadata",
                    metadata,
                    "spec",
                    spec)));
      } catch (ApiException e) {
        // Made since: see whether it is right.
        if (!e.alreadyExists()) {
          throw e;
        }
      }
    }
  }

  /** What makes one of the other by a merge patch: null takes out (RFC 7396). */
  private static Map<String, @Nullable String> merge(
      Map<String, String> present, Map<String, String> wanted) {
    var patch = new HashMap<String, @Nullable String>(wanted);
    for (var key : present.keySet()) {
      if (!wanted.containsKey(key)) {
        patch.put(key, null);
      }
    }
    return patch;
  }

  /** Tells which policy revision the node's agent has in force. */
  public void reportPolicyRevision(String name, long revision) throws IOException {
    patchStatus(name, Map.of("policy", Map.of("revision", revision)));
  }

  /** Tells why the operator could not serve the node; empty if it could. */
  public void reportOperatorError(String name, String error) throws IOException {
    patchStatus(name, Map.of("ipam", Map.of("operator-status", Map.of("error", error))));
  }

  /** Tells whether a node's prefixes have too few addresses left. */
  public void reportPodCidrs(String name, List<String> podCidrs, boolean depleted)
      throws IOException {
    var states = new HashMap<String, Object>();
    for (var cidr : podCidrs) {
      states.put(cidr, Map.of("status", depleted ? DEPLETED : "in-use"));
    }
    patchStatus(name, Map.of("ipam", Map.of("pod-cidrs", states)));
  }

  /**
   * Gives a node its prefixes.
   *
   * @throws ApiException a conflict if the object has changed since {@code node} was read
   */
  public CiliumNodeRecord assign(CiliumNodeRecord node, List<String> podCidrs) throws IOException {
    return CiliumRecords.node(
        api.patch(
            RecordKind.CILIUM_NODES.path("", node.name()),
            Map.of(
                "metadata", Map.of("resourceVersion", node.resourceVersion()),
                "spec", Map.of("ipam", Map.of("podCIDRs", podCidrs)))));
  }

  private void patchStatus(String name, Map<String, ?> status) throws IOException {
    api.patch(RecordKind.CILIUM_NODES.path("", name) + "/status", Map.of("status", status));
  }
}
