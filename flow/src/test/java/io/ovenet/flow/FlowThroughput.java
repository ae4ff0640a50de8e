package io.ovenet.flow;

import io.ovenet.api.flow.FlowFilter;
import io.ovenet.api.flow.Workload;
import io.ovenet.datapath.EventKind;
import io.ovenet.datapath.FlowEvent;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.function.Predicate;

/**
 * How many flows a second one thread takes from a ring's bytes to serialized responses: 10,000
 * endpoints at random, a filter that a tenth passes, everything that the agent does for a flow on
 * the way. Not a test; start it with the agent's flags.
 */
final class FlowThroughput {
  private static final int ENDPOINTS = 10_000;
  private static final int EVENTS = 65_536;
  private static final int ROUNDS = 8;

  private FlowThroughput() {}

  public static void main(String[] arguments) {
    var random = new Random(7);
    FlowNames names = names();
    MemorySegment events = events(random);
    var clock = new MonotonicClock();
    var decoder = new FlowDecoder(() -> names, clock);
    var ring = new FlowRing(FlowRing.DEFAULT_CAPACITY);
    var statistics = new FlowStatistics(clock.nowNanos());
    var uuids = new FlowUuids();
    var filters = new FlowFilters("default/node1", uuids);
    Map<String, FlowFilter> selections =
        Map.of(
            "namespace of a tenth",
            FlowFilter.newBuilder().addSourcePod("app-3-prod/").build(),
            "label of a tenth",
            FlowFilter.newBuilder().addSourceLabel("app=app-3").build());
    selections.forEach(
        (name, selection) -> {
          Predicate<FlowRecord> filter = filters.compile(List.of(selection), List.of());
          var encoder = new FlowEncoder("default/node1", uuids, FlowMask.EVERYTHING);
          var cursor = new FlowEvent();
          for (int round = 0; round < ROUNDS; round++) {
            long passed = 0;
            long bytes = 0;
            long start = System.nanoTime();
            for (int i = 0; i < EVENTS * 8; i++) {
              long offset = (long) (i & (EVENTS - 1)) * FlowEvent.SIZE;
              ring.write(
                  Objects.requireNonNull(decoder.decode(cursor.at(events, offset), ring.next())));
              // As a follower does.
              if (ring.read(ring.next() - 1) instanceof FlowRecord flow) {
                statistics.seen(flow);
                if (filter.test(flow)) {
                  bytes += encoder.response(flow).length;
                  passed++;
                }
              }
            }
            double seconds = (System.nanoTime() - start) / 1e9;
            System.out.printf(
                Locale.ROOT,
                "%s: %,.0f flows/s, %.1f %% passed, %d bytes each%n",
                name,
                EVENTS * 8 / seconds,
                100.0 * passed / (EVENTS * 8),
                bytes / passed);
          }
        });
  }

  private static FlowNames names() {
    var addresses = new HashMap<NameTable.Address, FlowEndpoint>();
    var identities = new HashMap<Integer, FlowEndpoint>();
    for (int i = 0; i < ENDPOINTS; i++) {
      int application = i % 10;
      int identity = 1000 + i % 500;
      FlowLabels labels =
          FlowLabels.of(
              "k8s:app=app-" + application,
              "k8s:part=" + identity,
              "k8s:io.kubernetes.pod.namespace=app-" + application + "-prod",
              "k8s:io.cilium.k8s.policy.cluster=default",
              "k8s:io.cilium.k8s.policy.serviceaccount=default");
      identities.putIfAbsent(identity, FlowEndpoint.identity(identity, labels));
      FlowEndpoint pod =
          FlowEndpoint.pod(
              0,
              identity,
              "default",
              "app-" + application + "-prod",
              "app-" + application + "-7d9f5c-" + i,
              labels,
              List.of(
                  Workload.newBuilder()
                      .setName("app-" + application)
                      .setKind("Deployment")
                      .build()));
      addresses.put(new NameTable.Address(0, 0, Addresses.MAPPED | 0x0a000000L | i), pod);
    }
    RuleOrigin origin = RuleOrigin.of(List.of(Flows.POLICY));
    return new NameTable(
        "default",
        "node1",
        Map.of(),
        addresses,
        identities,
        Map.of(),
        Map.of(9, origin),
        Map.of(0x100001, "ovt1"));
  }

  private static MemorySegment events(Random random) {
    MemorySegment events = Arena.global().allocate((long) EVENTS * FlowEvent.SIZE, 8);
    for (int i = 0; i < EVENTS; i++) {
      int source = random.nextInt(ENDPOINTS);
      int destination = random.nextInt(ENDPOINTS);
      Event event =
          (i % 3 == 0 ? new Event(EventKind.TRACE, 101) : new Event(EventKind.POLICY_VERDICT, 1))
              .source(10, 0, source >> 8, source & 0xff)
              .destination(10, 0, destination >> 8, destination & 0xff)
              .endpoints(0, 0)
              .identities(1000 + source % 500, 1000 + destination % 500)
              .ports(1024 + random.nextInt(60_000), 80)
              .rule(9)
              .ifindex(0x100001)
              .macs(1, 2)
              .time(System.nanoTime());
      MemorySegment.copy(event.segment(), 0, events, (long) i * FlowEvent.SIZE, FlowEvent.SIZE);
    }
    return events;
  }
}
