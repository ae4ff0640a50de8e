package io.ovenet.flow;

import io.grpc.stub.ServerCallStreamObserver;
import io.ovenet.api.flow.LostEventSource;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;

/**
 * One GetFlows, on a thread of its own. Goes through the ring at its client's pace; what was
 * overwritten meanwhile it tells the client as lost, and the writer never knows.
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
  private final ServerCallStreamObserver<byte[]> client;
  private long position;
  private long sent;
  private long lastTime;

  FlowStream(
      FlowRing ring,
      FlowQuery query,
      FlowEncoder encoder,
      LongSupplier now,
      ServerCallStreamObserver<byte[]> client) {
    this.ring = ring;
    this.query = query;
    this.encoder = encoder;
    this.now = now;
    this.client = client;
    this.lastTime = now.getAsLong();
  }

  @Override
  public void run() {
    long end = query.follow() ? Long.MAX_VALUE : ring.next();
    position = query.start(ring);
    while (position < end && !client.isCancelled()) {
      boolean more =
          switch (ring.read(position)) {
            case FlowRecord flow -> flow(flow);
            case KernelLoss loss -> lost(loss);
            case RingRead.Missing.OVERWRITTEN -> overtaken();
            case RingRead.Missing.NOT_YET -> {
              ring.await(position, PATIENCE_NANOS);
              yield query.until() == Long.MAX_VALUE || now.getAsLong() <= query.until();
            }
          };
      if (!more) {
        break;
      }
    }
    if (!client.isCancelled()) {
      client.onCompleted();
    }
  }

  /** False: there is nothing more to send. */
  private boolean flow(FlowRecord flow) {
    if (flow.time() > query.until()) {
      return false;
    }
    position++;
    lastTime = flow.time();
    if (!query.filter().test(flow)) {
      return true;
    }
    send(encoder.response(flow));
    sent++;
    return query.follow() || query.number() == 0 || sent != query.number();
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
    long to = Math.min(ring.oldest() + (ring.capacity() >> CATCH_UP_SHIFT), ring.next());
    long time = now.getAsLong();
    send(encoder.lost(LostEventSource.HUBBLE_RING_BUFFER, to - position, lastTime, time, time));
    position = to;
    return true;
  }

  private void send(byte[] response) {
    while (!client.isReady() && !client.isCancelled()) {
      LockSupport.parkNanos(this, PATIENCE_NANOS); // woken by the client's being ready
    }
    if (!client.isCancelled()) {
      client.onNext(response);
    }
  }
}
