package io.ovenet.relay;

import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import io.ovenet.api.peer.ChangeNotification;
import org.jspecify.annotations.Nullable;

/**
 * A node's agent and the connection to it, which is made again whenever it breaks.
 *
 * @param channel null: it cannot be connected to at all, as `problem` says
 */
record Peer(ChangeNotification told, @Nullable ManagedChannel channel, String problem) {
  String name() {
    return told.getName();
  }

  /** Whether calls go through now. Otherwise a connection is tried. */
  boolean isConnected() {
    return channel != null && channel.getState(true) == ConnectivityState.READY;
  }

  void close() {
    if (channel != null) {
      channel.shutdownNow();
    }
  }
}
