package io.ovenet.bench;

import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.ovenet.api.flow.FlowFilter;
import io.ovenet.api.observer.GetFlowsRequest;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Asks an agent by its unix socket for what its ring holds, again and again. */
final class RingReader implements AutoCloseable {
  private static final int WARM_UP = 20;

  private final ManagedChannel channel;

  RingReader(Path socket) {
    channel = FlowCounter.channel(socket, FlowCounter.WINDOW_BYTES);
  }

  /**
   * One GetFlows.
   *
   * @param flows that came
   * @param nanos from the question to the end of the answers
   */
  record Answer(long flows, long nanos) {}

  private static final class Count extends ClientCall.Listener<Follower.Account> {
    private final CompletableFuture<Long> done = new CompletableFuture<>();
    private long flows;

    @Override
    public void onMessage(Follower.Account answer) {
      flows += answer.flows();
    }

    @Override
    public void onClose(Status status, Metadata trailers) {
      if (status.isOk()) {
        done.complete(flows);
      } else {
        done.completeExceptionally(new IOException("GetFlows ended: " + status));
      }
    }
  }

  /** All that passes the filters; none: all. */
  Answer read(FlowFilter... filters) {
    Count count = new Count();
    long begin = System.nanoTime();
    FlowCounter.call(
            channel, count, GetFlowsRequest.newBuilder().addAllWhitelist(List.of(filters)).build())
        .request(Integer.MAX_VALUE);
    long flows = count.done.orTimeout(1, TimeUnit.MINUTES).join();
    return new Answer(flows, System.nanoTime() - begin);
  }

  /**
   * Flows of the ring that are looked at a second.
   *
   * @param held how many it holds
   */
  Ratios rate(long held, int rounds, FlowFilter filter) {
    List<Double> rates = new ArrayList<>();
    for (int round = -WARM_UP; round < rounds; round++) {
      Answer answer = read(filter);
      if (round >= 0) {
        rates.add(held * 1e9 / answer.nanos());
      }
    }
    return Ratios.of(rates);
  }

  @Override
  public void close() {
    channel.shutdownNow();
  }
}
