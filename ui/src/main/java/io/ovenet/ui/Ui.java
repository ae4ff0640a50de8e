package io.ovenet.ui;

import java.io.IOException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.http.UriCompliance;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.VirtualThreads;
import org.eclipse.jetty.util.thread.QueuedThreadPool;

/** The page server's parts, put together. */
final class Ui implements AutoCloseable {
  private final RelayClient relay;
  private final FlowFeed feed;
  private final ClusterView cluster;
  private final Server server;
  private final ServerConnector connector;
  private final ScheduledExecutorService watch =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("watch").factory());

  /**
   * Listens, and begins to follow flows and cluster. Neither has to be there yet.
   *
   * @throws IOException if it cannot listen, or the jar has no page
   */
  Ui(UiOptions options) throws IOException {
    StaticFiles files = new StaticFiles();
    FlowStore store = new FlowStore(options.flows());
    ServiceMap map = new ServiceMap();
    relay = new RelayClient(options.server());
    feed = new FlowFeed(relay, store, map);
    cluster = new ClusterView(options.kubeconfig());
    Live live = new Live(store, map, feed, cluster);
    Questions questions = new Questions(cluster);
    Pasts pasts = new Pasts(relay);
    Api api =
        new Api(
            store,
            live,
            questions,
            new WhatIf(questions, map, pasts),
            new Inventory(relay, cluster, map),
            pasts,
            new Tracing(relay, options.kubeconfig()));
    QueuedThreadPool threads = new QueuedThreadPool(16, 2);
    threads.setName("web");
    threads.setDaemon(true);
    threads.setVirtualThreadsExecutor(VirtualThreads.getNamedVirtualThreadsExecutor("page-"));
    server = new Server(threads);
    server.setStopTimeout(0);
    server.setHandler(new WebFront(files, api, live, new Gate(options)));
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
    feed.start();
    var _ = watch.scheduleWithFixedDelay(feed::look, 5, 5, TimeUnit.SECONDS);
    cluster.start();
  }

  String url() {
    return "http://" + connector.getHost() + ":" + connector.getLocalPort() + "/";
  }

  @Override
  public void close() {
    watch.shutdownNow();
    feed.close();
    relay.close();
    cluster.close();
    try {
      server.stop();
    } catch (Exception e) {
      throw new IllegalStateException("stop the page's server", e);
    }
  }
}
