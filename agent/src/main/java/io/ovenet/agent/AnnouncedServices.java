package io.ovenet.agent;

import io.ovenet.kubernetes.ClusterWatch;
import io.ovenet.kubernetes.EndpointSliceRecord;
import io.ovenet.kubernetes.KubernetesRecord;
import io.ovenet.kubernetes.L2AnnouncementPolicyRecord;
import io.ovenet.kubernetes.NodeRecord;
import io.ovenet.kubernetes.ObjectKey;
import io.ovenet.kubernetes.RecordHandler;
import io.ovenet.kubernetes.RecordKind;
import io.ovenet.kubernetes.ServiceRecord;
import io.ovenet.kubernetes.WatchScope;
import io.ovenet.kubernetes.policy.L2AnnouncementPolicy;
import io.ovenet.policy.PolicyException;
import java.net.Inet4Address;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which addresses of services this node could announce, by the CiliumL2AnnouncementPolicy objects.
 * Services and their endpoints are watched from the first such object on. Thread-safe.
 */
final class AnnouncedServices implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(AnnouncedServices.class);

  private final ClusterWatch api;
  private final String node;
  private final String device;
  private final Runnable changed;
  private final Map<String, L2AnnouncementPolicy> policies = new HashMap<>();
  private final Map<String, ServiceRecord> services = new HashMap<>();

  /** Slices of services that have an endpoint here which takes connections. */
  private final Map<String, String> readyHere = new HashMap<>();

  private final Set<RecordKind<?>> synced = new HashSet<>();
  private final List<ClusterWatch.Subscription> watches = new ArrayList<>();
  private Map<String, String> nodeLabels = Map.of();
  private boolean following;

  /**
   * Starts the watches.
   *
   * @param device by which this node would announce
   * @param changed called when the answer may be another one
   */
  AnnouncedServices(ClusterWatch api, String node, String device, Runnable changed) {
    this.api = api;
    this.node = node;
    this.device = device;
    this.changed = changed;
    follow(RecordKind.NODES, WatchScope.named(node), this::nodeSaid, _ -> {});
    follow(
        RecordKind.L2_ANNOUNCEMENT_POLICIES,
        WatchScope.ALL,
        this::policySaid,
        key -> policies.remove(key.name()));
  }

  private synchronized <R extends KubernetesRecord> void follow(
      RecordKind<R> kind, WatchScope scope, Consumer<R> upserted, Consumer<ObjectKey> deleted) {
    watches.add(api.watch(kind, scope, new Told<>(kind, upserted, deleted)));
  }

  /** A handler by whose changes the answer may become another. */
  private final class Told<R extends KubernetesRecord> implements RecordHandler<R> {
    private final RecordKind<R> kind;
    private final Consumer<R> upserted;
    private final Consumer<ObjectKey> deleted;

    Told(RecordKind<R> kind, Consumer<R> upserted, Consumer<ObjectKey> deleted) {
      this.kind = kind;
      this.upserted = upserted;
      this.deleted = deleted;
    }

    @Override
    public void upserted(R record) {
      synchronized (AnnouncedServices.this) {
        upserted.accept(record);
      }
      changed.run();
    }

    @Override
    public void deleted(ObjectKey key) {
      synchronized (AnnouncedServices.this) {
        deleted.accept(key);
      }
      changed.run();
    }

    @Override
    public void synced() {
      synchronized (AnnouncedServices.this) {
        synced.add(kind);
      }
      changed.run();
    }
  }

  private void nodeSaid(NodeRecord record) {
    nodeLabels = record.labels();
  }

  private void policySaid(L2AnnouncementPolicyRecord record) {
    try {
      policies.put(record.key().name(), L2AnnouncementPolicy.of(record));
    } catch (PolicyException e) {
      policies.remove(record.key().name());
      log.error(
          "CiliumL2AnnouncementPolicy {} announces nothing: {}",
          record.key().name(),
          e.getMessage());
    }
    if (!following) {
      following = true;
      follow(RecordKind.SERVICES, WatchScope.ALL, this::serviceSaid, this::serviceGone);
      follow(
          RecordKind.ENDPOINT_SLICES,
          WatchScope.ALL,
          this::sliceSaid,
          key -> readyHere.remove(key.path()));
    }
  }

  private void serviceSaid(ServiceRecord service) {
    if (service.externalIps().isEmpty() && service.ingressIps().isEmpty()) {
      services.remove(service.key().path());
    } else {
      services.put(service.key().path(), service);
    }
  }

  private void serviceGone(ObjectKey key) {
    services.remove(key.path());
  }

  private void sliceSaid(EndpointSliceRecord slice) {
    boolean ready =
        slice.endpoints().stream()
            .anyMatch(endpoint -> endpoint.ready() && endpoint.node().equals(node));
    if (ready) {
      readyHere.put(slice.key().path(), slice.key().namespace() + "/" + slice.service());
    } else {
      readyHere.remove(slice.key().path());
    }
  }

  /** The addresses; none until all that decides is known. */
  synchronized Set<Inet4Address> addresses() {
    var addresses = new HashSet<Inet4Address>();
    if (!synced.contains(RecordKind.NODES)
        || !synced.contains(RecordKind.L2_ANNOUNCEMENT_POLICIES)
        || !synced.contains(RecordKind.SERVICES)
        || !synced.contains(RecordKind.ENDPOINT_SLICES)) {
      return addresses;
    }
    var here =
        policies.values().stream().filter(policy -> policy.selects(nodeLabels, device)).toList();
    if (here.isEmpty()) {
      return addresses;
    }
    var refused = new HashSet<Inet4Address>();
    for (var service : services.values()) {
      // Where several services share an address, all of them have to be reached by it.
      var chosen =
          service.traffic().externalLocal()
                  && !readyHere.containsValue(
                      service.key().namespace() + "/" + service.key().name())
              ? refused
              : addresses;
      here.forEach(policy -> chosen.addAll(policy.addresses(service)));
    }
    addresses.removeAll(refused);
    return addresses;
  }

  @Override
  public void close() {
    List<ClusterWatch.Subscription> all;
    synchronized (this) {
      following = true;
      all = List.copyOf(watches);
    }
    all.forEach(ClusterWatch.Subscription::close);
  }
}
