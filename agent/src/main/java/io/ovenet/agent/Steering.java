package io.ovenet.agent;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The thread that alone changes what is in force. It takes whatever changes are queued, never waits
 * for more, and brings the kernel to their sum at once.
 */
public final class Steering implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Steering.class);
  private static final Duration RETRY = Duration.ofSeconds(5);

  private sealed interface Step {
    record Change(
        Consumer<Realizer> change,
        @Nullable CompletableFuture<Void> applied,
        @Nullable CompletableFuture<Void> realized)
        implements Step {}

    record Look(Consumer<Realizer> look, CompletableFuture<Void> looked) implements Step {}

    record Stop() implements Step {}
  }

  private final Realizer realizer;
  private final LongConsumer onRealized;
  private final PoliciesInForce inForce;
  private final LinkedBlockingQueue<Step> queue = new LinkedBlockingQueue<>();
  private final Thread thread;
  private boolean started;
  private boolean failed;

  /**
   * Starts the thread. Until {@link #begin} changes are taken in, but the kernel is left as it is.
   *
   * @param onRealized told each revision that is in force, on the steering thread
   * @param inForce told when what changes want of policies is in force
   */
  Steering(Realizer realizer, LongConsumer onRealized, PoliciesInForce inForce) {
    this.realizer = realizer;
    this.onRealized = onRealized;
    this.inForce = inForce;
    thread = Thread.ofPlatform().name("steering").start(this::run);
  }

  /** Queues a change. */
  public void submit(Consumer<Realizer> change) {
    queue.add(new Step.Change(change, null, null));
  }

  /** Queues a change; done when it is in force, exceptionally if it could not be brought there. */
  public CompletableFuture<Void> realized(Consumer<Realizer> change) {
    var realized = new CompletableFuture<Void>();
    queue.add(new Step.Change(change, null, realized));
    return realized;
  }

  /** Queues a change; done when it is taken in, whether or not the kernel could follow. */
  public CompletableFuture<Void> applied(Consumer<Realizer> change) {
    var applied = new CompletableFuture<Void>();
    queue.add(new Step.Change(change, applied, null));
    return applied;
  }

  /**
   * Looks at what is in force, on the steering thread, when all that was queued before is; done
   * exceptionally if the kernel could not be brought there.
   */
  public CompletableFuture<Void> look(Consumer<Realizer> look) {
    var looked = new CompletableFuture<Void>();
    queue.add(new Step.Look(look, looked));
    return looked;
  }

  /**
   * The same, waiting for it.
   *
   * @throws IOException if the kernel could not be brought to what is queued, saying why
   */
  void ask(Consumer<Realizer> look) throws IOException {
    try {
      look(look).get();
    } catch (ExecutionException e) {
      throw new IOException("not in force yet: " + e.getCause(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  /** From here on the kernel follows: every source has told what it knows. */
  public CompletableFuture<Void> begin() {
    return realized(
        r -> {
          started = true;
          r.complete();
        });
  }

  private void run() {
    while (true) {
      var waiting = new ArrayList<CompletableFuture<Void>>();
      var looks = new ArrayList<Step.Look>();
      var step = next();
      boolean stop = false;
      while (step != null && !stop) {
        if (step instanceof Step.Look look) {
          looks.add(look);
          waiting.add(look.looked());
        } else {
          stop = take(step, waiting);
        }
        step = queue.poll();
      }
      if (stop) {
        return;
      }
      settle(waiting, looks);
    }
  }

  private @Nullable Step next() {
    long now = System.nanoTime();
    var collection = realizer.nextCollection();
    long wait = Long.MAX_VALUE;
    if (collection != null) {
      wait = Math.max(0, collection - now);
    }
    if (failed) {
      wait = Math.min(wait, RETRY.toNanos());
    }
    try {
      return wait == Long.MAX_VALUE ? queue.take() : queue.poll(wait, TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      throw new IllegalStateException("nobody interrupts the steering thread", e);
    }
  }

  private boolean take(Step step, List<CompletableFuture<Void>> waiting) {
    if (!(step instanceof Step.Change(var change, var applied, var realized))) {
      return true;
    }
    try {
      change.accept(realizer);
      if (applied != null) {
        applied.complete(null);
      }
      if (realized != null) {
        waiting.add(realized);
      }
    } catch (RuntimeException e) {
      log.error("a change could not be taken in", e);
      if (applied != null) {
        applied.completeExceptionally(e);
      }
      if (realized != null) {
        realized.completeExceptionally(e);
      }
    }
    return false;
  }

  private void settle(List<CompletableFuture<Void>> waiting, List<Step.Look> looks) {
    try {
      if (started) {
        onRealized.accept(realizer.realize());
        inForce.realized();
        if (failed) {
          log.info("what could not be brought into force before is in force now");
        }
        failed = false;
      }
      realizer.collect();
      looks.forEach(this::look);
      waiting.forEach(w -> w.complete(null));
    } catch (RuntimeException e) {
      if (!failed) {
        log.error(
            "ALARM: the kernel could not be brought to what is wanted; what was in force stays, new"
                + " endpoints pass nothing; trying again every {} s",
            RETRY.toSeconds(),
            e);
      }
      failed = true;
      inForce.failed(String.valueOf(e.getMessage()));
      waiting.forEach(w -> w.completeExceptionally(e));
    }
  }

  private void look(Step.Look look) {
    try {
      if (!started) {
        throw new IllegalStateException("the agent does not know the cluster yet");
      }
      look.look().accept(realizer);
    } catch (RuntimeException e) {
      look.looked().completeExceptionally(e);
    }
  }

  /** Ends the thread; what is in the kernel stays. */
  @Override
  public void close() {
    queue.add(new Step.Stop());
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
