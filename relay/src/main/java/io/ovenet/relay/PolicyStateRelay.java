package io.ovenet.relay;

import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.ovenet.api.policy.GetPoliciesRequest;
import io.ovenet.api.policy.GetPoliciesResponse;
import io.ovenet.api.policy.PolicyStateGrpc;
import io.ovenet.api.policy.Unavailable;
import java.util.concurrent.TimeUnit;

/**
 * What all nodes have in force of policies, some at a time, in no order. Whoever does not answer is
 * named in the last message.
 */
final class PolicyStateRelay extends PolicyStateGrpc.PolicyStateImplBase {
  private static final int CALL_SECONDS = 10;

  private final PeerDirectory directory;
  private final String nodeName;

  /**
   * Over the agents of a directory.
   *
   * @param nodeName where the relay runs
   */
  PolicyStateRelay(PeerDirectory directory, String nodeName) {
    this.directory = directory;
    this.nodeName = nodeName;
  }

  @Override
  public void getPolicies(
      GetPoliciesRequest request, StreamObserver<GetPoliciesResponse> responses) {
    AllPeers.ask(
        "policy",
        directory,
        (ServerCallStreamObserver<GetPoliciesResponse>) responses,
        channel ->
            PolicyStateGrpc.newBlockingStub(channel)
                .withDeadlineAfter(CALL_SECONDS, TimeUnit.SECONDS)
                .getPolicies(request),
        missing ->
            GetPoliciesResponse.newBuilder()
                .setNodeName(nodeName)
                .setUnavailable(Unavailable.newBuilder().addAllNodes(missing))
                .build());
  }
}
