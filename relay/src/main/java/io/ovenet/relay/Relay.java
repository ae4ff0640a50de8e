package io.ovenet.relay;

import io.ovenet.flow.HubbleServer;
import io.ovenet.flow.TlsFiles;
import io.ovenet.kubernetes.KubernetesApi;
import io.ovenet.metrics.MetricsServer;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The relay's parts, put together. */
final class Relay implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Relay.class);
  private static final String VERSION = "1.19.4";

  /** What is withdrawn from a tenant he may see for so long. */
  private static final Duration RIGHTS_KEPT = Duration.ofSeconds(30);

  private final PeerChannels channels;
  private final PeerDirectory directory;
  private final HubbleServer server;
  private final @Nullable MetricsServer metrics;
  private final @Nullable Tenants tenants;

  /**
   * Listens, and begins to follow the peer service.
   *
   * @throws IOException naming what cannot be listened on, or the file that cannot be used
   */
  Relay(RelayOptions options) throws IOException {
    this(options, RIGHTS_KEPT);
  }

  /**
   * The same.
   *
   * @param rightsKept how long what the API server says of a token's holder is taken as so
   */
  Relay(RelayOptions options, Duration rightsKept) throws IOException {
    channels = new PeerChannels(options.clientTls());
    directory = new PeerDirectory(channels, options.peerService(), options.peerServiceTlsName());
    var address = options.metrics();
    try {
      tenants =
          options.tenants()
              ? new Tenants(KubernetesApi.open(options.kubeconfig()), rightsKept)
              : null;
    } catch (IOException e) {
      directory.close();
      channels.close();
      throw e;
    }
    try {
      metrics =
          address == null
              ? null
              : new MetricsServer(
                  address,
                  List.of(
                      new RelayMetrics(directory::peers)::write,
                      to -> TlsFiles.write(to, options.tls())));
    } catch (IOException e) {
      closeTenants();
      directory.close();
      channels.close();
      throw e;
    }
    try {
      server =
          HubbleServer.startRelay(
              List.of(
                  new RelayService(directory, options.nodeName(), "hubble-relay v" + VERSION),
                  new LedgerRelay(directory, options.nodeName()),
                  new PolicyStateRelay(directory, options.nodeName()),
                  new TraceRelay(directory)),
              VERSION,
              options.socket(),
              options.listen(),
              options.serverTls(),
              tenants == null ? null : new TenantGate(tenants));
    } catch (IOException e) {
      closeMetrics();
      closeTenants();
      directory.close();
      channels.close();
      throw e;
    }
  }

  /** The TCP port of metrics, or -1. */
  int metricsPort() {
    return metrics == null ? -1 : metrics.port();
  }

  private void closeMetrics() {
    try {
      if (metrics != null) {
        metrics.close();
      }
    } catch (IOException e) {
      LOG.warn("metrics' port could not be closed: {}", e.getMessage());
    }
  }

  private void closeTenants() {
    if (tenants != null) {
      tenants.close();
    }
  }

  /** The TCP port, or -1. */
  int port() {
    return server.port();
  }

  @Override
  public void close() {
    server.close();
    closeMetrics();
    closeTenants();
    directory.close();
    channels.close();
  }
}
