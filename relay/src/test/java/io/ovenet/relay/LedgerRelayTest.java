package io.ovenet.relay;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.ManagedChannel;
import io.grpc.stub.StreamObserver;
import io.ovenet.api.ledger.GetLedgerRequest;
import io.ovenet.api.ledger.GetLedgerResponse;
import io.ovenet.api.ledger.LedgerAccount;
import io.ovenet.api.ledger.LedgerEntry;
import io.ovenet.api.ledger.LedgerGrpc;
import io.ovenet.flow.HubbleServer;
import io.ovenet.flow.PeerService;
import io.ovenet.flow.Peers;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The ledgers of all nodes through a relay, one of which is down. */
@Timeout(120)
final class LedgerRelayTest {
  private static final int ENTRIES = 500;

  @TempDir Path directory = Path.of("");
  private final List<AutoCloseable> open = new ArrayList<>();

  @AfterEach
  void stop() throws Exception {
    for (AutoCloseable each : open.reversed()) {
      each.close();
    }
  }

  private static LedgerGrpc.LedgerImplBase agent(String name) {
    return new LedgerGrpc.LedgerImplBase() {
      @Override
      public void getLedger(GetLedgerRequest request, StreamObserver<GetLedgerResponse> to) {
        for (int i = 0; i < ENTRIES; i++) {
          to.onNext(
              GetLedgerResponse.newBuilder()
                  .setNodeName(name)
                  .setEntry(LedgerEntry.newBuilder().setConnections(1).setPort(i))
                  .build());
        }
        to.onNext(
            GetLedgerResponse.newBuilder()
                .setNodeName(name)
                .setAccount(LedgerAccount.newBuilder().setUncounted(3))
                .build());
        to.onCompleted();
      }
    };
  }

  private HubbleServer serve(String name, List<? extends io.grpc.BindableService> services)
      throws IOException {
    HubbleServer server =
        HubbleServer.start(
            services,
            "1.19.4",
            directory.resolve(name + ".sock"),
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
            null);
    open.add(server);
    return server;
  }

  @Test
  void allOfThemAndWhoIsMissing() throws Exception {
    var peers = new Peers();
    for (String name : List.of("one", "two")) {
      peers.upsert(name, "127.0.0.1:" + serve(name, List.of(agent(name))).port(), "");
    }
    HubbleServer gone = serve("three", List.of(agent("three")));
    peers.upsert("three", "127.0.0.1:" + gone.port(), "");
    HubbleServer service = serve("peers", List.of(new PeerService(peers)));
    var channels = new PeerChannels(null);
    open.add(channels);
    gone.close();
    open.add(
        new Relay(
            RelayOptions.parse(
                "--listen-address=127.0.0.1:0",
                "--socket-path=" + directory.resolve("relay.sock"),
                "--peer-service=127.0.0.1:" + service.port())));
    ManagedChannel channel = channels.open("unix://" + directory.resolve("relay.sock"), "");
    open.add(channel::shutdownNow);

    long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
    while (true) {
      var nodes = new TreeSet<String>();
      var missing = new ArrayList<String>();
      int[] entries = {0};
      long[] uncounted = {0};
      LedgerGrpc.newBlockingStub(channel)
          .withWaitForReady()
          .getLedger(GetLedgerRequest.getDefaultInstance())
          .forEachRemaining(
              response -> {
                if (response.hasEntry()) {
                  entries[0]++;
                  nodes.add(response.getNodeName());
                } else {
                  uncounted[0] += response.getAccount().getUncounted();
                  missing.addAll(response.getAccount().getUnavailableNodesList());
                }
              });
      if (nodes.equals(Set.of("one", "two")) && missing.equals(List.of("three"))) {
        assertThat(entries[0]).isEqualTo(2 * ENTRIES);
        assertThat(uncounted[0]).isEqualTo(6);
        return;
      }
      assertThat(System.nanoTime()).as("nodes %s, missing %s", nodes, missing).isLessThan(deadline);
      Thread.sleep(50);
    }
  }
}
