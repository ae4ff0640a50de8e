package io.ovenet.flow;

import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.ovenet.api.peer.ChangeNotification;
import io.ovenet.api.peer.NotifyRequest;
import io.ovenet.api.peer.PeerGrpc;
import java.util.concurrent.atomic.AtomicInteger;

/** Hubble's peer service: relays learn from it which agents to ask. Safe for any thread. */
public final class PeerService extends PeerGrpc.PeerImplBase {
  /** Changes that a client may be behind; it has to ask again after that. */
  private static final int BACKLOG = 65_536;

  private final Peers peers;

  public PeerService(Peers peers) {
    this.peers = peers;
  }

  @Override
  public void notify(NotifyRequest request, StreamObserver<ChangeNotification> responses) {
    var client = (ServerCallStreamObserver<ChangeNotification>) responses;
    var told = new AtomicInteger();
    Peers.Subscription[] subscription = new Peers.Subscription[1];
    client.setOnCancelHandler(
        () -> {
          synchronized (subscription) {
            if (subscription[0] != null) {
              subscription[0].close();
            }
          }
        });
    synchronized (subscription) {
      subscription[0] =
          peers.subscribe(
              change -> {
                if (client.isCancelled() || told.get() < 0) {
                  return;
                }
                if (client.isReady()) {
                  told.set(0);
                } else if (told.incrementAndGet() > BACKLOG) {
                  told.set(Integer.MIN_VALUE);
                  client.onError(
                      Status.RESOURCE_EXHAUSTED
                          .withDescription("this client does not read: ask again")
                          .asRuntimeException());
                  return;
                }
                client.onNext(change);
              });
    }
  }
}
