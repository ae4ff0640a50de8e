package io.ovenet.relay;

import io.grpc.Channel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.ovenet.api.trace.ReachRequest;
import io.ovenet.api.trace.ReachResponse;
import io.ovenet.api.trace.SeenRequest;
import io.ovenet.api.trace.SeenResponse;
import io.ovenet.api.trace.SendRequest;
import io.ovenet.api.trace.SendResponse;
import io.ovenet.api.trace.TraceGrpc;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Has the node that has a pod send a traced packet, and asks the node that it goes to. */
final class TraceRelay extends TraceGrpc.TraceImplBase {
  private static final int CALL_SECONDS = 10;

  private final PeerDirectory directory;

  TraceRelay(PeerDirectory directory) {
    this.directory = directory;
  }

  private static TraceGrpc.TraceBlockingStub at(Channel channel) {
    return TraceGrpc.newBlockingStub(channel).withDeadlineAfter(CALL_SECONDS, TimeUnit.SECONDS);
  }

  @Override
  public void send(SendRequest request, StreamObserver<SendResponse> responses) {
    AllPeers.ask(
        "a traced packet",
        directory,
        (ServerCallStreamObserver<SendResponse>) responses,
        channel -> at(channel).send(request),
        missing -> SendResponse.newBuilder().addAllUnavailableNodes(missing).build());
  }

  @Override
  public void seen(SeenRequest request, StreamObserver<SeenResponse> responses) {
    if (request.getNodeName().isEmpty()) {
      AllPeers.ask(
          "a traced packet",
          directory,
          (ServerCallStreamObserver<SeenResponse>) responses,
          channel -> at(channel).seen(request),
          missing -> SeenResponse.newBuilder().addAllUnavailableNodes(missing).build());
      return;
    }
    var channel = channel(request.getNodeName());
    try {
      if (channel != null) {
        at(channel).seen(request).forEachRemaining(responses::onNext);
      }
    } catch (StatusRuntimeException e) {
      channel = null; // as one that does not answer
    }
    if (channel == null) {
      responses.onNext(
          SeenResponse.newBuilder().addUnavailableNodes(request.getNodeName()).build());
    }
    responses.onCompleted();
  }

  @Override
  public void reach(ReachRequest request, StreamObserver<ReachResponse> response) {
    var channel = channel(request.getNodeName());
    if (channel == null) {
      response.onError(
          Status.UNAVAILABLE
              .withDescription(request.getNodeName() + " does not answer")
              .asRuntimeException());
      return;
    }
    try {
      response.onNext(at(channel).reach(request));
      response.onCompleted();
    } catch (StatusRuntimeException e) {
      response.onError(e.getStatus().asRuntimeException());
    }
  }

  /**
   * Of a node, {@code cluster/node} or its name alone, as peers have them too; null: it is silent.
   */
  private @Nullable Channel channel(String node) {
    for (Peer peer : directory.peers()) {
      if (peer.name().equals(node)
          || peer.name().endsWith("/" + node)
          || node.endsWith("/" + peer.name())) {
        return peer.isConnected() ? peer.channel() : null;
      }
    }
    return null;
  }
}
