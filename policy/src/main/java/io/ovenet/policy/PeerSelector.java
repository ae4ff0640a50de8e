package io.ovenet.policy;

import org.jspecify.annotations.Nullable;

/** Selects identities as peers: by their labels, or by the address prefix they stand for. */
public sealed interface PeerSelector permits EndpointSelector, CidrSelector {
  /**
   * Whether an identity is selected.
   *
   * @param prefix the addresses the identity stands for; of a pod the longest prefix around its
   *     address that a rule in use names; null for nodes, the host and other pods
   */
  boolean selects(Labels labels, @Nullable Cidr prefix);
}
