package io.ovenet.agent;

import io.ovenet.bpf.RingBuffer;
import io.ovenet.datapath.Datapath;
import io.ovenet.flow.EventSource;
import java.time.Duration;

/** The datapath's ring. */
final class KernelEvents implements EventSource, AutoCloseable {
  private final Datapath datapath;
  private final RingBuffer ring;
  private final RingBuffer dns;

  KernelEvents(Datapath datapath) {
    this.datapath = datapath;
    ring = new RingBuffer(datapath.events());
    dns = new RingBuffer(datapath.dnsMessages());
  }

  @Override
  public int drain(EventConsumer consumer, int limit) {
    return ring.drain(consumer::accept, limit);
  }

  @Override
  public int drainDns(EventConsumer consumer, int limit) {
    return dns.drain(consumer::accept, limit);
  }

  @Override
  public long dnsLost() {
    return datapath.dnsCounter().lost();
  }

  @Override
  public long lost() {
    return datapath.eventCounter().lost();
  }

  @Override
  public void await(Duration timeout) {
    ring.await(timeout);
  }

  @Override
  public void close() {
    ring.close();
    dns.close();
  }
}
