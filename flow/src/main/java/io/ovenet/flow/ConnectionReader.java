package io.ovenet.flow;

import io.ovenet.datapath.ConnectionView;
import io.ovenet.datapath.Verdict;
import java.time.Duration;
import java.util.List;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks at the kernel's connections every few seconds and counts what went through them since: for
 * pods' metrics and for the ledger. The kernel counts each packet there in any case, so this costs
 * packets nothing, and lost events or aggregation don't matter to it. What a connection carried
 * between the last look and its entry's end is missing; entries outlive their connection by ten
 * seconds and more, unless the table is full or both ports are used again.
 *
 * <p>{@link #start} once; {@link #close} ends the thread after a last look.
 */
public final class ConnectionReader implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ConnectionReader.class);
  static final Duration EVERY = Duration.ofSeconds(5);

  /** Of large tables: a look takes at most one part in so many of the time. */
  private static final int SHARE = 50;

  private final ConnectionSource source;
  private final Supplier<FlowNames> names;
  private final DnsNames resolved;
  private final PodTraffic traffic;
  private final @Nullable Ledger ledger;
  private final LongSupplier monotonicNanos;
  private final ConnectionCounts counts = new ConnectionCounts();
  private final long startedAt;
  private long lastLook;
  private boolean stopped;
  private boolean failing;
  private @Nullable Thread thread;

  /**
   * A reader that isn't started. Connections from before are counted from now on.
   *
   * @param decoder whose names of DNS are used
   * @param ledger null: none is kept
   */
  public ConnectionReader(
      ConnectionSource source,
      Supplier<FlowNames> names,
      FlowDecoder decoder,
      PodTraffic traffic,
      @Nullable Ledger ledger) {
    this(source, names, decoder, traffic, ledger, System::nanoTime);
  }

  ConnectionReader(
      ConnectionSource source,
      Supplier<FlowNames> names,
      FlowDecoder decoder,
      PodTraffic traffic,
      @Nullable Ledger ledger,
      LongSupplier monotonicNanos) {
    this.source = source;
    this.names = names;
    this.resolved = decoder.resolved();
    this.traffic = traffic;
    this.ledger = ledger;
    this.monotonicNanos = monotonicNanos;
    this.startedAt = monotonicNanos.getAsLong();
    this.lastLook = startedAt;
  }

  /** Starts the thread that looks. */
  public synchronized void start() {
    thread = Thread.ofPlatform().name("connections").daemon().start(this::run);
  }

  private void run() {
    try {
      while (!stopped()) {
        long began = System.nanoTime();
        try {
          look();
          failing = false;
        } catch (RuntimeException e) {
          if (!failing) {
            LOG.error("connections cannot be read, so bytes are not counted; trying again", e);
          }
          failing = true;
        }
        long took = System.nanoTime() - began;
        Thread.sleep(Duration.ofNanos(Math.max(EVERY.toNanos(), took * SHARE)));
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  private synchronized boolean stopped() {
    return stopped;
  }

  /** One look at all connections. */
  void look() {
    long now = monotonicNanos.getAsLong();
    counts.begin();
    FlowNames today = names.get();
    source.forEach(connection -> take(connection, today, now));
    lastLook = now;
    traffic.prune(now);
  }

  private void take(ConnectionView view, FlowNames today, long now) {
    counts.update(
        view.hash(),
        view.beganAtNanos() < startedAt,
        view.packetsOnwards(),
        view.packetsBack(),
        view.bytesOnwards(),
        view.bytesBack());
    long bytes = counts.bytesOnwards() + counts.bytesBack();
    if (bytes == 0) {
      return;
    }
    // As the ends were when these bytes went: an id or an address may be another's by now.
    long when = Math.max(view.beganAtNanos(), lastLook);
    FlowEndpoint source =
        today.end(
            when,
            view.sourceEndpoint(),
            view.sourceIdentity(),
            true,
            view.network(),
            view.sourceHigh(),
            view.sourceLow());
    FlowEndpoint destination =
        today.end(
            when,
            view.destinationEndpoint(),
            view.destinationIdentity(),
            true,
            view.network(),
            view.destinationHigh(),
            view.destinationLow());
    boolean audit = view.verdict() == Verdict.AUDIT.number();
    String verdict = audit ? PodTraffic.AUDIT : PodTraffic.FORWARDED;
    if (view.sourceEndpoint() != 0) {
      traffic.add(source, false, verdict, counts.packetsOnwards(), counts.bytesOnwards(), now);
      traffic.add(source, true, verdict, counts.packetsBack(), counts.bytesBack(), now);
    }
    if (view.destinationEndpoint() != 0) {
      traffic.add(destination, true, verdict, counts.packetsOnwards(), counts.bytesOnwards(), now);
      traffic.add(destination, false, verdict, counts.packetsBack(), counts.bytesBack(), now);
    }
    if (ledger != null) {
      List<String> sourceNames =
          source.isNoPod()
              ? resolved.names(
                  view.destinationHigh(),
                  view.destinationLow(),
                  view.sourceHigh(),
                  view.sourceLow(),
                  when)
              : List.of();
      List<String> destinationNames =
          destination.isNoPod()
              ? resolved.names(
                  view.sourceHigh(),
                  view.sourceLow(),
                  view.destinationHigh(),
                  view.destinationLow(),
                  when)
              : List.of();
      var sides =
          LedgerKey.of(view, source, sourceNames, destination, destinationNames, audit, today);
      for (LedgerKey side : sides) {
        ledger.carried(side, bytes);
      }
    }
  }

  @Override
  public void close() {
    Thread running;
    synchronized (this) {
      stopped = true;
      running = thread;
    }
    if (running == null) {
      return;
    }
    running.interrupt();
    try {
      running.join();
      look();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
