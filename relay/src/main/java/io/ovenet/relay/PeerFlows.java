package io.ovenet.relay;

import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.ovenet.api.observer.GetFlowsRequest;
import io.ovenet.api.observer.GetFlowsResponse;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What one agent answers to a GetFlows, as far as it has come. Taken from by one thread; no more is
 * asked for than has room, so the agent is as fast as its reader, and tells itself what it lost.
 */
final class PeerFlows implements ClientResponseObserver<GetFlowsRequest, GetFlowsResponse> {
  private static final int ROOM = 256;

  /** An answer, and when it came. */
  record Arrived(GetFlowsResponse response, long nanos) {
    /** Nanoseconds since 1970. */
    long time() {
      var time = response.getTime();
      return TimeUnit.SECONDS.toNanos(time.getSeconds()) + time.getNanos();
    }
  }

  private final String peer;
  private final Runnable wake;
  private final ArrayDeque<Arrived> arrived = new ArrayDeque<>();
  private @Nullable ClientCallStreamObserver<GetFlowsRequest> call;
  private boolean ended;
  private @Nullable Status failure;

  /**
   * For one call.
   *
   * @param wake told whenever something has come; must not block
   */
  PeerFlows(String peer, Runnable wake) {
    this.peer = peer;
    this.wake = wake;
  }

  String peer() {
    return peer;
  }

  @Override
  public void beforeStart(ClientCallStreamObserver<GetFlowsRequest> begun) {
    call = begun;
    begun.disableAutoRequestWithInitial(ROOM);
  }

  @Override
  public void onNext(GetFlowsResponse response) {
    synchronized (this) {
      arrived.add(new Arrived(response, System.nanoTime()));
    }
    wake.run();
  }

  @Override
  public void onError(Throwable problem) {
    synchronized (this) {
      failure = Status.fromThrowable(problem);
      ended = true;
    }
    wake.run();
  }

  @Override
  public void onCompleted() {
    synchronized (this) {
      ended = true;
    }
    wake.run();
  }

  /** The oldest that has come and was not taken. */
  synchronized @Nullable Arrived head() {
    return arrived.peek();
  }

  /** Takes the head. */
  void take() {
    synchronized (this) {
      arrived.remove();
    }
    var begun = call;
    if (begun != null) {
      begun.request(1);
    }
  }

  /** Nothing more will come. */
  synchronized boolean isEnded() {
    return ended;
  }

  /** Why it ended, where that was no success. */
  synchronized @Nullable Status failure() {
    return failure;
  }

  void cancel() {
    var begun = call;
    if (begun != null) {
      begun.cancel("nobody reads any more", null);
    }
  }
}
