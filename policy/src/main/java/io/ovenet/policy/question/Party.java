package io.ovenet.policy.question;

import io.ovenet.policy.Cidr;
import io.ovenet.policy.Label;
import io.ovenet.policy.LabelKeys;
import io.ovenet.policy.Labels;
import io.ovenet.policy.NamedPorts;
import io.ovenet.policy.PolicySubject;
import io.ovenet.policy.ReservedIdentity;
import org.jspecify.annotations.Nullable;

/**
 * Someone at an end of a connection: a pod, addresses outside the cluster, or one of the reserved
 * (the host, other nodes, …).
 *
 * @param name how people know it
 * @param address of a pod its own, null if it is not known; of what lies outside the prefix that is
 *     meant; null for all others
 * @param ports a pod's named ports
 * @param audit whether what its policy denies passes all the same
 */
public record Party(
    String name, Labels labels, @Nullable Cidr address, NamedPorts ports, boolean audit) {

  /** Addresses outside the cluster. */
  public static Party outside(String name, Cidr prefix) {
    Labels labels =
        prefix.ipv6() ? ReservedIdentity.WORLD_IPV6.labels() : ReservedIdentity.WORLD.labels();
    return new Party(name, labels, prefix, NamedPorts.NONE, false);
  }

  public static Party reserved(ReservedIdentity identity) {
    return new Party(identity.labelName(), identity.labels(), null, NamedPorts.NONE, false);
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

  /** Whether it is known by its address alone. */
  public boolean isOutside() {
    return address != null && !isPod();
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
