package io.ovenet.kubernetes;

import java.util.List;
import java.util.Map;

/**
 * A service. What is not said is empty.
 *
 * @param created RFC 3339, so sorted as text
 * @param type ClusterIP, NodePort, LoadBalancer or ExternalName
 * @param selector of its pods
 * @param ingressIps {@code status.loadBalancer.ingress[].ip}
 */
public record ServiceRecord(
    ObjectKey key,
    String resourceVersion,
    String created,
    Map<String, String> labels,
    Map<String, String> annotations,
    String type,
    List<String> clusterIps,
    List<String> ipFamilies,
    String ipFamilyPolicy,
    String loadBalancerClass,
    String loadBalancerIp,
    String externalTrafficPolicy,
    Map<String, String> selector,
    List<ServicePort> ports,
    List<String> ingressIps,
    List<Condition> conditions)
    implements KubernetesRecord {
  public ServiceRecord {
    labels = Map.copyOf(labels);
    annotations = Map.copyOf(annotations);
    clusterIps = List.copyOf(clusterIps);
    ipFamilies = List.copyOf(ipFamilies);
    selector = Map.copyOf(selector);
    ports = List.copyOf(ports);
    ingressIps = List.copyOf(ingressIps);
    conditions = List.copyOf(conditions);
  }
}
