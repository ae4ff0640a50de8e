package io.ovenet.ui;

import java.io.IOException;
import org.eclipse.jetty.http.UriCompliance;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.VirtualThreads;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The page server's parts, put together. */
final class Ui implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Ui.class);

  private final Gate gate;
  private final Server server;
  private final ServerConnector connector;

  /**
   * Listens, and, unless it is for tenants, begins to follow flows and cluster.
   *
   * @throws IOException if it cannot listen, or the jar has no page
   */
  Ui(UiOptions options) throws IOException {
    StaticFiles files = new StaticFiles();
    gate = new Gate(options);
    QueuedThreadPool threads = new QueuedThreadPool(16, 2);
    threads.setName("web");
    threads.setDaemon(true);
    threads.setVirtualThreadsExecutor(VirtualThreads.getNamedVirtualThreadsExecutor("page-"));
    server = new Server(threads);
    server.setStopTimeout(0);
    server.setHandler(new WebFront(files, gate));
    HttpConfiguration http = new HttpConfiguration();
    http.setSendServerVersion(false);
    http.setUriCompliance(UriCompliance.DEFAULT);
    connector = new ServerConnector(server, 1, 1, new HttpConnectionFactory(http));
    connector.setHost(options.listen().getAddress().getHostAddress());
    connector.setPort(options.listen().getPort());
    server.addConnector(connector);
    try {
      server.start();
    } catch (Exception e) {
      close();
      throw new IOException("listen on " + options.listen() + ": " + e.getMessage(), e);
    }
    if (options.tenants() && !options.listen().getAddress().isLoopbackAddress()) {
      LOG.warn(
          "people's tokens come here in plaintext: let a proxy that speaks TLS stand in front");
    }
  }

  String url() {
    return "http://" + connector.getHost() + ":" + connector.getLocalPort() + "/";
  }

  @Override
  public void close() {
    gate.close();
    try {
      server.stop();
    } catch (Exception e) {
      throw new IllegalStateException("stop the page's server", e);
    }
  }
}
