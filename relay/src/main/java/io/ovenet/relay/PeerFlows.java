package io.ovenet.relay;

import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.ovenet.api.observer.GetFlowsRequest;
import java.util.ArrayDeque;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What one agent answers to a GetFlows, as far as it has come. Taken from by one thread; no more is
 * asked for than has room, so the agent is as fast as its reader, and tells itself what it lost.
 */
final class PeerFlows implements ClientResponseObserver<GetFlowsRequest, FlowAnswer> {
  private static final int ROOM = 256;

  /** An answer, and when it came. */
  record Arrived(FlowAnswer answer, long nanos) {}

  private final String peer;
  private final Consumer<PeerFlows> news;
  private final ArrayDeque<Arrived> arrived = new ArrayDeque<>();
  private @Nullable ClientCallStreamObserver<GetFlowsRequest> call;
  private boolean ended;
  private @Nullable Status failure;

  /**
   * For one call.
   *
   * @param news told when something has come where nothing was, and of the end; must not block
   */
  PeerFlows(String peer, Consumer<PeerFlows> news) {
    this.peer = peer;
    this.news = news;
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
  public void onNext(FlowAnswer answer) {
    boolean first;
    synchronized (this) {
      first = arrived.isEmpty();
      arrived.add(new Arrived(answer, System.nanoTime()));
    }
    if (first) {
      news.accept(this);
    }
  }

  @Override
  public void onError(Throwable problem) {
    synchronized (this) {
      failure = Status.fromThrowable(problem);
      ended = true;
    }
    news.accept(this);
  }

  @Override
  public void onCompleted() {
    synchronized (this) {
      ended = true;
    }
    news.accept(this);
  }

  /** The oldest that has come and was not taken. */
  synchronized @Nullable Arrived head() {
    return arrived.peek();
  }

  /** Takes the head; what is the head then, null if nothing more has come so far. */
  @Nullable Arrived take() {
    Arrived next;
    synchronized (this) {
      arrived.remove();
      next = arrived.peek();
    }
    var begun = call;
    if (begun != null) {
      begun.request(1);
    }
    return next;
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
