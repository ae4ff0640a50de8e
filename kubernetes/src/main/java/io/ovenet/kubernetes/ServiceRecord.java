package io.ovenet.kubernetes;

import java.util.List;
import java.util.Map;

/**
 * A service. What is not said is empty.
 *
 * @param created RFC 3339, so sorted as text
 * @param type ClusterIP, NodePort, LoadBalancer or ExternalName
 * @param headless whether it has no address of its own on purpose ({@code clusterIP: None})
 * @param externalIps addresses from elsewhere that lead to the nodes
 * @param selector of its pods
 * @param ingress {@code status.loadBalancer.ingress[]}, those with an address
 */
public record ServiceRecord(
    ObjectKey key,
    String resourceVersion,
    String created,
    Map<String, String> labels,
    Map<String, String> annotations,
    String type,
    boolean headless,
    List<String> clusterIps,
    List<String> externalIps,
    List<String> ipFamilies,
    String ipFamilyPolicy,
    String loadBalancerClass,
    String loadBalancerIp,
    ServiceTraffic traffic,
    Map<String, String> selector,
    List<ServicePort> ports,
    List<LoadBalancerIngress> ingress,
    List<Condition> conditions)
    implements KubernetesRecord {
  public ServiceRecord {
    labels = Map.copyOf(labels);
    annotations = Map.copyOf(annotations);
    clusterIps = List.copyOf(clusterIps);
    externalIps = List.copyOf(externalIps);
    ipFamilies = List.copyOf(ipFamilies);
    selector = Map.copyOf(selector);
    ports = List.copyOf(ports);
    ingress = List.copyOf(ingress);
    conditions = List.copyOf(conditions);
  }

  /** {@code status.loadBalancer.ingress[].ip}. */
  public List<String> ingressIps() {
    return ingress.stream().map(LoadBalancerIngress::ip).toList();
  }
}
