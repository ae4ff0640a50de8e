package io.ovenet.agent;

import io.ovenet.datapath.Datapath;
import io.ovenet.datapath.ServiceKey;
import io.ovenet.kubernetes.ClusterWatch;
import io.ovenet.kubernetes.EndpointSliceRecord;
import io.ovenet.kubernetes.KubernetesRecord;
import io.ovenet.kubernetes.LocalRedirectPolicyRecord;
import io.ovenet.kubernetes.NodeRecord;
import io.ovenet.kubernetes.ObjectKey;
import io.ovenet.kubernetes.PodRecord;
import io.ovenet.kubernetes.RecordHandler;
import io.ovenet.kubernetes.RecordKind;
import io.ovenet.kubernetes.ServiceRecord;
import io.ovenet.kubernetes.WatchScope;
import io.ovenet.kubernetes.policy.LocalRedirectPolicy;
import io.ovenet.policy.PolicyException;
import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The services of this node: what the API server says, as changes for the services' thread. Where
 * kube-proxy does it, the tables are empty.
 */
final class NodeServices implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(NodeServices.class);
  private static final Duration GRACE = Duration.ofSeconds(2);
  private static final String ZONE = "topology.kubernetes.io/zone";

  private final ServicesConfig config;
  private final String node;
  private final ServiceSteering steering;
  private final StaleSockets sockets;
  private final ServiceHealth health = new ServiceHealth();
  private final CountDownLatch synced;

  /** Health check ports, written by the watch of services and read by the services' thread. */
  private final Map<String, Integer> checks = new ConcurrentHashMap<>();

  /**
   * Adopts what the tables hold.
   *
   * @param namespaces files of the network namespaces of this node's pods
   */
  NodeServices(
      AgentConfig config,
      Datapath datapath,
      StateFiles state,
      Names names,
      Supplier<List<String>> namespaces)
      throws IOException {
    sockets = new StaleSockets(config.bpfRoot().resolve("ovenet"), namespaces);
    this.config = config.services();
    this.node = config.nodeName();
    synced = new CountDownLatch(this.config.redirects() ? 5 : 4);
    var tables = ServiceTables.of(datapath);
    var realizer =
        new ServiceRealizer(
            tables,
            new SlotRanges(tables.slotCount(), GRACE.toNanos()),
            new ServiceNumbers(state),
            new ServiceRealizer.Listener() {
              @Override
              public void named(int service, ServiceKey key, String name) {
                names.service(service, name);
              }

              @Override
              public void unnamed(int service) {
                names.serviceGone(service);
              }

              @Override
              public void gone(Collection<Integer> backends) {
                sockets.gone(backends);
              }
            });
    steering = new ServiceSteering(new ServiceTable(node), realizer, this::realized);
    NodeSockets.setUp(config.services(), config.bpfRoot().resolve("ovenet"));
    if (!config.services().enabled()) {
      var _ = steering.begin();
    }
  }

  /** Follows the API server; the kernel follows once everything has been told. */
  void follow(ClusterWatch api, Collection<InetAddress> nodeAddresses) {
    if (!config.enabled()) {
      return;
    }
    steering.submit(table -> table.nodeAddresses(nodeAddresses));
    api.watch(RecordKind.NODES, WatchScope.named(node), node());
    api.watch(RecordKind.PODS, WatchScope.podsOfNode(node), pods());
    if (config.redirects()) {
      api.watch(RecordKind.LOCAL_REDIRECT_POLICIES, WatchScope.ALL, redirects());
    }
    api.watch(RecordKind.SERVICES, WatchScope.ALL, services());
    api.watch(RecordKind.ENDPOINT_SLICES, WatchScope.ALL, slices());
    Thread.ofVirtual()
        .name("services-begin")
        .start(
            () -> {
              try {
                synced.await();
                steering.begin().join();
                log.info("services are in force: this node needs no kube-proxy");
              } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
              }
            });
  }

  /** The node has these from now on. */
  void nodeAddresses(Collection<InetAddress> addresses) {
    if (config.enabled()) {
      steering.submit(table -> table.nodeAddresses(addresses));
    }
  }

  /** Counts as in sync after the first listing. */
  private abstract class Handler<R extends KubernetesRecord> implements RecordHandler<R> {
    private boolean told;

    @Override
    public void synced() {
      if (!told) {
        told = true;
        synced.countDown();
      }
    }
  }

  private RecordHandler<NodeRecord> node() {
    return new Handler<>() {
      @Override
      public void upserted(NodeRecord record) {
        var zone = record.labels().getOrDefault(ZONE, "");
        steering.submit(table -> table.zone(zone));
      }

      @Override
      public void deleted(ObjectKey key) {
        // The node object may come back; its pods' services go on meanwhile.
      }
    };
  }

  private RecordHandler<PodRecord> pods() {
    return new Handler<>() {
      @Override
      public void upserted(PodRecord record) {
        steering.submit(table -> table.upsertPod(record));
      }

      @Override
      public void deleted(ObjectKey key) {
        steering.submit(table -> table.removePod(key.path()));
      }
    };
  }

  private RecordHandler<LocalRedirectPolicyRecord> redirects() {
    return new Handler<>() {
      @Override
      public void upserted(LocalRedirectPolicyRecord record) {
        try {
          var policy = LocalRedirectPolicy.of(record);
          var address = policy.address();
          if (address == null || config.isRedirectable(address)) {
            steering.submit(table -> table.upsertRedirect(policy));
            return;
          }
          log.error(
              "CiliumLocalRedirectPolicy {} redirects nothing: {} is outside"
                  + " lrp-address-matcher-cidrs",
              record.key(),
              address.getHostAddress());
        } catch (PolicyException e) {
          log.error("CiliumLocalRedirectPolicy {} redirects nothing: {}", record.key(), e.notice());
        }
        deleted(record.key());
      }

      @Override
      public void deleted(ObjectKey key) {
        steering.submit(table -> table.removeRedirect(key.path()));
      }
    };
  }

  private RecordHandler<ServiceRecord> services() {
    return new Handler<>() {
      @Override
      public void upserted(ServiceRecord record) {
        int port = record.traffic().externalLocal() ? record.traffic().healthCheckNodePort() : 0;
        if (port == 0) {
          checks.remove(record.key().path());
        } else {
          checks.put(record.key().path(), port);
        }
        steering.submit(table -> table.upsertService(record));
      }

      @Override
      public void deleted(ObjectKey key) {
        checks.remove(key.path());
        steering.submit(table -> table.removeService(key.path()));
      }
    };
  }

  private RecordHandler<EndpointSliceRecord> slices() {
    return new Handler<>() {
      @Override
      public void upserted(EndpointSliceRecord record) {
        record
            .errors()
            .forEach(error -> log.warn("EndpointSlice {}: {}; left out", record.key(), error));
        steering.submit(table -> table.upsertSlice(record));
      }

      @Override
      public void deleted(ObjectKey key) {
        steering.submit(table -> table.removeSlice(key.path()));
      }
    };
  }

  /** On the services' thread. */
  private void realized(Map<String, ServiceView> views) {
    var ports = new HashMap<Integer, ServiceHealth.Check>();
    checks.forEach(
        (service, port) -> {
          var view = views.get(service);
          if (view != null) {
            int here =
                (int)
                    view.backends().values().stream()
                        .filter(backend -> backend.local() && backend.ready())
                        .map(backend -> backend.key().address())
                        .distinct()
                        .count();
            ports.put(port, new ServiceHealth.Check(service, here));
          }
        });
    if (config.healthzPort() != 0) {
      ports.put(config.healthzPort(), new ServiceHealth.Check("", 0));
    }
    health.update(ports);
  }

  /** All services as they should be, for questions; answered by the services' thread. */
  Future<Map<String, ServiceView>> views() {
    return steering.ask(table -> Map.copyOf(table.views()));
  }

  @Override
  public void close() {
    steering.close();
    sockets.close();
    health.close();
  }
}
