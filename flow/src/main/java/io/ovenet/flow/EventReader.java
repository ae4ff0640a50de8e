package io.ovenet.flow;

import io.ovenet.datapath.DnsMessage;
import io.ovenet.datapath.EventKind;
import io.ovenet.datapath.FlowEvent;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The thread between the kernel's ring and the flow ring. The kernel wakes nobody for a single
 * event: it looks every few milliseconds, more often while there is much to do, and on being woken.
 * What the kernel had no room for goes into the ring as a {@link KernelLoss}, counted exactly.
 *
 * <p>{@link #start} once; {@link #close} ends the thread after a last look.
 */
public final class EventReader implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(EventReader.class);
  private static final Duration BUSY = Duration.ofMillis(4);
  private static final Duration IDLE = Duration.ofMillis(20);

  /** Followers are woken and losses are looked for at least once in so many events. */
  private static final int BATCH = 2048;

  private static final int BACKOFF_LIMIT = 6;

  private final EventSource source;
  private final FlowDecoder decoder;
  private final FlowRing ring;
  private final FlowStatistics statistics;
  private final MonotonicClock clock;
  private final FlowMetrics metrics;
  private final @Nullable Ledger ledger;
  private final PodTraffic traffic;
  private final FlowEvent cursor = new FlowEvent();
  private final DnsMessage dns = new DnsMessage();
  private long lost;
  private long complete;
  private long malformed;
  private volatile boolean stopped;
  private @Nullable Thread thread;

  /**
   * A reader that isn't started.
   *
   * @param clock the decoder's
   */
  public EventReader(
      EventSource source,
      FlowDecoder decoder,
      FlowRing ring,
      FlowStatistics statistics,
      MonotonicClock clock) {
    this(
        source,
        decoder,
        ring,
        statistics,
        clock,
        new FlowMetrics(new MetricsConfig(List.of()), new FlowUuids()),
        new PodTraffic(),
        null);
  }

  /**
   * The same, whose flows are counted by metrics as well.
   *
   * @param traffic counts pods' drops
   * @param ledger counts connections; null: nobody does
   */
  public EventReader(
      EventSource source,
      FlowDecoder decoder,
      FlowRing ring,
      FlowStatistics statistics,
      MonotonicClock clock,
      FlowMetrics metrics,
      PodTraffic traffic,
      @Nullable Ledger ledger) {
    this.source = source;
    this.ledger = ledger;
    this.traffic = traffic;
    this.metrics = metrics;
    this.decoder = decoder;
    this.ring = ring;
    this.statistics = statistics;
    this.clock = clock;
    // What was lost before this process is not this ring's loss.
    this.lost = source.lost() + source.dnsLost();
    this.complete = clock.nowNanos();
  }

  /** Starts the thread that reads. */
  public synchronized void start() {
    if (thread != null) {
      throw new IllegalStateException("event reader: started twice");
    }
    thread = Thread.ofPlatform().name("events").daemon().start(this::run);
  }

  private void run() {
    int failures = 0;
    while (!stopped) {
      try {
        int drained = drain();
        failures = 0;
        if (drained < BATCH) {
          source.await(drained > 0 ? BUSY : IDLE);
        }
      } catch (RuntimeException e) {
        failures++;
        LOG.error("reading flow events failed ({} in a row); trying again", failures, e);
        pause(Duration.ofMillis(10L << Math.min(failures, BACKOFF_LIMIT)));
      }
    }
    drain();
  }

  private static void pause(Duration time) {
    try {
      Thread.sleep(time);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** One look at the kernel's ring, for tests and for {@link #run}; returns the events read. */
  int drain() {
    clock.refresh();
    long before = ring.next();
    // First, since what they name is used at once.
    int drained = source.drainDns(this::acceptDns, BATCH);
    drained += source.drain(this::accept, BATCH);
    long now = clock.nowNanos();
    statistics.flows(now, ring.next() - before);
    long total = source.lost() + source.dnsLost();
    if (total != lost) {
      ring.write(new KernelLoss(ring.next(), now, complete, total - lost));
      metrics.lost(total - lost);
      lost = total;
    }
    complete = now;
    if (ring.next() != before) {
      ring.wake();
    }
    return drained;
  }

  private void accept(MemorySegment data, long offset, int length) {
    if (!FlowEvent.isRecord(length)) {
      malformed(length);
      return;
    }
    cursor.record(data, offset, length);
    while (cursor.next()) {
      FlowRecord flow = decoder.decode(cursor, ring.next());
      if (flow == null) {
        malformed(length);
      } else {
        ring.write(flow);
        statistics.seen(flow);
        metrics.count(flow);
        if (flow.isKind(EventKind.DROP)) {
          traffic.dropped(flow, cursor.length(), cursor.time());
        }
        if (ledger != null) {
          ledger.count(flow);
        }
      }
    }
  }

  private void acceptDns(MemorySegment data, long offset, int length) {
    if (length != DnsMessage.SIZE) {
      malformed(length);
      return;
    }
    FlowRecord flow = decoder.decode(dns.at(data, offset), ring.next());
    if (flow == null) {
      metrics.noDns();
    } else {
      ring.write(flow);
      statistics.seen(flow);
      metrics.count(flow);
    }
  }

  private void malformed(int length) {
    malformed++;
    // Each power of two: said soon, and never a flood.
    if (Long.bitCount(malformed) == 1) {
      LOG.warn(
          "flow event of {} bytes is none that this agent knows ({} so far): the loaded eBPF"
              + " programs are not this agent's; restart it to load its own",
          length,
          malformed);
    }
  }

  @Override
  public void close() {
    stopped = true;
    Thread running;
    synchronized (this) {
      running = thread;
    }
    if (running == null) {
      return;
    }
    try {
      running.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
