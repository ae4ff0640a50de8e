package io.ovenet.relay;

import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.ovenet.api.ledger.GetLedgerRequest;
import io.ovenet.api.ledger.GetLedgerResponse;
import io.ovenet.api.ledger.LedgerAccount;
import io.ovenet.api.ledger.LedgerGrpc;
import java.util.concurrent.TimeUnit;

/**
 * The ledgers of all nodes, some at a time, in no order. Whoever does not answer, or breaks off, is
 * named in the last account.
 */
final class LedgerRelay extends LedgerGrpc.LedgerImplBase {
  private static final int CALL_SECONDS = 60;

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
    AllPeers.ask(
        "the ledger",
        directory,
        (ServerCallStreamObserver<GetLedgerResponse>) responses,
        channel ->
            LedgerGrpc.newBlockingStub(channel)
                .withDeadlineAfter(CALL_SECONDS, TimeUnit.SECONDS)
                .getLedger(request),
        missing ->
            GetLedgerResponse.newBuilder()
                .setNodeName(nodeName)
                .setAccount(LedgerAccount.newBuilder().addAllUnavailableNodes(missing))
                .build());
  }
}
