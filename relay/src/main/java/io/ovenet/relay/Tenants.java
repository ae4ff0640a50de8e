package io.ovenet.relay;

import io.ovenet.kubernetes.KubernetesApi;
import io.ovenet.kubernetes.NamespaceRecord;
import io.ovenet.kubernetes.ObjectKey;
import io.ovenet.kubernetes.RecordHandler;
import io.ovenet.kubernetes.RecordKind;
import io.ovenet.kubernetes.Reviews;
import io.ovenet.kubernetes.WatchScope;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What the holder of a Kubernetes token may see: flows of each namespace in which the API server
 * lets him {@code get} {@code flows.hubble.ovenet.io}. Nothing has that name; it is there to be
 * granted by a Role. Answers are kept for a while, so what is withdrawn is seen for so long at
 * most. Thread-safe.
 */
final class Tenants implements AutoCloseable {
  static final String GROUP = "hubble.ovenet.io";
  static final String RESOURCE = "flows";

  private static final int MOST_KEPT = 1_000;
  private static final int AT_ONCE = 8;
  private static final int LISTING_SECONDS = 10;

  /**
   * Somebody.
   *
   * @param all he may see every namespace
   * @param namespaces that he may see, if not all
   */
  record Tenant(String user, boolean all, Set<String> namespaces) {
    Tenant {
      namespaces = Set.copyOf(namespaces);
    }
  }

  /**
   * An answer.
   *
   * @param tenant null: the token is nobody's
   */
  private record Kept(@Nullable Tenant tenant, long until) {}

  private final KubernetesApi api;
  private final Reviews reviews;
  private final long keptNanos;
  private final Set<String> namespaces = ConcurrentHashMap.newKeySet();
  private final CountDownLatch listed = new CountDownLatch(1);
  private final Map<String, Kept> kept = new ConcurrentHashMap<>();

  /** Bounds what the API server is asked at once, by whatever number of callers. */
  private final ExecutorService asking =
      Executors.newFixedThreadPool(AT_ONCE, Thread.ofVirtual().name("review-", 0).factory());

  /**
   * Begins to follow the cluster's namespaces.
   *
   * @param api closed with this
   * @param kept how long an answer holds
   */
  Tenants(KubernetesApi api, Duration kept) {
    this.api = api;
    this.reviews = new Reviews(api);
    this.keptNanos = kept.toNanos();
    var _ =
        api.watch(
            RecordKind.NAMESPACES,
            WatchScope.ALL,
            new RecordHandler<NamespaceRecord>() {
              @Override
              public void upserted(NamespaceRecord namespace) {
                namespaces.add(namespace.name());
              }

              @Override
              public void deleted(ObjectKey key) {
                namespaces.remove(key.name());
              }

              @Override
              public void synced() {
                listed.countDown();
              }
            });
  }

  /** How long an answer holds. */
  Duration kept() {
    return Duration.ofNanos(keptNanos);
  }

  /**
   * Whose token it is; null: nobody's.
   *
   * @throws IOException if the API server cannot be asked
   */
  @Nullable Tenant of(String token) throws IOException, InterruptedException {
    String key = digest(token);
    Kept known = kept.get(key);
    if (known != null && System.nanoTime() - known.until < 0) {
      return known.tenant;
    }
    Tenant tenant = ask(token);
    if (kept.size() >= MOST_KEPT) {
      long now = System.nanoTime();
      kept.values().removeIf(each -> now - each.until >= 0);
    }
    if (kept.size() < MOST_KEPT) {
      kept.put(key, new Kept(tenant, System.nanoTime() + keptNanos));
    }
    return tenant;
  }

  /** The API server's answer of now. */
  private @Nullable Tenant ask(String token) throws IOException, InterruptedException {
    Reviews.User user = answer(asking.submit(() -> reviews.user(token)));
    if (user == null) {
      return null;
    }
    if (answer(asking.submit(() -> may(user, "")))) {
      return new Tenant(user.name(), true, Set.of());
    }
    if (!listed.await(LISTING_SECONDS, TimeUnit.SECONDS)) {
      throw new IOException("the API server has not listed the cluster's namespaces yet");
    }
    var questions = new LinkedHashMap<String, Future<Boolean>>();
    for (String namespace : new ArrayList<>(namespaces)) {
      questions.put(namespace, asking.submit(() -> may(user, namespace)));
    }
    var his = new TreeSet<String>();
    for (var question : questions.entrySet()) {
      if (answer(question.getValue())) {
        his.add(question.getKey());
      }
    }
    return new Tenant(user.name(), false, his);
  }

  private boolean may(Reviews.User user, String namespace) throws IOException {
    return reviews.may(user, "get", GROUP, RESOURCE, namespace);
  }

  private static <T extends @Nullable Object> T answer(Future<T> asked)
      throws IOException, InterruptedException {
    try {
      return asked.get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof IOException io) {
        throw io;
      }
      throw new IllegalStateException("a review failed", e.getCause());
    }
  }

  /** Tokens themselves are kept by nobody here. */
  private static String digest(String token) {
    try {
      var digest = MessageDigest.getInstance("SHA-256");
      return HexFormat.of().formatHex(digest.digest(token.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  @Override
  public void close() {
    asking.shutdownNow();
    api.close();
  }
}
