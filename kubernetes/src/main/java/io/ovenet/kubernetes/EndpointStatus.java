package io.ovenet.kubernetes;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What an agent tells of one of its endpoints.
 *
 * @param name of the CiliumEndpoint: the pod's for its first interface
 * @param podUid owner of the object, which goes when the pod goes
 * @param endpointId number on its node
 * @param identity number of its identity, 0 while it has none
 * @param labels of its identity, as {@code source:key=value}, sorted
 * @param ipv4 empty for none
 * @param ipv6 empty for none
 * @param nodeAddress address of the node
 * @param state such as {@code ready}
 * @param workload of its pod, as {@link Workload} writes it, empty for none
 */
public record EndpointStatus(
    String namespace,
    String name,
    String podName,
    String podUid,
    int endpointId,
    int identity,
    List<String> labels,
    String ipv4,
    String ipv6,
    String nodeAddress,
    boolean ingressEnforced,
    boolean egressEnforced,
    List<ContainerPort> namedPorts,
    String state,
    String workload) {
  public EndpointStatus {
    labels = List.copyOf(labels);
    namedPorts = List.copyOf(namedPorts);
  }

  /** The part of the object that tells; complete, so that a merge leaves nothing of before. */
  Map<String, Object> toJson() {
    var address = new LinkedHashMap<String, String>();
    if (!ipv4.isEmpty()) {
      address.put("ipv4", ipv4);
    }
    if (!ipv6.isEmpty()) {
      address.put("ipv6", ipv6);
    }
    var ports = new ArrayList<Map<String, Object>>();
    for (var port : namedPorts) {
      ports.add(Map.of("name", port.name(), "port", port.port(), "protocol", port.protocol()));
    }
    var status = new LinkedHashMap<String, Object>();
    status.put("id", endpointId);
    status.put("identity", Map.of("id", identity, "labels", labels));
    status.put("networking", Map.of("addressing", List.of(address), "node", nodeAddress));
    status.put(
        "policy",
        Map.of(
            "ingress", Map.of("enforcing", ingressEnforced),
            "egress", Map.of("enforcing", egressEnforced)));
    status.put("named-ports", ports);
    status.put(
        "external-identifiers",
        Map.of(
            "k8s-namespace",
            namespace,
            "k8s-pod-name",
            podName,
            "pod-name",
            namespace + "/" + podName));
    status.put("state", state);
    return status;
  }
}
