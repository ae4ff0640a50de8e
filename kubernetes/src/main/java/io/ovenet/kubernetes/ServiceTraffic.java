package io.ovenet.kubernetes;

import java.util.List;

/**
 * Which of a service's backends get what.
 *
 * @param internalLocal whether clients of the cluster get backends of their own node alone
 * @param externalLocal whether clients from outside get backends of the node alone that they came
 *     to
 * @param distribution {@code spec.trafficDistribution}; empty: none
 * @param affinitySeconds for how long a client address keeps its backend; 0: no affinity
 * @param notReadyToo {@code spec.publishNotReadyAddresses}
 * @param healthCheckNodePort asked by load balancers which nodes have a backend; 0: none
 * @param sourceRanges prefixes of the clients that a load balancer lets in; empty: all
 */
public record ServiceTraffic(
    boolean internalLocal,
    boolean externalLocal,
    String distribution,
    int affinitySeconds,
    boolean notReadyToo,
    int healthCheckNodePort,
    List<String> sourceRanges) {
  /** Kubernetes' own default: three hours. */
  static final int DEFAULT_AFFINITY_SECONDS = 10_800;

  public ServiceTraffic {
    sourceRanges = List.copyOf(sourceRanges);
  }
}
