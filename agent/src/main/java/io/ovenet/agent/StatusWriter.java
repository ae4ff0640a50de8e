package io.ovenet.agent;

import io.ovenet.datapath.Endpoint;
import io.ovenet.kubernetes.CiliumEndpoints;
import io.ovenet.kubernetes.CiliumNodes;
import io.ovenet.kubernetes.ContainerPort;
import io.ovenet.kubernetes.EndpointStatus;
import io.ovenet.policy.PortRange;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells the API server of endpoints and of the revision in force, on a thread of its own: what has
 * been overtaken meanwhile is not told, what failed is told again. Thread-safe.
 */
final class StatusWriter implements EndpointLifecycle.Listener, AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(StatusWriter.class);
  private static final Duration RETRY = Duration.ofSeconds(2);

  /** Revisions may come by the thousand a second; the API server need not hear of each. */
  private static final Duration REVISION_PAUSE = Duration.ofMillis(500);

  /** An endpoint's object: present, or to be deleted. */
  private record Told(LocalEndpoint endpoint, boolean present) {}

  private final String node;
  private final String nodeAddress;
  private final CiliumEndpoints endpoints;
  private final CiliumNodes nodes;
  private final Enforcement enforcement;
  private final Function<LocalEndpoint, String> workloads;
  private final Map<String, Told> queue = new LinkedHashMap<>();
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition more = lock.newCondition();
  private final Thread thread;
  private long revision;
  private long toldRevision;
  private boolean closed;

  /** What is enforced on an endpoint now. */
  @FunctionalInterface
  interface Enforcement {
    @Nullable Endpoint of(int id);
  }

  /**
   * @param workloads what an endpoint's pod belongs to
   */
  StatusWriter(
      String node,
      String nodeAddress,
      CiliumEndpoints endpoints,
      CiliumNodes nodes,
      Enforcement enforcement,
      Function<LocalEndpoint, String> workloads) {
    this.node = node;
    this.nodeAddress = nodeAddress;
    this.endpoints = endpoints;
    this.nodes = nodes;
    this.enforcement = enforcement;
    this.workloads = workloads;
    thread = Thread.ofVirtual().name("status").start(this::run);
  }

  @Override
  public void added(LocalEndpoint endpoint) {
    tell(new Told(endpoint, true));
  }

  @Override
  public void removed(LocalEndpoint endpoint) {
    tell(new Told(endpoint, false));
  }

  private void tell(Told told) {
    lock.lock();
    try {
      queue.put(told.endpoint.namespace() + "/" + nameOf(told.endpoint), told);
      more.signalAll();
    } finally {
      lock.unlock();
    }
  }

  void revision(long inForce) {
    lock.lock();
    try {
      revision = inForce;
      more.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** The first interface's object has the pod's name, as upstream; further ones add theirs. */
  static String nameOf(LocalEndpoint endpoint) {
    return endpoint.key().ifname().equals("eth0")
        ? endpoint.pod()
        : endpoint.pod() + "-" + endpoint.key().ifname();
  }

  private void run() {
    try {
      while (true) {
        List<Told> batch;
        long tell;
        lock.lock();
        try {
          while (queue.isEmpty() && revision == toldRevision && !closed) {
            more.await();
          }
          if (closed) {
            return;
          }
          batch = new ArrayList<>(queue.values());
          queue.clear();
          tell = revision;
        } finally {
          lock.unlock();
        }
        boolean failed = false;
        for (var told : batch) {
          failed |= !write(told);
        }
        failed |= !writeRevision(tell);
        pause(failed ? RETRY : batch.isEmpty() ? REVISION_PAUSE : Duration.ZERO);
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  private void pause(Duration duration) throws InterruptedException {
    lock.lock();
    try {
      long left = duration.toNanos();
      while (left > 0 && !closed && (queue.isEmpty() || duration.equals(RETRY))) {
        left = more.awaitNanos(left);
      }
    } finally {
      lock.unlock();
    }
  }

  private boolean write(Told told) {
    var endpoint = told.endpoint;
    try {
      if (told.present) {
        endpoints.upsert(statusOf(endpoint));
      } else {
        endpoints.delete(endpoint.namespace(), nameOf(endpoint), endpoint.podUid());
      }
      return true;
    } catch (IOException | RuntimeException e) {
      log.warn(
          "cannot tell the API server of endpoint {} ({}); trying again in {} s",
          endpoint.id(),
          e.getMessage(),
          RETRY.toSeconds());
      lock.lock();
      try {
        queue.putIfAbsent(endpoint.namespace() + "/" + nameOf(endpoint), told);
      } finally {
        lock.unlock();
      }
      return false;
    }
  }

  private boolean writeRevision(long tell) {
    if (tell == toldRevision) {
      return true;
    }
    try {
      nodes.reportPolicyRevision(node, tell);
      lock.lock();
      try {
        toldRevision = tell;
      } finally {
        lock.unlock();
      }
      return true;
    } catch (IOException | RuntimeException e) {
      log.warn("cannot tell the API server of revision {}: {}", tell, e.getMessage());
      return false;
    }
  }

  private static List<ContainerPort> portsOf(LocalEndpoint endpoint) {
    var ports = new ArrayList<ContainerPort>();
    for (var port : endpoint.ports().ports()) {
      var protocol =
          switch (port.protocol()) {
            case PortRange.UDP -> "UDP";
            case PortRange.SCTP -> "SCTP";
            default -> "TCP";
          };
      ports.add(new ContainerPort(port.name(), port.port(), protocol));
    }
    return ports;
  }

  private EndpointStatus statusOf(LocalEndpoint endpoint) {
    var labels = new ArrayList<String>();
    endpoint.labels().asList().forEach(label -> labels.add(label.toString()));
    var found = enforcement.of(endpoint.id());
    return new EndpointStatus(
        endpoint.namespace(),
        nameOf(endpoint),
        endpoint.pod(),
        endpoint.podUid(),
        endpoint.id(),
        endpoint.identity(),
        labels,
        endpoint.address().getHostAddress(),
        "",
        nodeAddress,
        found != null && found.flags().contains(Endpoint.Flag.ENFORCE_INGRESS),
        found != null && found.flags().contains(Endpoint.Flag.ENFORCE_EGRESS),
        portsOf(endpoint),
        "ready",
        workloads.apply(endpoint));
  }

  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      more.signalAll();
    } finally {
      lock.unlock();
    }
    try {
      thread.join(TimeUnit.SECONDS.toMillis(2));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
