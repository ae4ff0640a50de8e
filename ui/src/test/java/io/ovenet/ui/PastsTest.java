package io.ovenet.ui;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.Server;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.ovenet.api.ledger.GetLedgerRequest;
import io.ovenet.api.ledger.GetLedgerResponse;
import io.ovenet.api.ledger.LedgerGrpc;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class PastsTest {
  private static final long QUARTER = Pasts.PERIOD.toMillis();

  /** Calls that a test has not answered yet. */
  private final LinkedBlockingQueue<StreamObserver<GetLedgerResponse>> asked =
      new LinkedBlockingQueue<>();

  private Server server;
  private RelayClient relay;
  private Pasts pasts;

  @BeforeEach
  void start() throws Exception {
    server =
        NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .addService(
                new LedgerGrpc.LedgerImplBase() {
                  @Override
                  public void getLedger(
                      GetLedgerRequest request, StreamObserver<GetLedgerResponse> to) {
                    asked.add(to);
                  }
                })
            .build()
            .start();
    relay = new RelayClient("127.0.0.1:" + server.getPort(), null, null);
    pasts = new Pasts(relay);
  }

  @AfterEach
  void stop() {
    relay.close();
    server.shutdownNow();
  }

  /** In a thread of its own: the common pool of a small machine has but one. */
  private CompletableFuture<Past> read(long at) {
    return CompletableFuture.supplyAsync(() -> pasts.around(at), Thread::startVirtualThread);
  }

  private StreamObserver<GetLedgerResponse> next() throws InterruptedException {
    StreamObserver<GetLedgerResponse> call = asked.poll(60, TimeUnit.SECONDS);
    assertThat(call).as("a call").isNotNull();
    return call;
  }

  @Test
  void aTimeThatTheNodesAreSlowToTellHoldsNoOther() throws Exception {
    long now = System.currentTimeMillis();
    var slow = read(now - 8 * QUARTER);
    StreamObserver<GetLedgerResponse> unanswered = next();
    var other = read(now - 4 * QUARTER);
    next().onCompleted();
    assertThat(other.get(60, TimeUnit.SECONDS).connections()).isEmpty();
    assertThat(slow).as("still unanswered").isNotDone();
    unanswered.onCompleted();
    assertThat(slow.get(60, TimeUnit.SECONDS).connections()).isEmpty();
  }

  @Test
  void whoAsksForWhatIsBeingReadWaitsForItAndItIsReadOnce() throws Exception {
    long at = System.currentTimeMillis() - 8 * QUARTER;
    List<CompletableFuture<Past>> same = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      same.add(read(at));
    }
    next().onCompleted();
    for (CompletableFuture<Past> each : same) {
      assertThat(each.get(60, TimeUnit.SECONDS)).isSameAs(same.getFirst().get());
    }
    assertThat(asked).as("calls besides the one").isEmpty();
  }

  @Test
  void whatFailedIsAskedForAgain() throws Exception {
    long at = System.currentTimeMillis() - 8 * QUARTER;
    var failing = read(at);
    next().onError(Status.UNIMPLEMENTED.withDescription("no ledger").asRuntimeException());
    assertThatThrownBy(() -> failing.get(60, TimeUnit.SECONDS))
        .cause()
        .isInstanceOf(StatusRuntimeException.class)
        .hasMessageContaining("no ledger");
    var again = read(at);
    next().onCompleted();
    assertThat(again.get(60, TimeUnit.SECONDS).connections()).isEmpty();
  }
}
