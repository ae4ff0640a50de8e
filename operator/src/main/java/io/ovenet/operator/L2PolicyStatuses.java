package io.ovenet.operator;

import io.ovenet.kubernetes.ApiException;
import io.ovenet.kubernetes.ClusterWatch;
import io.ovenet.kubernetes.Condition;
import io.ovenet.kubernetes.KubernetesApi;
import io.ovenet.kubernetes.L2AnnouncementPolicyRecord;
import io.ovenet.kubernetes.ObjectKey;
import io.ovenet.kubernetes.RecordHandler;
import io.ovenet.kubernetes.RecordKind;
import io.ovenet.kubernetes.WatchScope;
import io.ovenet.kubernetes.policy.L2AnnouncementPolicy;
import io.ovenet.policy.PolicyException;
import java.io.IOException;
import java.time.InstantSource;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells each CiliumL2AnnouncementPolicy's author, by the condition {@code Valid} of its status,
 * whether it means something, and whether it announces anything at all.
 */
final class L2PolicyStatuses implements RecordHandler<L2AnnouncementPolicyRecord>, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(L2PolicyStatuses.class);

  private final KubernetesApi api;
  private final InstantSource clock;
  private final Map<String, L2AnnouncementPolicyRecord> present = new ConcurrentHashMap<>();
  private final WorkQueue<String> queue;
  private final ClusterWatch.Subscription watch;

  L2PolicyStatuses(KubernetesApi api, InstantSource clock, OperatorMetrics metrics) {
    this.api = api;
    this.clock = clock;
    this.queue = new WorkQueue<>("ciliuml2announcementpolicies", metrics, this::reconcile);
    this.watch = api.watch(RecordKind.L2_ANNOUNCEMENT_POLICIES, WatchScope.ALL, this);
  }

  @Override
  public void upserted(L2AnnouncementPolicyRecord policy) {
    present.put(policy.key().name(), policy);
    queue.add(policy.key().name());
  }

  @Override
  public void deleted(ObjectKey key) {
    present.remove(key.name());
  }

  @Override
  public void synced() {}

  private void reconcile(String name) throws IOException {
    var policy = present.get(name);
    if (policy == null) {
      return;
    }
    var conditions = Condition.with(policy.conditions(), judge(policy));
    if (conditions.equals(policy.conditions())) {
      return;
    }
    try {
      api.patch(
          RecordKind.L2_ANNOUNCEMENT_POLICIES.path("", name) + "/status",
          Map.of(
              "metadata",
              Map.of("resourceVersion", policy.resourceVersion()),
              "status",
              Map.of("conditions", conditions.stream().map(Condition::fields).toList())));
    } catch (ApiException e) {
      // Written or deleted since it was read: its watch tells, and then it is looked at again.
      if (!e.conflict() && !e.notFound()) {
        throw e;
      }
    }
  }

  private Condition judge(L2AnnouncementPolicyRecord policy) {
    var status = "True";
    var reason = "Valid";
    var message = "Policy is valid";
    try {
      L2AnnouncementPolicy.of(policy);
      if (!policy.externalIps() && !policy.loadBalancerIps()) {
        reason = "AnnouncesNothing";
        message =
            "spec: neither externalIPs nor loadBalancerIPs is true; set what is to be announced";
      }
    } catch (PolicyException e) {
      status = "False";
      reason = "Invalid";
      message = e.notice().toString();
      LOG.warn("CiliumL2AnnouncementPolicy {}: {}", policy.key().name(), message);
    }
    return Condition.now(clock.instant(), "Valid", status, reason, message, policy.generation());
  }

  @Override
  public void close() {
    watch.close();
    queue.close();
  }
}
