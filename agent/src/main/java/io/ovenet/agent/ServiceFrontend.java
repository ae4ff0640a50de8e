package io.ovenet.agent;

import io.ovenet.bpf.IpPrefix;
import io.ovenet.datapath.ServiceKey;
import java.net.InetAddress;
import java.util.List;

/**
 * An address and port by which a service is called.
 *
 * @param flags of {@link io.ovenet.datapath.ServiceValue}
 * @param affinitySeconds for how long a client keeps its backend; 0: not at all
 * @param sourceRanges from which the outside may call it; empty: from everywhere
 * @param backends which of the service's sets of backends gets the connections
 * @param skippedBy pods whose calls go as if there were no local redirect
 */
record ServiceFrontend(
    ServiceKey key,
    Kind kind,
    int flags,
    int affinitySeconds,
    List<IpPrefix> sourceRanges,
    BackendSet backends,
    List<InetAddress> skippedBy) {
  /** Where the address is from. */
  enum Kind {
    CLUSTER_IP,
    EXTERNAL_IP,
    LOAD_BALANCER,
    NODE_PORT,
    HOST_PORT,
    LOCAL_REDIRECT
  }

  /**
   * Name of a set of backends.
   *
   * @param service {@code namespace/name}
   * @param port of the service, and its protocol
   * @param local whether it has this node's backends alone
   */
  record BackendSet(String service, String port, boolean local) {}

  /** One that no pod skips. */
  ServiceFrontend(
      ServiceKey key,
      Kind kind,
      int flags,
      int affinitySeconds,
      List<IpPrefix> sourceRanges,
      BackendSet backends) {
    this(key, kind, flags, affinitySeconds, sourceRanges, backends, List.of());
  }

  ServiceFrontend {
    sourceRanges = List.copyOf(sourceRanges);
    skippedBy = List.copyOf(skippedBy);
  }
}
