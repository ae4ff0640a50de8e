package io.ovenet.flow;

import io.ovenet.api.flow.TrafficDirection;
import io.ovenet.api.flow.Workload;
import io.ovenet.metrics.MetricsText;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Bytes and packets of each pod and each virtual machine of this node, by direction as it sees it
 * and by verdict: the metrics {@code ovenet_pod_*} and {@code ovenet_vm_*}. Bounded: a series that
 * has not moved for an hour goes, and beyond {@link #SERIES} none begins; what is cut is counted.
 *
 * <p>Safe for any thread.
 */
public final class PodTraffic {
  static final int SERIES = 10_000;
  static final String FORWARDED = "forwarded";
  static final String AUDIT = "audit";
  static final String DROPPED = "dropped";
  private static final long KEPT_NANOS = TimeUnit.HOURS.toNanos(1);
  private static final List<String> POD = List.of("namespace", "pod", "direction", "verdict");
  private static final List<String> VM = List.of("namespace", "vm", "direction", "verdict");

  private record Key(boolean machine, String namespace, String name, boolean in, String verdict) {
    // Written out: generated ones are many times slower in what the agent's compiler makes.
    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Key that
          && machine == that.machine
          && in == that.in
          && name.equals(that.name)
          && namespace.equals(that.namespace)
          && verdict.equals(that.verdict);
    }

    @Override
    public int hashCode() {
      return 31 * (31 * name.hashCode() + namespace.hashCode()) + verdict.hashCode() + (in ? 1 : 0);
    }

    String[] values() {
      return new String[] {namespace, name, in ? "ingress" : "egress", verdict};
    }
  }

  private static final class Sum {
    private final AtomicLong bytes = new AtomicLong();
    private final AtomicLong packets = new AtomicLong();
    private volatile long movedAt;
  }

  private final Map<Key, Sum> sums = new ConcurrentHashMap<>();
  private final AtomicLong cut = new AtomicLong();

  /**
   * Counts what went from or to a pod; nothing of whoever is none.
   *
   * @param in towards it
   * @param now nanoseconds of CLOCK_MONOTONIC
   */
  void add(FlowEndpoint pod, boolean in, String verdict, long packets, long bytes, long now) {
    if (pod.podName().isEmpty() || packets == 0) {
      return;
    }
    add(new Key(false, pod.namespace(), pod.podName(), in, verdict), packets, bytes, now);
    List<Workload> workloads = pod.workloads();
    if (!workloads.isEmpty() && workloads.get(0).getKind().startsWith("VirtualMachine")) {
      String machine = workloads.get(0).getName();
      add(new Key(true, pod.namespace(), machine, in, verdict), packets, bytes, now);
    }
  }

  private void add(Key key, long packets, long bytes, long now) {
    Sum sum = sums.get(key);
    if (sum == null) {
      if (sums.size() >= SERIES) {
        cut.addAndGet(packets);
        return;
      }
      sum = sums.computeIfAbsent(key, _ -> new Sum());
    }
    sum.movedAt = now;
    sum.bytes.addAndGet(bytes);
    sum.packets.addAndGet(packets);
  }

  /**
   * Counts a drop for the pod of this node whose policy, or whose packet, it was.
   *
   * @param bytes of the packet
   * @param now nanoseconds of CLOCK_MONOTONIC
   */
  void dropped(FlowRecord flow, int bytes, long now) {
    boolean in =
        flow.direction() == TrafficDirection.INGRESS_VALUE
            || (flow.direction() != TrafficDirection.EGRESS_VALUE && flow.source().id() == 0);
    FlowEndpoint pod = in ? flow.destination() : flow.source();
    if (pod.id() != 0) {
      add(pod, in, DROPPED, Integer.toUnsignedLong(flow.count()), bytes, now);
    }
  }

  /** Forgets what has not moved for an hour. */
  void prune(long now) {
    sums.values().removeIf(sum -> now - sum.movedAt > KEPT_NANOS);
  }

  /** Writes all of them. */
  public void write(MetricsText to) {
    write(to, "ovenet_pod", "pods of this node", false, POD);
    write(to, "ovenet_vm", "virtual machines of this node", true, VM);
    to.counter("ovenet_pod_packets_cut", "Packets that the limit of series left out.");
    to.sample("ovenet_pod_packets_cut_total", (double) cut.get());
  }

  private void write(
      MetricsText to, String prefix, String whose, boolean machine, List<String> labels) {
    to.counter(prefix + "_bytes", "Bytes of " + whose + ", with Ethernet headers.");
    sums.forEach(
        (key, sum) -> {
          if (key.machine == machine) {
            to.sample(prefix + "_bytes_total", labels, key.values(), (double) sum.bytes.get());
          }
        });
    to.counter(prefix + "_packets", "Packets of " + whose + ".");
    sums.forEach(
        (key, sum) -> {
          if (key.machine == machine) {
            to.sample(prefix + "_packets_total", labels, key.values(), (double) sum.packets.get());
          }
        });
  }
}
