package io.ovenet.operator;

import io.ovenet.metrics.MetricsText;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * What the operator does, for Prometheus. Only the one that leads has work. Safe for any thread.
 */
final class OperatorMetrics {
  private static final List<String> QUEUE = List.of("queue");
  private static final List<String> STATE = List.of("state");
  private static final List<String> POOL = List.of("pool", "state");
  private static final List<String> KIND = List.of("kind");

  /**
   * Of a pool's addresses.
   *
   * @param total may be more than any number type holds exactly
   */
  private record Addresses(double used, double total) {}

  private final List<WorkQueue<?>> queues = new CopyOnWriteArrayList<>();
  private final Map<String, Addresses> pools = new ConcurrentSkipListMap<>();
  private final Map<String, Long> collected = new ConcurrentSkipListMap<>();
  private volatile boolean leading;
  private volatile int freePrefixes;
  private volatile int allPrefixes;
  private volatile int unsatisfied;

  /** From here on the queue's work is told of. */
  void add(WorkQueue<?> queue) {
    queues.add(queue);
  }

  /** Its work is over. */
  void remove(WorkQueue<?> queue) {
    queues.remove(queue);
  }

  void leading(boolean now) {
    leading = now;
  }

  /** How many prefixes for nodes there are, and how many nobody has. */
  void podPrefixes(int free, int all) {
    allPrefixes = all;
    freePrefixes = free;
  }

  /** How many services of the type LoadBalancer wait for an address. */
  void unsatisfied(int services) {
    unsatisfied = services;
  }

  void pool(String name, double used, double total) {
    pools.put(name, new Addresses(used, total));
  }

  void poolGone(String name) {
    pools.remove(name);
  }

  /** One that nobody uses any more was deleted. */
  void collected(String kind) {
    collected.merge(kind, 1L, Long::sum);
  }

  void write(MetricsText to) {
    to.gauge("ovenet_operator_leading", "1 if this operator leads, 0 if it waits.");
    to.sample("ovenet_operator_leading", leading ? 1 : 0);
    to.counter("ovenet_operator_reconciled", "Objects brought to where they should be.");
    queues.forEach(queue -> of(to, "ovenet_operator_reconciled_total", queue, queue.done()));
    to.counter("ovenet_operator_failures", "Attempts at that which failed, and are made again.");
    queues.forEach(queue -> of(to, "ovenet_operator_failures_total", queue, queue.failed()));
    to.gauge("ovenet_operator_waiting", "Objects that wait for it.");
    queues.forEach(queue -> of(to, "ovenet_operator_waiting", queue, queue.waiting()));
    to.gauge("ovenet_pod_prefixes", "Prefixes for nodes' pods in the pool.");
    to.sample("ovenet_pod_prefixes", STATE, new String[] {"free"}, freePrefixes);
    to.sample("ovenet_pod_prefixes", STATE, new String[] {"given"}, allPrefixes - freePrefixes);
    to.gauge("ovenet_load_balancer_addresses", "Addresses of pools for services.");
    pools.forEach(
        (name, pool) -> {
          var total = pool.total();
          var free = total - pool.used();
          to.sample("ovenet_load_balancer_addresses", POOL, new String[] {name, "free"}, free);
          to.sample(
              "ovenet_load_balancer_addresses", POOL, new String[] {name, "given"}, pool.used());
        });
    to.gauge("ovenet_load_balancer_services_waiting", "Services of the type that got no address.");
    to.sample("ovenet_load_balancer_services_waiting", unsatisfied);
    to.counter("ovenet_operator_collected", "Objects that nobody used, deleted.");
    collected.forEach(
        (kind, count) ->
            to.sample(
                "ovenet_operator_collected_total", KIND, new String[] {kind}, (double) count));
  }

  private static void of(MetricsText to, String name, WorkQueue<?> queue, long value) {
    to.sample(name, QUEUE, new String[] {queue.name()}, (double) value);
  }
}
