package io.ovenet.agent;

import io.ovenet.datapath.IpcacheKey;
import io.ovenet.policy.PolicySnapshot;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What the kernel is to decide by, at a moment when it was brought there. Immutable.
 *
 * @param endpoints of this node
 * @param peers whose addresses are whose
 */
record InForce(
    long revision,
    PolicySnapshot policies,
    List<LocalEndpoint> endpoints,
    Map<IpcacheKey, Peer> peers) {

  /**
   * Who has an address.
   *
   * @param number what {@code policies} know them by: the identity, or that of a part of it
   */
  record Peer(int identity, int number) {}

  @Nullable LocalEndpoint endpoint(int id) {
    for (var endpoint : endpoints) {
      if (endpoint.id() == id) {
        return endpoint;
      }
    }
    return null;
  }
}
