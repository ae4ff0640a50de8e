package io.ovenet.relay;

import io.grpc.Context;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.ovenet.api.ledger.GetLedgerRequest;
import io.ovenet.api.ledger.GetLedgerResponse;
import io.ovenet.api.ledger.LedgerAccount;
import io.ovenet.api.ledger.LedgerGrpc;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The ledgers of all nodes, some at a time, in no order. Whoever does not answer, or breaks off, is
 * named in the last account.
 */
final class LedgerRelay extends LedgerGrpc.LedgerImplBase {
  private static final Logger LOG = LoggerFactory.getLogger(LedgerRelay.class);
  private static final int AT_A_TIME = 8;
  private static final int CALL_SECONDS = 60;
  private static final long PATIENCE_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

  private final PeerDirectory directory;
  private final String nodeName;

  /**
   * Over the agents of a directory.
   *
   * @param nodeName where the relay runs
   */
  LedgerRelay(PeerDirectory directory, String nodeName) {
    this.directory = directory;
    this.nodeName = nodeName;
  }

  @Override
  public void getLedger(GetLedgerRequest request, StreamObserver<GetLedgerResponse> responses) {
    var client = (ServerCallStreamObserver<GetLedgerResponse>) responses;
    client.setOnCancelHandler(() -> {}); // looked at where something is sent
    var context = Context.current();
    Thread.ofVirtual().name("ledger").start(() -> context.run(() -> all(request, client)));
  }

  private void all(GetLedgerRequest request, ServerCallStreamObserver<GetLedgerResponse> client) {
    var unavailable = Collections.synchronizedList(new ArrayList<String>());
    var places = new Semaphore(AT_A_TIME);
    var sending = new ReentrantLock();
    var threads = new ArrayList<Thread>();
    var context = Context.current();
    for (Peer peer : directory.peers()) {
      threads.add(
          Thread.ofVirtual()
              .name("ledger-" + peer.name())
              .start(
                  () ->
                      context.run(
                          () -> {
                            places.acquireUninterruptibly();
                            try {
                              if (!one(peer, request, client, sending)) {
                                unavailable.add(peer.name());
                              }
                            } finally {
                              places.release();
                            }
                          })));
    }
    try {
      for (Thread thread : threads) {
        thread.join();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      client.onError(Status.CANCELLED.asRuntimeException());
      return;
    }
    if (!client.isCancelled()) {
      List<String> missing = unavailable.stream().sorted().toList();
      client.onNext(
          GetLedgerResponse.newBuilder()
              .setNodeName(nodeName)
              .setAccount(LedgerAccount.newBuilder().addAllUnavailableNodes(missing))
              .build());
      client.onCompleted();
    }
  }

  /** Whether the node told all that it has. */
  private static boolean one(
      Peer peer,
      GetLedgerRequest request,
      ServerCallStreamObserver<GetLedgerResponse> client,
      ReentrantLock sending) {
    var channel = peer.channel();
    if (channel == null || !peer.isConnected()) {
      return false;
    }
    try {
      var entries =
          LedgerGrpc.newBlockingStub(channel)
              .withDeadlineAfter(CALL_SECONDS, TimeUnit.SECONDS)
              .getLedger(request);
      while (entries.hasNext()) {
        send(entries.next(), client, sending);
      }
      return true;
    } catch (StatusRuntimeException e) {
      if (!client.isCancelled()) {
        LOG.warn("the ledger of {} is not to be had: {}", peer.name(), e.getStatus());
      }
      return false;
    }
  }

  private static void send(
      GetLedgerResponse response,
      ServerCallStreamObserver<GetLedgerResponse> client,
      ReentrantLock sending) {
    sending.lock();
    try {
      while (!client.isReady() && !client.isCancelled()) {
        LockSupport.parkNanos(PATIENCE_NANOS);
      }
      if (client.isCancelled()) {
        throw Status.CANCELLED.asRuntimeException();
      }
      client.onNext(response);
    } finally {
      sending.unlock();
    }
  }
}
