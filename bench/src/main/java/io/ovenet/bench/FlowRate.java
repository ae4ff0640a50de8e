package io.ovenet.bench;

import io.ovenet.api.flow.FlowFilter;
import io.ovenet.datapath.FlowEvent;
import io.ovenet.flow.FlowDecoder;
import io.ovenet.flow.FlowEncoder;
import io.ovenet.flow.FlowFilters;
import io.ovenet.flow.FlowMask;
import io.ovenet.flow.FlowRecord;
import io.ovenet.flow.FlowRing;
import io.ovenet.flow.FlowStatistics;
import io.ovenet.flow.FlowUuids;
import io.ovenet.flow.MonotonicClock;
import java.lang.management.ManagementFactory;
import java.net.UnknownHostException;
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
  private static final int TIMES = 8;
  private static final String NODE = "default/node1";

  private FlowRate() {}

  /** Argument: how many rounds. */
  public static void main(String[] arguments) throws UnknownHostException {
    Random random = new Random(7);
    List<FlowMix> mixes = List.of(FlowMix.outside(random), FlowMix.pods(random));
    long ignored = 0;
    for (int round = 0; round < Integer.parseInt(arguments[0]); round++) {
      for (FlowMix mix : mixes) {
        ignored += limit(mix);
        for (Map.Entry<String, FlowFilter> selection : mix.selections().entrySet()) {

          ignored += rate(mix, selection.getKey(), selection.getValue());
        }
      }
    }
    if (ignored == 0) {
      throw new IllegalStateException("nothing was serialized");
    }
  }

  private static long limit(FlowMix mix) {
    FlowEvent cursor = new FlowEvent();
    long ignored = 0;
    Stopwatch limit = new Stopwatch();
    for (int i = 0; i < mix.records() * TIMES; i++) {
      cursor.record(mix.segment(), mix.offset(i), mix.recordSize());
      while (cursor.next()) {
        ignored += cursor.time() + cursor.rule() + cursor.sourceIdentity();
      }
    }
    limit.print(
        mix.name() + ", limit: records read, by processor time", (long) mix.events() * TIMES);
    return ignored;
  }

  private static long rate(FlowMix mix, String name, FlowFilter selection) {
    FlowEvent cursor = new FlowEvent();
    MonotonicClock clock = new MonotonicClock();
    FlowDecoder decoder = new FlowDecoder(mix::names, clock);
    FlowRing ring = new FlowRing(FlowRing.DEFAULT_CAPACITY);
    FlowStatistics statistics = new FlowStatistics(clock.nowNanos());
    FlowUuids uuids = new FlowUuids();
    Predicate<FlowRecord> filter =
        new FlowFilters(NODE, uuids)
            .compile(
                selection.equals(FlowFilter.getDefaultInstance()) ? List.of() : List.of(selection),
                List.of());
    FlowEncoder encoder = new FlowEncoder(NODE, uuids, FlowMask.EVERYTHING);
    long bytes = 0;
    int passed = 0;
    Stopwatch watch = new Stopwatch();
    for (int i = 0; i < mix.records() * TIMES; i++) {
      cursor.record(mix.segment(), mix.offset(i), mix.recordSize());
      while (cursor.next()) {
        ring.write(Objects.requireNonNull(decoder.decode(cursor, ring.next())));
        // As a follower does.
        if (ring.read(ring.next() - 1) instanceof FlowRecord flow) {
          statistics.seen(flow);
          if (filter.test(flow)) {
            bytes += encoder.response(flow).length;
            passed++;
          }
        }
      }
    }
    long events = (long) mix.events() * TIMES;
    watch.print(mix.name() + ", " + name + ", by processor time", events);
    watch.printClock(mix.name() + ", " + name + ", by the clock", events);
    double share = passed / (double) events;
    if (share < 0.08 || (share > 0.12 && share < 1)) {
      throw new IllegalStateException(
          name + ": neither a tenth passed nor all: " + share + " of " + mix.name());
    }
    return bytes;
  }

  /** Of one round; the processor time is the whole process's, its collector and compiler too. */
  private static final class Stopwatch {
    private static final com.sun.management.OperatingSystemMXBean SYSTEM =
        ManagementFactory.getPlatformMXBean(com.sun.management.OperatingSystemMXBean.class);

    private final long clock = System.nanoTime();
    private final long processor = SYSTEM.getProcessCpuTime();

    void print(String name, long events) {
      line(name, events, SYSTEM.getProcessCpuTime() - processor);
    }

    void printClock(String name, long events) {
      line(name, events, System.nanoTime() - clock);
    }

    private static void line(String name, long events, long nanos) {
      System.out.println(name + "\t" + events * 1e9 / nanos);
    }
  }
}
