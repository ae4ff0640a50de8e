package io.ovenet.bench;

import io.ovenet.api.flow.FlowFilter;
import io.ovenet.api.flow.Workload;
import io.ovenet.datapath.EventKind;
import io.ovenet.datapath.FlowEvent;
import io.ovenet.flow.Addresses;
import io.ovenet.flow.FlowDecoder;
import io.ovenet.flow.FlowEncoder;
import io.ovenet.flow.FlowEndpoint;
import io.ovenet.flow.FlowFilters;
import io.ovenet.flow.FlowLabels;
import io.ovenet.flow.FlowMask;
import io.ovenet.flow.FlowNames;
import io.ovenet.flow.FlowRecord;
import io.ovenet.flow.FlowRing;
import io.ovenet.flow.FlowStatistics;
import io.ovenet.flow.FlowUuids;
import io.ovenet.flow.MonotonicClock;
import io.ovenet.flow.NameTable;
import io.ovenet.flow.PolicyRef;
import io.ovenet.flow.RuleOrigin;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.function.Predicate;

/**
 * Measures in a process of its own: prints a line for each round and figure, its name, a tab and
 * flows a second. Everything that the agent does for a flow, on one thread.
 */
final class FlowRate {
  private static final int ENDPOINTS = 10_000;
  private static final int IDENTITIES = 500;
  private static final int FIRST_IDENTITY = 1000;
  private static final int EVENTS = 65_536;
  private static final int TIMES = 8;
  private static final int RULE = 9;
  private static final int IFINDEX = 0x100001;
  private static final String NODE = "default/node1";

  private FlowRate() {}

  /** Argument: how many rounds. */
  public static void main(String[] arguments) throws UnknownHostException {
    Random random = new Random(7);
    FlowNames names = names();
    MemorySegment events = events(random);
    MonotonicClock clock = new MonotonicClock();
    FlowDecoder decoder = new FlowDecoder(() -> names, clock);
    FlowRing ring = new FlowRing(FlowRing.DEFAULT_CAPACITY);
    FlowStatistics statistics = new FlowStatistics(clock.nowNanos());
    FlowUuids uuids = new FlowUuids();
    FlowFilters filters = new FlowFilters(NODE, uuids);
    Map<String, FlowFilter> selections =
        Map.of(
            "pods of a namespace",
            FlowFilter.newBuilder().addSourcePod("app-3-prod/").build(),
            "a label",
            FlowFilter.newBuilder().addSourceLabel("app=app-3").build());
    FlowEvent cursor = new FlowEvent();
    long ignored = 0;
    for (int round = 0; round < Integer.parseInt(arguments[0]); round++) {
      Stopwatch limit = new Stopwatch();
      for (int i = 0; i < EVENTS * TIMES; i++) {
        cursor.at(events, (long) (i & (EVENTS - 1)) * FlowEvent.SIZE);
        ignored += cursor.time() + cursor.rule() + cursor.sourceIdentity();
      }
      limit.print("limit: records read, by processor time");
      for (Map.Entry<String, FlowFilter> selection : selections.entrySet()) {
        Predicate<FlowRecord> filter = filters.compile(List.of(selection.getValue()), List.of());
        FlowEncoder encoder = new FlowEncoder(NODE, uuids, FlowMask.EVERYTHING);
        int passed = 0;
        Stopwatch watch = new Stopwatch();
        for (int i = 0; i < EVENTS * TIMES; i++) {
          long offset = (long) (i & (EVENTS - 1)) * FlowEvent.SIZE;
          ring.write(
              Objects.requireNonNull(decoder.decode(cursor.at(events, offset), ring.next())));
          // As a follower does.
          if (ring.read(ring.next() - 1) instanceof FlowRecord flow) {
            statistics.seen(flow);
            if (filter.test(flow)) {
              ignored += encoder.response(flow).length;
              passed++;
            }
          }
        }
        watch.print(selection.getKey() + ", by processor time");
        watch.printClock(selection.getKey() + ", by the clock");
        double share = passed / (double) (EVENTS * TIMES);
        if (share < 0.08 || share > 0.12) {
          throw new IllegalStateException("not a tenth passed: " + share);
        }
      }
    }
    if (ignored == 0) {
      throw new IllegalStateException("nothing was serialized");
    }
  }

  /** Of one round; the processor time is the whole process's, its collector and compiler too. */
  private static final class Stopwatch {
    private static final com.sun.management.OperatingSystemMXBean SYSTEM =
        ManagementFactory.getPlatformMXBean(com.sun.management.OperatingSystemMXBean.class);

    private final long clock = System.nanoTime();
    private final long processor = SYSTEM.getProcessCpuTime();

    void print(String name) {
      line(name, SYSTEM.getProcessCpuTime() - processor);
    }

