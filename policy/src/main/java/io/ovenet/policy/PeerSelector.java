package io.ovenet.policy;

import org.jspecify.annotations.Nullable;

/** Selects identities as peers: by their labels, or by the address prefix they stand for. */
public sealed interface PeerSelector permits EndpointSelector, CidrSelector {
  /**
   * Whether an identity is selected.
   *
   * @param prefix the addresses the identity stands for, null for pods, nodes and the host
   */
  boolean selects(Labels labels, @Nullable Cidr prefix);
}
