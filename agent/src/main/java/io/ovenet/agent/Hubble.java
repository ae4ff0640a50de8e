package io.ovenet.agent;

import io.ovenet.datapath.Datapath;
import io.ovenet.flow.EventReader;
import io.ovenet.flow.FlowDecoder;
import io.ovenet.flow.FlowRing;
import io.ovenet.flow.FlowStatistics;
import io.ovenet.flow.FlowUuids;
import io.ovenet.flow.HubbleServer;
import io.ovenet.flow.MonotonicClock;
import io.ovenet.flow.ObserverService;
import java.io.IOException;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/** From the kernel's ring to Hubble's clients. */
final class Hubble implements AutoCloseable {
  private static final String VERSION = "1.19.4";

  private final KernelEvents events;
  private final EventReader reader;
  private final HubbleServer server;

  private Hubble(KernelEvents events, EventReader reader, HubbleServer server) {
    this.events = events;
    this.reader = reader;
    this.server = server;
  }

  static Hubble start(AgentConfig config, Datapath datapath, Names names) throws IOException {
    var clock = new MonotonicClock();
    var ring = new FlowRing(config.hubbleCapacity());
    var statistics = new FlowStatistics(clock.nowNanos());
    var uuids = new FlowUuids();
    var observer =
        new ObserverService(
            ring,
            statistics,
            uuids,
            config.clusterName() + "/" + config.nodeName(),
            "ovenet v0.1.0",
            clock::nowNanos);
    var events = new KernelEvents(datapath);
    var reader =
        new EventReader(events, new FlowDecoder(() -> names, clock), ring, statistics, clock);
    var server =
        HubbleServer.start(
            observer, VERSION, config.hubbleSocket(), addressOf(config.hubbleListenAddress()));
    reader.start();
    return new Hubble(events, reader, server);
  }

  private static @Nullable InetSocketAddress addressOf(@Nullable String text) {
    if (text == null) {
      return null;
    }
    int colon = text.lastIndexOf(':');
    int port = Integer.parseInt(text.substring(colon + 1));
    var host = text.substring(0, colon).replaceAll("[\\[\\]]", "");
    return host.isEmpty() ? new InetSocketAddress(port) : new InetSocketAddress(host, port);
  }

  @Override
  public void close() {
    server.close();
    reader.close();
    events.close();
  }
}
