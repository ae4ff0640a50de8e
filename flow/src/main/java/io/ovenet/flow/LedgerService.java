package io.ovenet.flow;

import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.ovenet.api.ledger.GetLedgerRequest;
import io.ovenet.api.ledger.GetLedgerResponse;
import io.ovenet.api.ledger.LedgerAccount;
import io.ovenet.api.ledger.LedgerEntry;
import io.ovenet.api.ledger.LedgerGrpc;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** Serves a node's ledger. Safe for any number of calls at once; each goes at its client's pace. */
public final class LedgerService extends LedgerGrpc.LedgerImplBase {
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final Ledger ledger;
  private final String nodeName;

  /**
   * Over a node's ledger.
   *
   * @param nodeName {@code cluster/node}
   */
  public LedgerService(Ledger ledger, String nodeName) {
    this.ledger = ledger;
    this.nodeName = nodeName;
  }

  @Override
  public void getLedger(GetLedgerRequest request, StreamObserver<GetLedgerResponse> responses) {
    long since;
    long until;
    try {
      since = request.hasSince() ? FlowQuery.nanos(request.getSince(), "since") : Long.MIN_VALUE;
      until = request.hasUntil() ? FlowQuery.nanos(request.getUntil(), "until") : Long.MAX_VALUE;
    } catch (IllegalArgumentException e) {
      responses.onError(
          Status.INVALID_ARGUMENT.withDescription(e.getMessage()).asRuntimeException());
      return;
    }
    var client = (ServerCallStreamObserver<GetLedgerResponse>) responses;
    Thread thread = Thread.ofVirtual().name("ledger").unstarted(() -> run(since, until, client));
    client.setOnReadyHandler(() -> LockSupport.unpark(thread));
    client.setOnCancelHandler(() -> LockSupport.unpark(thread));
    thread.start();
  }

  private void run(long since, long until, ServerCallStreamObserver<GetLedgerResponse> client) {
    try {
      Ledger.Account account = ledger.read(since, until, entry -> send(entry, client));
      if (client.isCancelled()) {
        return;
      }
      var told =
          LedgerAccount.newBuilder()
              .setUncounted(account.uncounted())
              .setDamagedFiles(account.damagedFiles());
      if (account.since() != Long.MAX_VALUE) {
        told.setSince(Ledger.timestamp(account.since()));
      }
      client.onNext(response().setAccount(told).build());
      client.onCompleted();
    } catch (IOException e) {
      client.onError(
          Status.INTERNAL
              .withDescription("the ledger cannot be read: " + e.getMessage())
              .asRuntimeException());
    }
  }

  private GetLedgerResponse.Builder response() {
    return GetLedgerResponse.newBuilder().setNodeName(nodeName);
  }

  private boolean send(LedgerEntry entry, ServerCallStreamObserver<GetLedgerResponse> client) {
    while (!client.isReady() && !client.isCancelled()) {
      LockSupport.parkNanos(this, PATIENCE_NANOS); // woken by the client's being ready
    }
    if (client.isCancelled()) {
      return false;
    }
    client.onNext(response().setEntry(entry).build());
    return true;
  }
}
