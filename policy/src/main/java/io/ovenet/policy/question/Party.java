package io.ovenet.policy.question;

import io.ovenet.policy.Cidr;
import io.ovenet.policy.Label;
import io.ovenet.policy.LabelKeys;
import io.ovenet.policy.Labels;
import io.ovenet.policy.NamedPorts;
import io.ovenet.policy.NodeLabels;
import io.ovenet.policy.PolicySubject;
import io.ovenet.policy.ReservedIdentity;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Someone at an end of a connection: a pod, a node, an API server, addresses outside the cluster,
 * or one of the reserved (the host, …).
 *
 * @param name how people know it
 * @param address its own, null if it is not known or has none; of what lies outside the prefix that
 *     is meant
 * @param ports a pod's named ports
 * @param audit whether what its policy denies passes all the same
 */
public record Party(
    String name, Labels labels, @Nullable Cidr address, NamedPorts ports, boolean audit) {
  private static final List<ReservedIdentity> INSIDE =
      List.of(
          ReservedIdentity.HOST,
          ReservedIdentity.REMOTE_NODE,
          ReservedIdentity.INIT,
          ReservedIdentity.INGRESS,
          ReservedIdentity.HEALTH,
          ReservedIdentity.UNMANAGED);

  /** Addresses outside the cluster. */
  public static Party outside(String name, Cidr prefix) {
    Labels labels =
        prefix.ipv6() ? ReservedIdentity.WORLD_IPV6.labels() : ReservedIdentity.WORLD.labels();
    return new Party(name, labels, prefix, NamedPorts.NONE, false);
  }

  public static Party reserved(ReservedIdentity identity) {
    return new Party(identity.labelName(), identity.labels(), null, NamedPorts.NONE, false);
  }

  /** An API server's address outside the cluster. */
  public static Party apiServer(String name, Cidr address) {
    return new Party(name, NodeLabels.ofOutsideApiServer(address), address, NamedPorts.NONE, false);
  }

  public boolean isPod() {
    return labels.has(Label.K8S, LabelKeys.NAMESPACE);
  }

  /** Whether policies are about it as their subject. */
  public boolean isEndpoint() {
    return isPod()
        || labels.isReserved(ReservedIdentity.INIT)
        || labels.isReserved(ReservedIdentity.HEALTH)
        || labels.isReserved(ReservedIdentity.INGRESS);
  }

  /** Whether it is known by its address alone: the world, of which an API server is more. */
  public boolean isOutside() {
    return address != null && liesOutside() && !labels.isReserved(ReservedIdentity.KUBE_APISERVER);
  }

  /** Whether prefixes select it by its address: neither a pod nor what else the cluster has. */
  boolean liesOutside() {
    for (ReservedIdentity inside : INSIDE) {
      if (labels.isReserved(inside)) {
        return false;
      }
    }
    return !isPod();
  }

  /** The namespace of a pod, empty for all others. */
  public String namespace() {
    String namespace = labels.get(Label.K8S, LabelKeys.NAMESPACE);
    return namespace == null ? "" : namespace;
  }

  /** What decides which policy it has. */
  public PolicySubject subject() {
    return new PolicySubject(labels, ports, audit);
  }
}
