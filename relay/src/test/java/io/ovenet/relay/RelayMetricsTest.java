package io.ovenet.relay;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.api.peer.ChangeNotification;
import io.ovenet.metrics.MetricsText;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RelayMetricsTest {
  @TempDir Path directory = Path.of("");

  @Test
  void agentsAreCountedByTheirConnection() throws IOException {
    try (var channels = new PeerChannels(null)) {
      var known = ChangeNotification.newBuilder().setName("n1").build();
      var idle = new Peer(known, channels.open("unix://" + directory.resolve("none"), ""), "");
      var impossible = new Peer(known, null, "speaks TLS");
      var text = new MetricsText(false);
      new RelayMetrics(() -> List.of(idle, impossible, impossible)).write(text);
      assertThat(text.finish())
          .contains("hubble_relay_pool_peer_connection_status{status=\"IDLE\"} 1\n")
          .contains("hubble_relay_pool_peer_connection_status{status=\"NIL_CONNECTION\"} 2\n")
          .contains("hubble_relay_pool_peer_connection_status{status=\"READY\"} 0\n");
      idle.close();
    }
  }

  @Test
  void theyAreServedWhereTheCommandLineSays() throws Exception {
    var options =
        RelayOptions.parse(
            "--listen-address=",
            "--socket-path=" + directory.resolve("relay.sock"),
            "--peer-service=unix://" + directory.resolve("none"),
            "--metrics-listen-address=127.0.0.1:0");
    try (var relay = new Relay(options)) {
      var url = URI.create("http://127.0.0.1:" + relay.metricsPort() + "/metrics").toURL();
      try (var body = url.openStream()) {
        assertThat(new String(body.readAllBytes(), StandardCharsets.UTF_8))
            .contains("hubble_relay_pool_peer_connection_status{status=\"READY\"} 0\n");
      }
    }
  }
}
