package io.ovenet.ui;

import io.ovenet.kubernetes.ApiException;
import io.ovenet.kubernetes.KubernetesApi;
import io.ovenet.kubernetes.world.ClusterState;
import io.ovenet.kubernetes.world.LiveCluster;
import io.ovenet.kubernetes.world.Workload;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What the Kubernetes API says of pods and policies, read again at intervals while somebody looks.
 * A failure keeps the last state and is told. Thread-safe.
 */
final class ClusterView implements AutoCloseable {
  private static final Duration FRESH = Duration.ofSeconds(5);
  private static final Duration WATCHED = Duration.ofSeconds(30);

  /**
   * One reading.
   *
   * @param number counts readings whose content differs from the one before
   */
  record Reading(ClusterState state, long number, long millis) {}

  private final @Nullable Path kubeconfig;
  private final @Nullable String token;
  private final Thread thread;
  private @Nullable KubernetesApi api;
  private volatile @Nullable Reading reading;
  private volatile String failure = "";
  private volatile String remedy = "";
  private volatile long asked = System.nanoTime();
  private volatile boolean closed;

  /**
   * Asks nothing so far.
   *
   * @param kubeconfig null: there is no cluster to ask
   * @param token with which it is asked; null: as the kubeconfig's user
   */
  ClusterView(@Nullable Path kubeconfig, @Nullable String token) {
    this.kubeconfig = kubeconfig;
    this.token = token;
    thread = Thread.ofPlatform().daemon().name("cluster").unstarted(this::run);
  }

  void start() {
    if (kubeconfig == null) {
      failure = "no cluster was named";
      remedy = "start it with --kubeconfig=FILE to see policies, pods and why";
    } else {
      thread.start();
    }
  }

  private void run() {
    while (!closed) {
      try {
        if (System.nanoTime() - asked < WATCHED.toNanos()) {
          read();
        }
        synchronized (this) {
          wait(FRESH.toMillis());
        }
      } catch (InterruptedException e) {
        return;
      }
    }
  }

  private void read() {
    try {
      ClusterState state = LiveCluster.read(api());
      Reading before = reading;
      long now = System.currentTimeMillis();
      reading =
          before == null
              ? new Reading(state, 1, now)
              : before.state().equals(state)
                  ? new Reading(before.state(), before.number(), now)
                  : new Reading(state, before.number() + 1, now);
      failure = "";
    } catch (ApiException e) {
      failure = String.valueOf(e.getMessage());
      remedy =
          switch (e.code()) {
            case 401 ->
                token == null
                    ? "its token has expired or is none: get a new one and start `ovenet ui` again"
                    : "your token has expired: sign in with a new one";
            case 403 ->
                token == null
                    ? "it may not list pods and policies: give its account that right"
                    : "what policies say takes the right to list pods and policies of all namespaces";
            default -> "look at the API server's log";
          };
    } catch (IOException | IllegalArgumentException e) {
      failure = String.valueOf(e.getMessage());
      remedy = "is the API server up, and does the kubeconfig name the right one?";
    }
  }

  /** The connection, for other questions. */
  synchronized KubernetesApi api() throws IOException {
    if (api == null) {
      api = open();
    }
    return api;
  }

  /** A connection of the caller's own. */
  KubernetesApi open() throws IOException {
    if (kubeconfig == null) {
      throw new IOException("no cluster was named: start the page with --kubeconfig=FILE");
    }
    return token == null ? KubernetesApi.open(kubeconfig) : KubernetesApi.open(kubeconfig, token);
  }

  /** The last reading; null before the first that succeeded. */
  @Nullable Reading reading() {
    boolean idle = System.nanoTime() - asked > FRESH.toNanos();
    asked = System.nanoTime();
    if (idle) {
      synchronized (this) {
        notifyAll();
      }
    }
    return reading;
  }

  /** Everything that could talk. */
  List<End> ends() {
    Reading now = reading();
    List<End> ends = new ArrayList<>();
    if (now != null) {
      for (Workload workload : now.state().workloads()) {
        ends.add(
            new End(
                workload.namespace(),
                workload.application(),
                workload.name(),
                workload.machine(),
                ""));
      }
    }
    return ends;
  }

  /** What the page says of it. */
  Map<String, Object> json() {
    Reading now = reading();
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("known", now != null);
    object.put("failure", failure);
    object.put("remedy", remedy);
    if (now != null) {
      object.put("number", now.number());
      object.put("millis", now.millis());
      object.put("pods", (long) now.state().workloads().size());
      object.put("policies", (long) now.state().policies().size());
      object.put("cluster", now.state().settings().cluster());
    }
    return object;
  }

  @Override
  public synchronized void close() {
    closed = true;
    thread.interrupt();
    if (api != null) {
      api.close();
    }
  }
}
