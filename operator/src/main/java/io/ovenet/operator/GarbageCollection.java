package io.ovenet.operator;

import io.ovenet.kubernetes.ApiException;
import io.ovenet.kubernetes.CiliumEndpointRecord;
import io.ovenet.kubernetes.IdentityRecord;
import io.ovenet.kubernetes.KubernetesApi;
import io.ovenet.kubernetes.RecordKind;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Collects CiliumIdentities that no endpoint has, and CiliumEndpoints whose pod is gone.
 *
 * <p>An identity is first marked, and deleted only if nothing has touched it for the grace period
 * since: agents take the mark off what they use, and any write makes the deletion fail. An endpoint
 * is deleted if two sweeps in a row found no pod for it. Not thread-safe.
 */
final class GarbageCollection {
  private static final Logger LOG = LoggerFactory.getLogger(GarbageCollection.class);

  private final KubernetesApi api;
  private final Duration grace;
  private final InstantSource clock;
  private final OperatorMetrics metrics;

  /** Uids of the endpoints that the last sweep found without a pod. */
  private Set<String> orphans = Set.of();

  GarbageCollection(
      KubernetesApi api, Duration grace, InstantSource clock, OperatorMetrics metrics) {
    this.metrics = metrics;
    this.api = api;
    this.grace = grace;
    this.clock = clock;
  }

  /** Looks at everything once. */
  void sweep() throws IOException {
    // In this order: an endpoint that appears after its identity was read is seen, and a pod that
    // appears after its endpoint was read is, too.
    var identities = new ArrayList<IdentityRecord>();
    api.list(RecordKind.CILIUM_IDENTITIES, identities::add);
    var endpoints = new ArrayList<CiliumEndpointRecord>();
    api.list(RecordKind.CILIUM_ENDPOINTS, endpoints::add);
    var pods = new HashSet<String>();
    api.list(RecordKind.PODS, pod -> pods.add(pod.uid()));
    var used = new HashSet<Integer>();
    endpoints.forEach(endpoint -> used.add(endpoint.identity()));
    for (var identity : identities) {
      collect(identity, used.contains(identity.number()));
    }
    collectOrphans(endpoints, pods);
  }

  private void collect(IdentityRecord identity, boolean used) throws IOException {
    var path = RecordKind.CILIUM_IDENTITIES.path("", identity.key().name());
    try {
      if (identity.unusedSince().isEmpty()) {
        if (!used && olderThanGrace(Instant.ofEpochMilli(identity.createdMillis()))) {
          mark(path, identity, clock.instant().toString());
        }
      } else if (used) {
        mark(path, identity, null);
      } else if (olderThanGrace(since(identity))) {
        api.delete(
            path,
            Map.of("uid", identity.key().uid(), "resourceVersion", identity.resourceVersion()));
        LOG.info(
            "identity {}: collected, unused since {}", identity.number(), identity.unusedSince());
        metrics.collected("CiliumIdentity");
      }
    } catch (ApiException e) {
      // Taken into use, or deleted, since it was read: left to the next sweep.
      if (!e.conflict() && !e.notFound()) {
        throw e;
      }
    }
  }

  private boolean olderThanGrace(Instant when) {
    return Duration.between(when, clock.instant()).compareTo(grace) >= 0;
  }

  /** A mark that nobody can read is taken for a new one. */
  private Instant since(IdentityRecord identity) {
    try {
      return Instant.parse(identity.unusedSince());
    } catch (DateTimeParseException e) {
      LOG.warn("identity {}: unreadable mark '{}'", identity.number(), identity.unusedSince());
      return clock.instant();
    }
  }

  private void mark(String path, IdentityRecord identity, @Nullable String since)
      throws IOException {
    var annotations = new HashMap<String, @Nullable Object>();
    annotations.put(IdentityRecord.UNUSED_SINCE, since);
    api.patch(
        path,
        Map.of(
            "metadata",
            Map.of("annotations", annotations, "resourceVersion", identity.resourceVersion())));
  }

  private void collectOrphans(List<CiliumEndpointRecord> endpoints, Set<String> pods)
      throws IOException {
    var found = new HashSet<String>();
    for (var endpoint : endpoints) {
      var uid = endpoint.key().uid();
      if (pods.contains(endpoint.podUid())) {
        continue;
      }
      if (!orphans.contains(uid)) {
        found.add(uid);
        continue;
      }
      try {
        api.delete(
            RecordKind.CILIUM_ENDPOINTS.path(endpoint.key().namespace(), endpoint.key().name()),
            Map.of("uid", uid, "resourceVersion", endpoint.resourceVersion()));
        LOG.info("endpoint {}: collected, its pod is gone", endpoint.key());
        metrics.collected("CiliumEndpoint");
      } catch (ApiException e) {
        if (!e.conflict() && !e.notFound()) {
          throw e;
        }
        // Another pod's since it was read.
      }
    }
    orphans = found;
  }
}
