package io.ovenet.agent;

import io.ovenet.datapath.Backend;

/**
 * Who may answer for a service.
 *
 * @param local whether it is on this node
 * @param ready whether it should get new connections
 * @param terminating whether it has been told to end
 * @param node it is on; empty if not known
 * @param target kind and name of what answers, such as {@code Pod web-1}; empty if not known
 */
record ServiceBackend(
    BackendKey key, boolean local, boolean ready, boolean terminating, String node, String target) {
  Backend entry() {
    return new Backend(
        key.address(),
        key.port(),
        key.protocol(),
        (terminating || !ready ? Backend.TERMINATING : 0) | (local ? Backend.LOCAL : 0),
        key.generation());
  }
}
