package io.ovenet.ui;

import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What somebody sees: flows and cluster as his rights are, followed from the first moment to {@link
 * #close}. All who come without a token of their own have one together. Thread-safe.
 */
final class Session implements AutoCloseable {
  private static final int LOOK_SECONDS = 5;

  private final RelayClient relay;
  private final FlowFeed feed;
  private final ClusterView cluster;
  private final Api api;
  private final Live live;
  private final ScheduledExecutorService watch =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("watch").factory());
  private final boolean ends;
  private volatile long usedNanos = System.nanoTime();

  /**
   * Begins to follow; neither server nor cluster has to be there yet.
   *
   * @param token of Kubernetes, for all that is asked; null: what the server lets everybody see,
   *     and what the kubeconfig's user may
   */
  Session(UiOptions options, @Nullable String token) {
    ends = token != null;
    FlowStore store = new FlowStore(options.flows());
    ServiceMap map = new ServiceMap();
    relay = new RelayClient(options.server(), options.tls(), token);
    feed = new FlowFeed(relay, store, map);
    cluster = new ClusterView(options.kubeconfig(), token);
    live = new Live(store, map, feed, cluster);
    Questions questions = new Questions(cluster);
    Pasts pasts = new Pasts(relay);
    api =
        new Api(
            store,
            live,
            questions,
            new WhatIf(questions, map, pasts),
            new Inventory(relay, cluster, map),
            pasts,
            new Tracing(relay, cluster));
    feed.start();
    var _ = watch.scheduleWithFixedDelay(feed::look, LOOK_SECONDS, LOOK_SECONDS, TimeUnit.SECONDS);
    cluster.start();
  }

  Api api() {
    usedNanos = System.nanoTime();
    return api;
  }

  Live live() {
    usedNanos = System.nanoTime();
    return live;
  }

  /** Somebody still reads what goes on. */
  void used() {
    usedNanos = System.nanoTime();
  }

  /** When somebody last asked, in {@link System#nanoTime}. */
  long usedNanos() {
    return usedNanos;
  }

  /**
   * The server no longer knows whose token it is, or what he may see has changed: what was kept for
   * him may be more than that.
   */
  boolean isOver() {
    return ends && feed.isRefused();
  }

  @Override
  public void close() {
    watch.shutdownNow();
    feed.close();
    relay.close();
    cluster.close();
  }
}
