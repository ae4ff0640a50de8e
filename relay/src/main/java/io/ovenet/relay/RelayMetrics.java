package io.ovenet.relay;

import io.grpc.ConnectivityState;
import io.ovenet.metrics.MetricsText;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;

/** How the relay's connections are, for Prometheus; by upstream's name and labels. */
final class RelayMetrics {
  /** Of an agent that cannot be connected to at all. */
  private static final String NO_CONNECTION = "NIL_CONNECTION";

  private static final List<String> STATUS = List.of("status");

  private final Supplier<Collection<Peer>> peers;

  RelayMetrics(Supplier<Collection<Peer>> peers) {
    this.peers = peers;
  }

  void write(MetricsText to) {
    Map<String, Integer> counts = new TreeMap<>();
    for (ConnectivityState state : ConnectivityState.values()) {
      counts.put(state.name(), 0);
    }
    counts.put(NO_CONNECTION, 0);
    for (Peer peer : peers.get()) {
      var channel = peer.channel();
      counts.merge(
          channel == null ? NO_CONNECTION : channel.getState(false).name(), 1, Integer::sum);
    }
    to.gauge(
        "hubble_relay_pool_peer_connection_status",
        "Agents that the peer service knows, by how the connection to each is.");
    counts.forEach(
        (status, count) ->
            to.sample(
                "hubble_relay_pool_peer_connection_status", STATUS, new String[] {status}, count));
  }
}
