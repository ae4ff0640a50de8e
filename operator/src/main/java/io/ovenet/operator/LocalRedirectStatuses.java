package io.ovenet.operator;

import io.ovenet.kubernetes.ApiException;
import io.ovenet.kubernetes.ClusterWatch;
import io.ovenet.kubernetes.Condition;
import io.ovenet.kubernetes.KubernetesApi;
import io.ovenet.kubernetes.LocalRedirectPolicyRecord;
import io.ovenet.kubernetes.ObjectKey;
import io.ovenet.kubernetes.RecordHandler;
import io.ovenet.kubernetes.RecordKind;
import io.ovenet.kubernetes.WatchScope;
import io.ovenet.kubernetes.policy.LocalRedirectPolicy;
import io.ovenet.policy.PolicyException;
import java.io.IOException;
import java.time.InstantSource;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells each CiliumLocalRedirectPolicy's author, by {@code ok} and the condition {@code Valid} of
 * its status, whether it means something.
 */
final class LocalRedirectStatuses
    implements RecordHandler<LocalRedirectPolicyRecord>, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(LocalRedirectStatuses.class);

  private final KubernetesApi api;
  private final InstantSource clock;
  private final Map<String, LocalRedirectPolicyRecord> present = new ConcurrentHashMap<>();
  private final WorkQueue<String> queue;
  private final ClusterWatch.Subscription watch;

  LocalRedirectStatuses(KubernetesApi api, InstantSource clock, OperatorMetrics metrics) {
    this.api = api;
    this.clock = clock;
    this.queue = new WorkQueue<>("ciliumlocalredirectpolicies", metrics, this::reconcile);
    this.watch = api.watch(RecordKind.LOCAL_REDIRECT_POLICIES, WatchScope.ALL, this);
  }

  @Override
  public void upserted(LocalRedirectPolicyRecord policy) {
    present.put(policy.key().path(), policy);
    queue.add(policy.key().path());
  }

  @Override
  public void deleted(ObjectKey key) {
    present.remove(key.path());
  }

  @Override
  public void synced() {}

  private void reconcile(String path) throws IOException {
    var policy = present.get(path);
    if (policy == null) {
      return;
    }
    var judged = judge(policy);
    boolean ok = judged.status().equals("True");
    var conditions = Condition.with(policy.conditions(), judged);
    if (conditions.equals(policy.conditions()) && ok == policy.ok()) {
      return;
    }
    try {
      api.patch(
          RecordKind.LOCAL_REDIRECT_POLICIES.path(policy.key().namespace(), policy.key().name())
              + "/status",
          Map.of(
              "metadata",
              Map.of("resourceVersion", policy.resourceVersion()),
              "status",
              Map.of("ok", ok, "conditions", conditions.stream().map(Condition::fields).toList())));
    } catch (ApiException e) {
      // Written or deleted since it was read: its watch tells, and then it is looked at again.
      if (!e.conflict() && !e.notFound()) {
        throw e;
      }
    }
  }

  private Condition judge(LocalRedirectPolicyRecord policy) {
    var status = "True";
    var reason = "Valid";
    var message = "Policy is valid";
    try {
      LocalRedirectPolicy _ = LocalRedirectPolicy.of(policy);
    } catch (PolicyException e) {
      status = "False";
      reason = "Invalid";
      message = e.notice().toString();
      LOG.warn("CiliumLocalRedirectPolicy {}: {}", policy.key().path(), message);
    }
    return Condition.now(clock.instant(), "Valid", status, reason, message, policy.generation());
  }

  @Override
  public void close() {
    watch.close();
    queue.close();
  }
}
