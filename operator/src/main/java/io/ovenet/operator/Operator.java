package io.ovenet.operator;

import io.ovenet.kubernetes.KubernetesApi;
import io.ovenet.kubernetes.LeaderLease;
import io.ovenet.kubernetes.RecordKind;
import io.ovenet.kubernetes.policy.PolicyParser;
import io.ovenet.policy.PolicyKind;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One of the cluster's operators: waits for the lead, then serves until it is stopped or has lost
 * the lead. Its state is the cluster's objects alone.
 */
final class Operator {
  private static final Logger LOG = LoggerFactory.getLogger(Operator.class);
  private static final String LEASE = "ovenet-operator";

  private final KubernetesApi api;
  private final Options options;
  private final OperatorMetrics metrics;
  private final LeaderLease lease;
  private final CountDownLatch stopping = new CountDownLatch(1);
  private final CountDownLatch ended = new CountDownLatch(1);
  private final Runnable onLost;

  /** When the lease was last known to be held, by {@link System#nanoTime}. */
  private volatile long renewed;

  /**
   * An operator that is not running yet.
   *
   * @param holder tells it from the others
   * @param metrics told of what it does
   * @param onLost called when the lead is lost, while {@link #run} may still wait for a server that
   *     doesn't answer
   */
  Operator(
      KubernetesApi api, Options options, String holder, OperatorMetrics metrics, Runnable onLost) {
    this.metrics = metrics;
    this.api = api;
    this.options = options;
    this.onLost = onLost;
    this.lease = new LeaderLease(api, options.namespace(), LEASE, holder, options.leaseDuration());
  }

  /**
   * Serves.
   *
   * @return true when it was stopped, false when it lost the lead, after which another may have it
   *     and this process should end
   */
  boolean run() throws InterruptedException {
    try {
      return lead();
    } finally {
      ended.countDown();
    }
  }

  private boolean lead() throws InterruptedException {
    LOG.info("waiting for the lead");
    while (!held()) {
      if (stopping.await(retryMillis(), TimeUnit.MILLISECONDS)) {
        return true;
      }
    }
    LOG.info("leading");
    metrics.leading(true);
    // Threads of their own: nothing that takes long may cost the lead, and a renewal that the
    // server
    // doesn't answer must not keep the loss from being seen.
    var lost = new CountDownLatch(1);
    var renewal = Thread.ofVirtual().name("lease").start(this::renew);
    var watchdog = Thread.ofVirtual().name("lead").start(() -> guard(lost));
    try {
      serve(lost);
      return lost.getCount() > 0;
    } finally {
      metrics.leading(false);
      stopping.countDown();
      renewal.join();
      watchdog.join();
      if (lost.getCount() > 0) {
        release();
      }
    }
  }

  private void serve(CountDownLatch lost) throws InterruptedException {
    if (!install(lost)) {
      return;
    }
    var parser = new PolicyParser(options.clusterName(), options.nodeLabels());
    var clock = InstantSource.system();
    var garbage = new GarbageCollection(api, options.gcGrace(), clock, metrics);
    try (var _ =
            new NodePrefixes(api, new PodCidrPool(options.pool(), options.maskSize()), metrics);
        var _ = new LoadBalancerAddresses(api, clock, metrics);
        var _ = new L2PolicyStatuses(api, clock, metrics);
        var _ = options.endpointSlices() ? new EndpointSlices(api, metrics) : null;
        var _ = new LocalRedirectStatuses(api, clock, metrics);
        var _ =
            new PolicyStatuses(
                api,
                RecordKind.CILIUM_NETWORK_POLICIES,
                PolicyKind.CILIUM_NETWORK_POLICY,
                parser,
                clock,
                metrics);
        var _ =
            new PolicyStatuses(
                api,
                RecordKind.CILIUM_CLUSTERWIDE_NETWORK_POLICIES,
                PolicyKind.CILIUM_CLUSTERWIDE_NETWORK_POLICY,
                parser,
                clock,
                metrics)) {
      LOG.info("serving");
      while (!pause(options.gcInterval(), lost)) {
        sweep(garbage);
      }
    }
  }

  private boolean install(CountDownLatch lost) throws InterruptedException {
    var installer = new DefinitionInstaller(api);
    while (true) {
      try {
        installer.install();
        return true;
      } catch (IOException | UncheckedIOException e) {
        LOG.error("definitions could not be installed, trying again: {}", e.getMessage());
        if (pause(Duration.ofMillis(retryMillis()), lost)) {
          return false;
        }
      }
    }
  }

  private static void sweep(GarbageCollection garbage) {
    try {
      garbage.sweep();
    } catch (IOException | UncheckedIOException e) {
      LOG.warn("collection stopped in the middle, the next one goes on: {}", e.getMessage());
    }
  }

  /** Waits; true if it is time to end. */
  private boolean pause(Duration duration, CountDownLatch lost) throws InterruptedException {
    return stopping.await(duration.toMillis(), TimeUnit.MILLISECONDS) || lost.getCount() == 0;
  }

  private void renew() {
    try {
      while (!stopping.await(retryMillis(), TimeUnit.MILLISECONDS)) {
        var _ = held();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void guard(CountDownLatch lost) {
    // Two thirds of the duration: the rest is what stopping may take before another leads.
    var bearable = options.leaseDuration().toNanos() * 2 / 3;
    try {
      while (!stopping.await(retryMillis(), TimeUnit.MILLISECONDS)) {
        if (System.nanoTime() - renewed > bearable) {
          LOG.error("the lead is lost: another took it, or the API server is out of reach");
          lost.countDown();
          stopping.countDown();
          onLost.run();
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private boolean held() {
    var before = System.nanoTime();
    try {
      var held = lease.hold();
      if (held) {
        renewed = before;
      }
      return held;
    } catch (IOException | UncheckedIOException e) {
      LOG.warn("lease could not be written: {}", e.getMessage());
      return false;
    }
  }

  private void release() {
    try {
      lease.release();
      LOG.info("lead given up");
    } catch (IOException | UncheckedIOException e) {
      LOG.warn("lead not given up, so others wait for its end: {}", e.getMessage());
    }
  }

  private long retryMillis() {
    return Math.max(options.leaseDuration().toMillis() / 8, 100);
  }

  /** Ends {@link #run}, by any thread, and waits until it has tidied up or the time is over. */
  void stop(Duration longest) {
    stopping.countDown();
    try {
      if (!ended.await(longest.toMillis(), TimeUnit.MILLISECONDS)) {
        LOG.warn("not tidied up after {} s", longest.toSeconds());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
