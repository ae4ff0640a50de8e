package io.ovenet.agent;

import io.ovenet.kubernetes.ClusterWatch;
import io.ovenet.kubernetes.EndpointSliceRecord;
import io.ovenet.kubernetes.KubernetesRecord;
import io.ovenet.kubernetes.ObjectKey;
import io.ovenet.kubernetes.PodRecord;
import io.ovenet.kubernetes.RecordHandler;
import io.ovenet.kubernetes.RecordKind;
import io.ovenet.kubernetes.ServiceRecord;
import io.ovenet.kubernetes.WatchScope;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/**
 * The API server's objects, where all services and all their slices, of which there may be tens of
 * thousands, and this node's pods are watched once, however many follow them. Of a service
 * annotations and conditions are left out. Who comes later is told what there is, on a thread of
 * its own. Thread-safe.
 */
final class SharedServices implements ClusterWatch {
  private final ClusterWatch api;
  private final Shared<ServiceRecord> services;
  private final Shared<EndpointSliceRecord> slices;
  private final Shared<PodRecord> pods;
  private final WatchScope ofNode;

  /** Starts the watches. */
  SharedServices(ClusterWatch api, String node) {
    this.api = api;
    ofNode = WatchScope.podsOfNode(node);
    services = new Shared<>(SharedServices::slim);
    slices = new Shared<>(UnaryOperator.identity());
    pods = new Shared<>(UnaryOperator.identity());
    api.watch(RecordKind.PODS, ofNode, pods);
    api.watch(RecordKind.SERVICES, WatchScope.ALL, services);
    api.watch(RecordKind.ENDPOINT_SLICES, WatchScope.ALL, slices);
  }

  private static ServiceRecord slim(ServiceRecord service) {
    return new ServiceRecord(
        service.key(),
        "",
        service.created(),
        service.labels(),
        Map.of(),
        service.type(),
        service.headless(),
        service.clusterIps(),
        service.externalIps(),
        List.of(),
        "",
        service.loadBalancerClass(),
        "",
        service.traffic(),
        service.selector(),
        service.ports(),
        service.ingress(),
        List.of());
  }

  @Override
  @SuppressWarnings("unchecked") // a kind has one type of record
  public <R extends KubernetesRecord> Subscription watch(
      RecordKind<R> kind, WatchScope scope, RecordHandler<R> handler) {
    if (scope.equals(WatchScope.ALL) && kind.equals(RecordKind.SERVICES)) {
      return services.follow((RecordHandler<ServiceRecord>) handler);
    }
    if (scope.equals(WatchScope.ALL) && kind.equals(RecordKind.ENDPOINT_SLICES)) {
      return slices.follow((RecordHandler<EndpointSliceRecord>) handler);
    }
    if (scope.equals(ofNode) && kind.equals(RecordKind.PODS)) {
      return pods.follow((RecordHandler<PodRecord>) handler);
    }
    return api.watch(kind, scope, handler);
  }

  /** One watch and who follows it. Handlers are called with the lock held, so in order. */
  private static final class Shared<R extends KubernetesRecord> implements RecordHandler<R> {
    private final UnaryOperator<R> kept;
    private final Map<String, R> known = new HashMap<>();
    private final List<RecordHandler<R>> handlers = new ArrayList<>();
    private boolean synced;

    Shared(UnaryOperator<R> kept) {
      this.kept = kept;
    }

    Subscription follow(RecordHandler<R> handler) {
      var subscription = new Following<>(this, handler);
      // Not on the caller's thread, which may hold a lock that another handler waits for.
      Thread.ofVirtual().name("services-told").start(subscription::begin);
      return subscription;
    }

    @Override
    public synchronized void upserted(R record) {
      var slim = kept.apply(record);
      known.put(slim.key().path(), slim);
      handlers.forEach(handler -> handler.upserted(slim));
    }

    @Override
    public synchronized void deleted(ObjectKey key) {
      known.remove(key.path());
      handlers.forEach(handler -> handler.deleted(key));
    }

    @Override
    public synchronized void synced() {
      synced = true;
      handlers.forEach(RecordHandler::synced);
    }
  }

  private static final class Following<R extends KubernetesRecord> implements Subscription {
    private final Shared<R> shared;
    private final RecordHandler<R> handler;
    private boolean closed;

    Following(Shared<R> shared, RecordHandler<R> handler) {
      this.shared = shared;
      this.handler = handler;
    }

    void begin() {
      synchronized (shared) {
        if (closed) {
          return;
        }
        shared.known.values().forEach(handler::upserted);
        if (shared.synced) {
          handler.synced();
        }
        shared.handlers.add(handler);
      }
    }

    @Override
    public void close() {
      synchronized (shared) {
        closed = true;
        shared.handlers.remove(handler);
      }
    }
  }
}
