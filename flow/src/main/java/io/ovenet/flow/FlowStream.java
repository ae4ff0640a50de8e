package io.ovenet.flow;

import io.ovenet.api.flow.LostEventSource;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;

/**
 * One GetFlows, or one export, on a thread of its own. Goes through the ring at its client's pace;
 * what was overwritten meanwhile it tells the client as lost, but for drops that are kept, and the
 * writer never knows.
 */
final class FlowStream implements Runnable {
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(1);

  /**
   * A reader that was overtaken leaves so much of the ring (one part in eight) behind, or it would
   * be overtaken again at once and tell of losses rather than of flows.
   */
  private static final int CATCH_UP_SHIFT = 3;

  private final FlowRing ring;
  private final FlowQuery query;
  private final FlowEncoder encoder;
  private final LongSupplier now;
  private final FlowReceiver client;
  private long position;
  private long end;
  private boolean begun;
  private long sent;

  /** Up to here there are drops alone to be read. */
  private long dropsUntil;

  /** Of those that are skipped until then, lost to this reader; 0: it never had a claim to them. */
  private long skipped;

  private long lastTime;

  FlowStream(
      FlowRing ring, FlowQuery query, FlowEncoder encoder, LongSupplier now, FlowReceiver client) {
    this.ring = ring;
    this.query = query;
    this.encoder = encoder;
    this.now = now;
    this.client = client;
    this.lastTime = now.getAsLong();
  }

  /** Fixes where it begins, before {@link #run} and at the latest by it. */
  void begin() {
    end = query.follow() ? Long.MAX_VALUE : ring.next();
    dropsUntil = Math.min(ring.oldest(), end); // before the start, which is overtaken from then on
    position = query.start(ring);
    begun = true;
  }

  @Override
  public void run() {
    if (!begun) {
      begin();
    }
    while (position < end && !client.isGone() && step()) {
      // all is done by the step
    }
    if (!client.isGone()) {
      client.end();
    }
  }

  /** False: there is nothing more to send. */
  private boolean step() {
    if (position < dropsUntil || skipped > 0) {
      return drop();
    }
    return switch (ring.read(position)) {
      case FlowRecord flow -> flow(flow);
      case KernelLoss loss -> lost(loss);
      case RingRead.Missing.OVERWRITTEN -> overtaken();
      case RingRead.Missing.NOT_YET -> {
        ring.await(position, PATIENCE_NANOS);
        yield query.until() == Long.MAX_VALUE || now.getAsLong() <= query.until();
      }
    };
  }

  private boolean flow(FlowRecord flow) {
    if (flow.time() > query.until()) {
      return false;
    }
    position++;
    lastTime = flow.time();
    FlowRecord shown = query.shown(flow);
    if (shown == null) {
      return true;
    }
    send(encoder.response(shown));
    sent++;
    return query.follow() || query.number() == 0 || sent != query.number();
  }

  private boolean drop() {
    FlowRecord drop = ring.drop(position, dropsUntil);
    if (drop != null) {
      position = drop.sequence();
      skipped = Math.max(0, skipped - 1);
      return flow(drop);
    }
    if (skipped > 0) {
      long time = now.getAsLong();
      send(encoder.lost(LostEventSource.HUBBLE_RING_BUFFER, skipped, lastTime, time, time));
      skipped = 0;
    }
    position = Math.max(position, dropsUntil);
    return true;
  }

  private boolean lost(KernelLoss loss) {
    if (loss.time() > query.until()) {
      return false;
    }
    position++;
    send(
        encoder.lost(
            LostEventSource.PERF_EVENT_RING_BUFFER,
            loss.events(),
            loss.first(),
            loss.time(),
            loss.time()));
    return true;
  }

  private boolean overtaken() {
    long caughtUp = ring.oldest() + (ring.capacity() >> CATCH_UP_SHIFT);
    dropsUntil = Math.min(Math.min(caughtUp, ring.next()), end);
    skipped = dropsUntil - position;
    return true;
  }

  private void send(byte[] response) {
    while (!client.isReady() && !client.isGone()) {
      LockSupport.parkNanos(this, PATIENCE_NANOS); // woken by the client's being ready
    }
    if (!client.isGone()) {
      client.take(response);
    }
  }
}
