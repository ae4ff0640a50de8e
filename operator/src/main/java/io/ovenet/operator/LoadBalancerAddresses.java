package io.ovenet.operator;

import io.ovenet.kubernetes.ApiException;
import io.ovenet.kubernetes.ClusterWatch;
import io.ovenet.kubernetes.Condition;
import io.ovenet.kubernetes.KubernetesApi;
import io.ovenet.kubernetes.LoadBalancerPoolRecord;
import io.ovenet.kubernetes.ObjectKey;
import io.ovenet.kubernetes.RecordHandler;
import io.ovenet.kubernetes.RecordKind;
import io.ovenet.kubernetes.ServiceRecord;
import io.ovenet.kubernetes.WatchScope;
import io.ovenet.operator.AddressBook.Assignment;
import java.io.IOException;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives services of the type LoadBalancer their addresses from the pools. The services' statuses
 * are the only record of what is given: nothing is given before all services and pools have been
 * seen, and a status is written only over the version that was looked at. Does nothing until there
 * is a pool.
 */
final class LoadBalancerAddresses implements AutoCloseable {
  /** What is looked at: the service at a path, or what stands for all pools together. */
  private record Item(String service) {
    static final Item POOLS = new Item("");

    /** The pools' statuses alone, after what waits before it. */
    static final Item COUNTS = new Item(" ");
  }

  static final String REQUEST_SATISFIED = "cilium.io/IPAMRequestSatisfied";
  static final String POOL_CONFLICT = "cilium.io/PoolConflict";

  private static final Logger LOG = LoggerFactory.getLogger(LoadBalancerAddresses.class);

  private final KubernetesApi api;
  private final InstantSource clock;
  private final OperatorMetrics metrics;
  private final AddressBook book = new AddressBook();
  private final Map<String, ServiceRecord> services = new ConcurrentHashMap<>();
  private final Map<String, LoadBalancerPoolRecord> pools = new ConcurrentHashMap<>();
  private final Set<String> unsatisfied = new HashSet<>();
  private final WorkQueue<Item> queue;
  private final ClusterWatch.Subscription serviceWatch;
  private final ClusterWatch.Subscription poolWatch;
  private volatile boolean servicesSynced;
  private volatile boolean poolsSynced;

  /** Whether what services had at first has been entered into the book; queue's thread. */
  private boolean adopted;

  LoadBalancerAddresses(KubernetesApi api, InstantSource clock, OperatorMetrics metrics) {
    this.api = api;
    this.clock = clock;
    this.metrics = metrics;
    this.queue = new WorkQueue<>("load balancer address", metrics, this::reconcile);
    this.poolWatch = api.watch(RecordKind.LOAD_BALANCER_POOLS, WatchScope.ALL, new Pools());
    this.serviceWatch = api.watch(RecordKind.SERVICES, WatchScope.ALL, new Services());
  }

  private final class Services implements RecordHandler<ServiceRecord> {
    @Override
    public void upserted(ServiceRecord service) {
      services.put(service.key().path(), service);
      changed(new Item(service.key().path()));
    }

    @Override
    public void deleted(ObjectKey key) {
      services.remove(key.path());
      changed(new Item(key.path()));
    }

    @Override
    public void synced() {
      servicesSynced = true;
      changed(Item.POOLS);
    }
  }

  private final class Pools implements RecordHandler<LoadBalancerPoolRecord> {
    @Override
    public void upserted(LoadBalancerPoolRecord pool) {
      var before = pools.put(pool.name(), pool);
      // A status alone, such as was written here, concerns no service.
      var same =
          before != null
              && before.key().equals(pool.key())
              && before.generation() == pool.generation();
      changed(same ? Item.COUNTS : Item.POOLS);
    }

    @Override
    public void deleted(ObjectKey key) {
      pools.remove(key.name());
      metrics.poolGone(key.name());
      changed(Item.POOLS);
    }

    @Override
    public void synced() {
      poolsSynced = true;
      changed(Item.POOLS);
    }
  }

  private void changed(Item item) {
    if (servicesSynced && poolsSynced) {
      queue.add(item);
    }
  }

  private void reconcile(Item item) throws IOException {
    if (!adopted || item.equals(Item.POOLS)) {
      arrangePools();
    }
    if (item.equals(Item.COUNTS)) {
      writePools();
      return;
    }
    if (!item.equals(Item.POOLS)) {
      reconcileService(item.service());
    }
    queue.add(Item.COUNTS);
  }

  private void arrangePools() {
    var written = new ArrayList<AddressPool>();
    for (var pool : pools.values()) {
      try {
        written.add(AddressPool.of(pool));
      } catch (IllegalArgumentException e) {
        LOG.debug("pool {}: {}", pool.name(), e.getMessage());
      }
    }
    book.pools(written);
    if (!adopted) {
      services.values().stream()
          .filter(AddressRequest::concerns)
          .sorted(
              Comparator.comparing(ServiceRecord::created)
                  .thenComparing(service -> service.key().path()))
          .forEach(book::adopt);
      adopted = true;
    }
    services.keySet().forEach(path -> queue.add(new Item(path)));
  }

