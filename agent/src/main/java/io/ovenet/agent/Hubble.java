package io.ovenet.agent;

import io.ovenet.datapath.Datapath;
import io.ovenet.flow.ConnectionReader;
import io.ovenet.flow.EventReader;
import io.ovenet.flow.FlowDecoder;
import io.ovenet.flow.FlowExporters;
import io.ovenet.flow.FlowMetrics;
import io.ovenet.flow.FlowRing;
import io.ovenet.flow.FlowStatistics;
import io.ovenet.flow.FlowUuids;
import io.ovenet.flow.HubbleServer;
import io.ovenet.flow.Ledger;
import io.ovenet.flow.LedgerService;
import io.ovenet.flow.MetricsConfig;
import io.ovenet.flow.MonotonicClock;
import io.ovenet.flow.ObserverService;
import io.ovenet.flow.PeerService;
import io.ovenet.flow.PodTraffic;
import io.ovenet.flow.TlsFiles;
import io.ovenet.metrics.MetricsServer;
import io.ovenet.metrics.MetricsText;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** From the kernel's ring to Hubble's clients. */
final class Hubble implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Hubble.class);
  private static final String VERSION = "1.19.4";

  private final KernelEvents events;
  private final EventReader reader;
  private final ConnectionReader connections;
  private final Ledger ledger;
  private final HubbleServer server;
  private final HubbleExport export;
  private final @Nullable MetricsServer scraped;

  private Hubble(
      KernelEvents events,
      EventReader reader,
      ConnectionReader connections,
      Ledger ledger,
      HubbleServer server,
      HubbleExport export,
      @Nullable MetricsServer scraped) {
    this.export = export;
    this.scraped = scraped;
    this.events = events;
    this.reader = reader;
    this.connections = connections;
    this.ledger = ledger;
    this.server = server;
  }

  static Hubble start(
      AgentConfig config,
      Datapath datapath,
      Names names,
      Announcements announcements,
      PolicyStateService policies,
      TraceService traces,
      Consumer<MetricsText> more)
      throws IOException {
    var clock = new MonotonicClock();
    var ring = new FlowRing(config.hubbleCapacity());
    var statistics = new FlowStatistics(clock.nowNanos());
    var uuids = new FlowUuids();
    var export =
        new HubbleExport(
            config.hubbleKeys().export(),
            new FlowExporters(
                ring, uuids, config.clusterName() + "/" + config.nodeName(), clock::nowNanos));
    var observer =
        new ObserverService(
            ring,
            statistics,
            uuids,
            config.clusterName() + "/" + config.nodeName(),
            "ovenet v0.1.0",
            clock::nowNanos,
            announcements.events());
    var ledger =
        new Ledger(
            config.stateDirectory().resolve("ledger"), () -> new MonotonicClock().nowNanos());
    var events = new KernelEvents(datapath);
    var metrics = new FlowMetrics(MetricsConfig.parse(config.hubbleKeys().metrics()), uuids);
    metrics.warnings().forEach(warning -> log.warn("hubble-metrics: {}", warning));
    var decoder = new FlowDecoder(() -> names, clock);
    var traffic = new PodTraffic();
    var reader =
        new EventReader(events, decoder, ring, statistics, clock, metrics, traffic, ledger);
    var connections =
        new ConnectionReader(
            new KernelConnections(datapath), () -> names, decoder, traffic, ledger);
    var server =
        HubbleServer.start(
            List.of(
                observer,
                new PeerService(announcements.peers()),
                new LedgerService(ledger, config.clusterName() + "/" + config.nodeName()),
                policies,
                traces),
            VERSION,
            config.hubbleSocket(),
            addressOf(config.hubbleListenAddress()),
            config.hubbleTls());
    @Nullable MetricsServer scraped;
    try {
      scraped =
          serve(
              config,
              List.of(
                  metrics::write,
                  traffic::write,
                  export::write,
                  announcements::write,
                  to -> rate(to, statistics),
                  certificates(config.hubbleTls()),
                  more));
    } catch (IOException e) {
      server.close();
      export.close();
      events.close();
      throw e;
    }
    reader.start();
    connections.start();
    ledger.start();
    return new Hubble(events, reader, connections, ledger, server, export, scraped);
  }

  /** As upstream: only where both keys say something. */
  private static @Nullable MetricsServer serve(
      AgentConfig config, List<Consumer<MetricsText>> sources) throws IOException {
    var address = config.hubbleKeys().metricsServer();
    return address.isEmpty() || config.hubbleKeys().metrics().isEmpty()
        ? null
        : new MetricsServer(Objects.requireNonNull(addressOf(address)), sources);
  }

  private static Consumer<MetricsText> certificates(@Nullable TlsFiles files) {
    return to -> TlsFiles.write(to, files == null ? List.of() : List.of(files));
  }

  private static void rate(MetricsText to, FlowStatistics statistics) {
    to.counter("ovenet_flows", "Flows since the agent's start.");
    to.sample("ovenet_flows_total", (double) statistics.total());
    to.gauge("ovenet_flows_per_second", "Flows a second, over the last minute.");
    to.sample("ovenet_flows_per_second", statistics.rate(new MonotonicClock().nowNanos()));
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

  /** Forgets what audit let pass; answers how many entries that were. */
  int forgetAudited() throws IOException {
    return ledger.forgetAudited();
  }

  @Override
  public void close() throws IOException {
    if (scraped != null) {
      scraped.close();
    }
    server.close();
    reader.close();
    export.close();
    connections.close();
    ledger.close();
    events.close();
  }
}
