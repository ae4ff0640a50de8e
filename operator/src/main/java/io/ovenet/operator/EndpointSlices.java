package io.ovenet.operator;

import io.ovenet.kubernetes.ApiException;
import io.ovenet.kubernetes.CiliumEndpointRecord;
import io.ovenet.kubernetes.CiliumEndpointSliceRecord;
import io.ovenet.kubernetes.ClusterWatch;
import io.ovenet.kubernetes.KubernetesApi;
import io.ovenet.kubernetes.ObjectKey;
import io.ovenet.kubernetes.RecordHandler;
import io.ovenet.kubernetes.RecordKind;
import io.ovenet.kubernetes.WatchScope;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Writes CiliumEndpointSlices: the CiliumEndpoints of a namespace, up to a hundred in each. What
 * changes within a short while is one write. Slices that a former operator has left are taken over
 * as they are, and each endpoint stays where it is. Thread-safe.
 */
final class EndpointSlices implements AutoCloseable {
  /** From a change to the write of its slice: what changes until then goes along. */
  private static final Duration GATHERED = Duration.ofMillis(200);

  private final KubernetesApi api;
  private final SliceAssignment assignment = new SliceAssignment();
  private final WorkQueue<String> queue;
  private final ClusterWatch.Subscription slices;
  private ClusterWatch.@Nullable Subscription endpoints;
  private boolean closed;

  /** Begins. */
  EndpointSlices(KubernetesApi api, OperatorMetrics metrics) {
    this.api = api;
    queue = new WorkQueue<>("ciliumendpointslices", metrics, this::reconcile);
    slices = api.watch(RecordKind.CILIUM_ENDPOINT_SLICES, WatchScope.ALL, new Slices());
  }

  /** What is there, until all of it is known; then what others do to it, which is undone. */
  private final class Slices implements RecordHandler<CiliumEndpointSliceRecord> {
    @Override
    public void upserted(CiliumEndpointSliceRecord slice) {
      if (assignment.found(slice)) {
        queue.addLater(slice.key().name(), GATHERED); // most often what changed since our write
      }
    }

    @Override
    public void deleted(ObjectKey key) {
      if (assignment.lost(key.name())) {
        queue.add(key.name());
      }
    }

    @Override
    public void synced() {
      synchronized (EndpointSlices.this) {
        if (endpoints == null && !closed) {
          endpoints = api.watch(RecordKind.CILIUM_ENDPOINTS, WatchScope.ALL, new Endpoints());
        }
      }
    }
  }

  private final class Endpoints implements RecordHandler<CiliumEndpointRecord> {
    @Override
    public void upserted(CiliumEndpointRecord endpoint) {
      var changed = assignment.put(endpoint, EndpointSlices::freshName);
      if (changed != null) {
        queue.addLater(changed, GATHERED);
      }
    }

    @Override
    public void deleted(ObjectKey key) {
      var changed = assignment.remove(key.namespace(), key.name());
      if (changed != null) {
        queue.addLater(changed, GATHERED);
      }
    }

    @Override
    public void synced() {
      assignment.retainSeen().forEach(queue::add);
    }
  }

  private static String freshName() {
    return "ces-" + UUID.randomUUID().toString().substring(0, 13);
  }

  private void reconcile(String name) throws IOException {
    var path = RecordKind.CILIUM_ENDPOINT_SLICES.path("", name);
    var wanted = assignment.wanted(name);
    if (wanted == null) {
      var _ = api.delete(path, Map.of());
      return;
    }
    var fields = CiliumEndpointSliceRecord.fields(wanted.namespace(), wanted.endpoints());
    try {
      api.patch(path, fields);
    } catch (ApiException e) {
      if (!e.notFound()) {
        throw e;
      }
      create(name, fields);
    }
  }

  private void create(String name, Map<String, Object> fields) throws IOException {
    api.create(
        RecordKind.CILIUM_ENDPOINT_SLICES.collectionPath(),
        Map.of(
            "apiVersion",
            "cilium.io/v2alpha1",
            "kind",
            RecordKind.CILIUM_ENDPOINT_SLICES.kind(),
            "metadata",
            Map.of("name", name),
            "namespace",
            fields.getOrDefault("namespace", ""),
            "endpoints",
            fields.getOrDefault("endpoints", "")));
  }

  @Override
  public void close() {
    slices.close();
    ClusterWatch.Subscription open;
    synchronized (this) {
      closed = true;
      open = endpoints;
    }
    if (open != null) {
      open.close();
    }
    queue.close();
  }
}
