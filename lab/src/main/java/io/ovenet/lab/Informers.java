package io.ovenet.lab;

import io.fabric8.kubernetes.client.dsl.Informable;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Starts informers, none of which may keep a lab from coming up without a word. */
final class Informers {
  private static final Duration CEILING = Duration.ofSeconds(60);

  private Informers() {}

  /**
   * Starts an informer and waits for its first listing.
   *
   * @param what it follows, for the error
   * @param resyncMillis 0 for never
   * @throws LabException if the API does not answer the listing, or refuses it
   */
  static <T> SharedIndexInformer<T> start(
      String what, Informable<T> of, ResourceEventHandler<? super T> handler, long resyncMillis)
      throws LabException, InterruptedException {
    return start(what, of, handler, resyncMillis, CEILING);
  }

  static <T> SharedIndexInformer<T> start(
      String what,
      Informable<T> of,
      ResourceEventHandler<? super T> handler,
      long resyncMillis,
      Duration ceiling)
      throws LabException, InterruptedException {
    SharedIndexInformer<T> informer = of.runnableInformer(resyncMillis);
    boolean started = false;
    try {
      // A listing that fails is tried again, but for the first one.
      informer.exceptionHandler((running, _) -> running);
      informer
          .addEventHandler(handler)
          .start()
          .toCompletableFuture()
          .get(ceiling.toMillis(), TimeUnit.MILLISECONDS);
      started = true;
      return informer;
    } catch (TimeoutException e) {
      throw new LabException(
          "the lab's API has not listed "
              + what
              + " within "
              + ceiling.toSeconds()
              + " s: see the lab's log, then `ovenet lab down` and `ovenet lab up`",
          e);
    } catch (ExecutionException e) {
      throw new LabException("cannot follow " + what + ": " + e.getMessage(), e);
    } finally {
      if (!started) {
        informer.close();
      }
    }
  }
}
