package io.ovenet.operator;

import io.ovenet.kubernetes.ApiException;
import io.ovenet.kubernetes.ClusterWatch;
import io.ovenet.kubernetes.KubernetesApi;
import io.ovenet.kubernetes.ObjectKey;
import io.ovenet.kubernetes.PolicyRecord;
import io.ovenet.kubernetes.PolicyStatus;
import io.ovenet.kubernetes.PolicyVersion;
import io.ovenet.kubernetes.RecordHandler;
import io.ovenet.kubernetes.RecordKind;
import io.ovenet.kubernetes.WatchScope;
import io.ovenet.kubernetes.policy.ParsedPolicy;
import io.ovenet.kubernetes.policy.PolicyParser;
import io.ovenet.policy.PolicyKind;
import java.io.IOException;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells each policy's author, by the condition {@code Valid} of its status, whether the policy
 * means something and which of its fields are not in force. Keeps beside it the last valid version,
 * for agents that did not see it themselves.
 */
final class PolicyStatuses implements RecordHandler<PolicyRecord>, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(PolicyStatuses.class);

  /** The API server's own limit for the message of a condition. */
  private static final int MAX_MESSAGE = 32_768;

  /** A version that is larger even packed is not kept: it would crowd the object's own place. */
  private static final int MAX_KEPT = 256 << 10;

  private final KubernetesApi api;
  private final RecordKind<PolicyRecord> kind;
  private final PolicyKind policyKind;
  private final PolicyParser parser;
  private final InstantSource clock;
  private final Map<String, PolicyRecord> present = new ConcurrentHashMap<>();

  /** By path; of the incarnation that is present. */
  private final Map<String, Kept> kept = new ConcurrentHashMap<>();

  private final WorkQueue<String> queue;
  private final ClusterWatch.Subscription watch;

  /**
   * The last valid version of a policy.
   *
   * @param judged the latest generation that was looked at
   * @param packed empty where none is known
   */
  private record Kept(String uid, long judged, String packed) {}

  PolicyStatuses(
      KubernetesApi api,
      RecordKind<PolicyRecord> kind,
      PolicyKind policyKind,
      PolicyParser parser,
      InstantSource clock,
      OperatorMetrics metrics) {
    this.api = api;
    this.kind = kind;
    this.policyKind = policyKind;
    this.parser = parser;
    this.clock = clock;
    this.queue = new WorkQueue<>(kind.plural(), metrics, this::reconcile);
    this.watch = api.watch(kind, WatchScope.ALL, this);
  }

  @Override
  public void upserted(PolicyRecord policy) {
    // Here, not when its turn comes in the queue, where a version soon replaced would be missed.
    kept.compute(policy.key().path(), (_, before) -> keep(policy, before));
    present.put(policy.key().path(), policy);
    queue.add(policy.key().path());
  }

  @Override
  public void deleted(ObjectKey key) {
    present.remove(key.path());
    kept.remove(key.path());
  }

  private Kept keep(PolicyRecord policy, @Nullable Kept before) {
    var known = before != null && before.uid().equals(policy.uid()) ? before : null;
    if (known != null && known.judged() >= policy.generation()) {
      return known;
    }
    var packed = known != null ? known.packed() : policy.status().lastValid();
    if (parser.parse(policyKind, policy.document()) instanceof ParsedPolicy.Valid) {
      packed = PolicyVersion.of(policy.document()).pack();
      if (packed.length() > MAX_KEPT) {
        LOG.warn(
            "{} {}: too large to be kept as the last valid version; a node that joins while a later"
                + " one is invalid isolates whom that selects",
            kind.kind(),
            policy.key().path());
        packed = "";
      }
    }
    return new Kept(policy.uid(), policy.generation(), packed);
  }

  @Override
  public void synced() {}

  private void reconcile(String path) throws IOException {
    var policy = present.get(path);
    if (policy == null) {
      return;
    }
    var before = policy.status();
    var now = judge(policy);
    if (now.equals(before)) {
      return;
    }
    if (!now.reason().equals("Valid")) {
      LOG.warn("{} {}: {}: {}", kind.kind(), path, now.reason(), now.message());
    }
    var condition =
        Map.of(
            "type", "Valid",
            "status", now.valid(),
            "reason", now.reason(),
            "message", now.message(),
            "lastTransitionTime", now.lastTransitionTime(),
            "observedGeneration", now.observedGeneration());
    var status = Map.of("conditions", List.of(condition), "lastValid", now.lastValid());
    try {
      api.patch(kind.path(policy.namespace(), policy.name()) + "/status", Map.of("status", status));
    } catch (ApiException e) {
      if (!e.notFound()) {
        throw e;
      }
      // Deleted since: nobody reads it.
    }
  }

  private PolicyStatus judge(PolicyRecord policy) {
    var before = policy.status();
    return switch (parser.parse(policyKind, policy.document())) {
      case ParsedPolicy.Valid valid -> {
        var notices = valid.object().notices();
        yield notices.isEmpty()
            ? status(policy, before, "True", "Valid", "Policy is valid")
            : status(
                policy,
                before,
                "True",
                "FieldsNotInForce",
                notices.stream().map(Object::toString).collect(Collectors.joining("\n")));
      }
      case ParsedPolicy.Invalid invalid ->
          status(
              policy,
              before,
              "False",
              "Invalid",
              invalid.error() + "\n" + meanwhile(policy, invalid));
    };
  }

  /** What agents do about a policy that means nothing. */
  private String meanwhile(PolicyRecord policy, ParsedPolicy.Invalid invalid) {
    var packed = lastValid(policy);
    if (!packed.isEmpty()) {
      return "Generation "
          + PolicyVersion.unpack(packed).generation()
          + ", the last valid one, stays in force.";
    }
    return invalid.isolation().rules().isEmpty()
        ? "No valid version is known, and whom this one selects can't be read: it has no effect."
        : "No valid version is known: whom this one selects is isolated in the directions it names.";
  }

  private String lastValid(PolicyRecord policy) {
    var known = kept.get(policy.key().path());
    return known != null && known.uid().equals(policy.uid()) ? known.packed() : "";
  }

  private PolicyStatus status(
      PolicyRecord policy, PolicyStatus before, String valid, String reason, String message) {
    var since =
        before.valid().equals(valid) && !before.lastTransitionTime().isEmpty()
            ? before.lastTransitionTime()
            : clock.instant().truncatedTo(ChronoUnit.SECONDS).toString();
    var text = message.length() <= MAX_MESSAGE ? message : message.substring(0, MAX_MESSAGE);
    return new PolicyStatus(valid, reason, text, since, policy.generation(), lastValid(policy));
  }

  @Override
  public void close() {
    watch.close();
    queue.close();
  }
}