    void printClock(String name) {
      line(name, System.nanoTime() - clock);
    }

    private static void line(String name, long nanos) {
      System.out.println(name + "\t" + EVENTS * (TIMES * 1e9) / nanos);
    }
  }

  private static FlowNames names() throws UnknownHostException {
    Map<NameTable.Address, FlowEndpoint> addresses = new HashMap<>();
    Map<Integer, FlowEndpoint> identities = new HashMap<>();
    for (int i = 0; i < ENDPOINTS; i++) {
      int application = i % 10;
      int identity = FIRST_IDENTITY + i % IDENTITIES;
      String app = "app-" + application;
      String namespace = app + "-prod";
      FlowLabels labels =
          FlowLabels.of(
              "k8s:app=" + app,
              "k8s:part=" + identity,
              "k8s:io.kubernetes.pod.namespace=" + namespace,
              "k8s:io.cilium.k8s.policy.cluster=default",
              "k8s:io.cilium.k8s.policy.serviceaccount=default");
      identities.putIfAbsent(identity, FlowEndpoint.identity(identity, labels));
      Workload workload = Workload.newBuilder().setName(app).setKind("Deployment").build();
      FlowEndpoint pod =
          FlowEndpoint.pod(
              0, identity, "default", namespace, app + "-7d9f5c-" + i, labels, List.of(workload));
      long[] address = Addresses.halves(InetAddress.getByAddress(address(i)));
      addresses.put(new NameTable.Address(0, address[0], address[1]), pod);
    }
    PolicyRef policy =
        new PolicyRef(
            "CiliumNetworkPolicy",
            "app-3-prod",
            "vm-web-policy",
            "spec.ingress[0].toPorts[0]",
            7,
            List.of("k8s:io.cilium.k8s.policy.name=vm-web-policy"));
    return new NameTable(
        "default",
        "node1",
        Map.of(),
        addresses,
        identities,
        Map.of(),
        Map.of(RULE, RuleOrigin.of(List.of(policy))),
        Map.of(IFINDEX, "ove1"));
  }

  private static byte[] address(int endpoint) {
    return new byte[] {10, 0, (byte) (endpoint >> 8), (byte) endpoint};
  }

  /** Verdicts and traces of TCP connections, laid out as {@code struct event} of ovenet.h. */
  private static MemorySegment events(Random random) {
    MemorySegment events = Arena.global().allocate((long) EVENTS * FlowEvent.SIZE, 8);
    for (int i = 0; i < EVENTS; i++) {
      MemorySegment event = events.asSlice((long) i * FlowEvent.SIZE, FlowEvent.SIZE);
      int source = random.nextInt(ENDPOINTS);
      int destination = random.nextInt(ENDPOINTS);
      boolean trace = i % 3 == 0;
      event.set(ValueLayout.JAVA_LONG, 0, System.nanoTime());
      byte[] head = {
        (byte) (trace ? EventKind.TRACE : EventKind.POLICY_VERDICT).number(),
        (byte) (trace ? 101 : 1), // where seen; whether allowed
        1, // direction
        (byte) (FlowEvent.HAS_L3 | FlowEvent.HAS_PORTS),
        6, // TCP
        2 // SYN
      };
      MemorySegment.copy(head, 0, event, ValueLayout.JAVA_BYTE, 8, head.length);
      put(event, 16, source);
      put(event, 32, destination);
      ports(event, 1024 + random.nextInt(60_000), 80);
      event.set(ValueLayout.JAVA_INT, 56, FIRST_IDENTITY + source % IDENTITIES);
      event.set(ValueLayout.JAVA_INT, 60, FIRST_IDENTITY + destination % IDENTITIES);
      event.set(ValueLayout.JAVA_INT, 64, RULE);
      event.set(ValueLayout.JAVA_INT, 68, IFINDEX);
      event.set(ValueLayout.JAVA_INT, 72, 74); // length
      event.set(ValueLayout.JAVA_BYTE, 80, (byte) 2);
      event.set(ValueLayout.JAVA_BYTE, 86, (byte) 2);
      event.set(ValueLayout.JAVA_INT, 92, 1); // packets that it stands for
    }
    return events;
  }

  private static void put(MemorySegment event, int at, int endpoint) {
    event.set(ValueLayout.JAVA_INT, at + 8, 0xffff0000);
    MemorySegment.copy(address(endpoint), 0, event, ValueLayout.JAVA_BYTE, at + 12, 4);
  }

  private static void ports(MemorySegment event, int source, int destination) {
    event.set(ValueLayout.JAVA_SHORT, 48, Short.reverseBytes((short) source));
    event.set(ValueLayout.JAVA_SHORT, 50, Short.reverseBytes((short) destination));
  }
}
