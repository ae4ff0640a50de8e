package io.ovenet.kubernetes;

import java.util.List;

/**
 * What an agent says about an endpoint of its node; the source of other nodes' address tables.
 *
 * @param identity number of its identity, 0 while it has none
 * @param endpointId number of the endpoint on its node
 * @param nodeAddress address of its node, empty while unknown
 * @param ips addresses of the endpoint, as the API has them
 * @param namedPorts of its pod, those that can be understood
 * @param podUid uid of the pod that owns it, empty where nothing owns it
 * @param workload of its pod, as {@link Workload} writes it, empty where nobody says
 */
public record CiliumEndpointRecord(
    ObjectKey key,
    String resourceVersion,
    int identity,
    int endpointId,
    String nodeAddress,
    List<String> ips,
    String state,
    List<ContainerPort> namedPorts,
    String podUid,
    String workload)
    implements KubernetesRecord {
  public CiliumEndpointRecord {
    ips = List.copyOf(ips);
    namedPorts = List.copyOf(namedPorts);
  }
}
