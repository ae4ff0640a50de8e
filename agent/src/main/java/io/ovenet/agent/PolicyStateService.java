package io.ovenet.agent;

import com.google.protobuf.Timestamp;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.ovenet.api.policy.GetPoliciesRequest;
import io.ovenet.api.policy.GetPoliciesResponse;
import io.ovenet.api.policy.NodePolicies;
import io.ovenet.api.policy.PolicyInForce;
import io.ovenet.api.policy.PolicyInForce.Standing;
import io.ovenet.api.policy.PolicyStateGrpc;
import io.ovenet.policy.Rule;
import java.util.Collection;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/** Says which version of each policy is in force on this node. Safe for any number of calls. */
final class PolicyStateService extends PolicyStateGrpc.PolicyStateImplBase {
  private static final long PATIENCE_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

  private final String nodeName;
  private final PoliciesInForce policies;
  private final Supplier<Collection<LocalEndpoint>> endpoints;
  private final LongSupplier revision;

  /**
   * Over what a node has.
   *
   * @param nodeName {@code cluster/node}
   * @param endpoints with the labels that are in force
   */
  PolicyStateService(
      String nodeName,
      PoliciesInForce policies,
      Supplier<Collection<LocalEndpoint>> endpoints,
      LongSupplier revision) {
    this.nodeName = nodeName;
    this.policies = policies;
    this.endpoints = endpoints;
    this.revision = revision;
  }

  @Override
  public void getPolicies(
      GetPoliciesRequest request, StreamObserver<GetPoliciesResponse> responses) {
    var client = (ServerCallStreamObserver<GetPoliciesResponse>) responses;
    var present = endpoints.get();
    for (var policy : policies.all()) {
      if (request.getName().isEmpty() || request.getName().equals(policy.key().name())) {
        while (!client.isReady() && !client.isCancelled()) {
          LockSupport.parkNanos(PATIENCE_NANOS);
        }
        if (client.isCancelled()) {
          return;
        }
        client.onNext(response().setPolicy(describe(policy, present)).build());
      }
    }
    var node =
        NodePolicies.newBuilder()
            .setEndpoints(present.size())
            .setRevision(revision.getAsLong())
            .setFailure(policies.failure());
    client.onNext(response().setNode(node).build());
    client.onCompleted();
  }

  private GetPoliciesResponse.Builder response() {
    return GetPoliciesResponse.newBuilder().setNodeName(nodeName);
  }

  private static PolicyInForce describe(
      PoliciesInForce.Policy policy, Collection<LocalEndpoint> endpoints) {
    var told =
        PolicyInForce.newBuilder()
            .setKind(policy.key().kind().toString())
            .setNamespace(policy.key().namespace())
            .setName(policy.key().name())
            .setStanding(Standing.PENDING);
    var newest = policy.wanted() == null ? policy.inForce() : policy.wanted();
    if (newest != null) {
      told.setUid(newest.uid()).setNewestGeneration(newest.newest()).setError(newest.error());
      if (newest.invalidSince() != null) {
        told.setInvalidSince(
            Timestamp.newBuilder().setSeconds(newest.invalidSince().getEpochSecond()));
      }
    }
    var inForce = policy.inForce();
    if (inForce != null) {
      told.setStanding(standing(inForce.standing()))
          .setGeneration(inForce.generation())
          .setResourceVersion(inForce.resourceVersion())
          .setEndpoints(selected(inForce, endpoints))
          .setAudit(inForce.object().rules().stream().anyMatch(Rule::audit));
    }
    return told.build();
  }

  private static Standing standing(PoliciesInForce.Standing standing) {
    return switch (standing) {
      case CURRENT -> Standing.CURRENT;
      case LAST_VALID -> Standing.LAST_VALID;
      case ISOLATED -> Standing.ISOLATED;
      case NO_EFFECT -> Standing.NO_EFFECT;
    };
  }

  private static int selected(
      PoliciesInForce.Version version, Collection<LocalEndpoint> endpoints) {
    int selected = 0;
    for (var endpoint : endpoints) {
      for (var rule : version.object().rules()) {
        if (rule.subject().matches(endpoint.labels())) {
          selected++;
          break;
        }
      }
    }
    return selected;
  }
}