  private void reconcileService(String path) throws IOException {
    var service = services.get(path);
    if (service == null || !AddressRequest.concerns(service)) {
      unsatisfied.remove(path);
      if (book.release(path)) {
        retryOthers();
      }
      return;
    }
    if (book.pools().isEmpty() && pools.isEmpty() && !known(service)) {
      return;
    }
    var had = new TreeSet<>(service.ingressIps());
    var assignment = book.assign(service);
    if (assignment.satisfied()) {
      unsatisfied.remove(path);
    } else {
      unsatisfied.add(path);
    }
    write(service, assignment);
    var has = new TreeSet<String>();
    assignment.addresses().forEach(address -> has.add(address.toString()));
    if (!has.containsAll(had)) {
      retryOthers();
    }
  }

  /** What one gave back may be what others wait for. */
  private void retryOthers() {
    unsatisfied.forEach(path -> queue.add(new Item(path)));
  }

  private static boolean known(ServiceRecord service) {
    return service.conditions().stream()
        .anyMatch(condition -> condition.type().equals(REQUEST_SATISFIED));
  }

  private void write(ServiceRecord service, Assignment assignment) throws IOException {
    var ips = new ArrayList<String>();
    assignment.addresses().stream().sorted().forEach(address -> ips.add(address.toString()));
    var conditions =
        Condition.with(
            service.conditions(),
            Condition.now(
                clock.instant(),
                REQUEST_SATISFIED,
                assignment.satisfied() ? "True" : "False",
                assignment.reason(),
                assignment.message(),
                0));
    if (service.ingressIps().equals(ips) && conditions.equals(service.conditions())) {
      return;
    }
    if (!assignment.satisfied()) {
      LOG.warn("service {}: {}: {}", service.key(), assignment.reason(), assignment.message());
    } else {
      LOG.info("service {}: {}", service.key(), ips);
    }
    var ingress = ips.stream().map(ip -> Map.of("ip", ip)).toList();
    writeStatus(
        RecordKind.SERVICES.path(service.key().namespace(), service.key().name()),
        service.resourceVersion(),
        Map.of("loadBalancer", Map.of("ingress", ingress), "conditions", fields(conditions)));
  }

  private void writePools() throws IOException {
    metrics.unsatisfied(unsatisfied.size());
    for (var pool : pools.values()) {
      var conditions = pool.conditions();
      for (var condition : judge(pool)) {
        conditions = Condition.with(conditions, condition);
      }
      if (!conditions.equals(pool.conditions())) {
        writeStatus(
            RecordKind.LOAD_BALANCER_POOLS.path("", pool.name()),
            pool.resourceVersion(),
            Map.of("conditions", fields(conditions)));
      }
    }
  }

  private List<Condition> judge(LoadBalancerPoolRecord written) {
    var conflict = "";
    var total = java.math.BigInteger.ZERO;
    var used = java.math.BigInteger.ZERO;
    try {
      // Tells what is wrong with one that is not in the book.
      var pool = AddressPool.of(written);
      for (var judged : book.pools()) {
        if (judged.name().equals(pool.name())) {
          conflict = judged.conflict();
          total = judged.size();
          used = book.used(judged);
          metrics.pool(written.name(), used.doubleValue(), total.doubleValue());
        }
      }
    } catch (IllegalArgumentException e) {
      conflict = String.valueOf(e.getMessage());
    }
    var now = clock.instant();
    var generation = written.generation();
    var judged = new ArrayList<Condition>();
    judged.add(
        Condition.now(
            now,
            POOL_CONFLICT,
            conflict.isEmpty() ? "False" : "True",
            conflict.isEmpty() ? "resolved" : "cidr_overlap",
            conflict,
            generation));
    var counts = new HashMap<String, String>();
    counts.put("cilium.io/IPsTotal", total.toString());
    counts.put("cilium.io/IPsAvailable", total.subtract(used).toString());
    counts.put("cilium.io/IPsUsed", used.toString());
    counts.forEach(
        (type, count) ->
            judged.add(Condition.now(now, type, "Unknown", "noreason", count, generation)));
    return judged;
  }

  private void writeStatus(String path, String version, Map<String, ?> status) throws IOException {
    try {
      api.patch(
          path + "/status",
          Map.of("metadata", Map.of("resourceVersion", version), "status", status));
    } catch (ApiException e) {
      // Written or deleted since it was read: its watch tells, and then it is looked at again.
      if (!e.conflict() && !e.notFound()) {
        throw e;
      }
    }
  }

  private static List<Map<String, Object>> fields(List<Condition> conditions) {
    return conditions.stream().map(Condition::fields).toList();
  }

  @Override
  public void close() {
    serviceWatch.close();
    poolWatch.close();
    queue.close();
  }
}
