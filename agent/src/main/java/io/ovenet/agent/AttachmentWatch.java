package io.ovenet.agent;

import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks after the programs on the endpoints' devices. Every while it puts back what somebody else
 * took off; when no pod comes or goes it settles those of new endpoints (see {@link
 * io.ovenet.datapath.Datapath#settleEndpoint}). Thread-safe.
 */
final class AttachmentWatch implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(AttachmentWatch.class);
  private static final Duration EVERY = Duration.ofSeconds(30);
  private static final Duration QUIET = Duration.ofSeconds(2);

  private final EndpointStore store;
  private final EndpointLifecycle lifecycle;
  private final ScheduledThreadPoolExecutor executor =
      new ScheduledThreadPoolExecutor(
          1, Thread.ofPlatform().name("attachments").daemon().factory());

  AttachmentWatch(EndpointStore store, EndpointLifecycle lifecycle) {
    this.store = store;
    this.lifecycle = lifecycle;
    executor.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
  }

  void start() {
    var _ =
        executor.scheduleWithFixedDelay(
            this::tendAll, QUIET.toNanos(), EVERY.toNanos(), TimeUnit.NANOSECONDS);
  }

  /** An endpoint came. Does not block. */
  void added() {
    try {
      var _ =
          executor.schedule(
              this::settleIfQuiet, QUIET.plusMillis(1).toNanos(), TimeUnit.NANOSECONDS);
    } catch (RejectedExecutionException ending) {
      log.debug("the agent ends; its successor settles new endpoints", ending);
    }
  }

  /** Whoever came last finds it quiet. */
  private void settleIfQuiet() {
    if (lifecycle.quietFor(QUIET)) {
      tendAll();
    }
  }

  /** Sees to each endpoint once. */
  void tendAll() {
    for (var endpoint : store.all()) {
      try {
        lifecycle.tend(endpoint, lifecycle.quietFor(QUIET));
      } catch (RuntimeException e) {
        log.error("cannot see to the programs of {}", endpoint.hostInterface(), e);
      }
    }
  }

  @Override
  public void close() {
    executor.shutdown();
  }
}
