package io.ovenet.kubernetes;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One kind of object, listed and then watched for ever on a virtual thread of its own, which makes
 * all calls to the handler.
 *
 * <p>A watch that ends is taken up where it ended. What may have made history unusable (410 Gone, a
 * server that could not be reached or was not itself, a version that runs backwards) is answered by
 * listing again and telling the difference.
 */
final class Reflector<R extends KubernetesRecord> implements ClusterWatch.Subscription {
  private static final Logger LOG = LoggerFactory.getLogger(Reflector.class);
  static final int PAGE = 500;
  private static final int FIRST_PAGE = 50;
  private static final int LEAST_PAGE = 5;

  /** What is read of a page takes ten times its bytes while it is told. */
  private static final long PAGE_BYTES = 1 << 20;

  private static final Duration LIST_SILENCE = Duration.ofSeconds(60);
  private static final int WATCH_SECONDS = 300;
  private static final long FIRST_DELAY_MILLIS = 10;
  private static final long LAST_DELAY_MILLIS = 5_000;

  private final KubernetesApi api;
  private final RecordKind<R> kind;
  private final WatchScope scope;
  private final RecordHandler<R> handler;
  private final Consumer<Reflector<?>> onClose;
  private final Thread thread;
  private final CountDownLatch closing = new CountDownLatch(1);

  /** By path; what the handler has been told is there. */
  private final Map<String, Told> told = new HashMap<>();

  private String resourceVersion = "";
  private volatile @Nullable HttpConnection connection;
  private volatile boolean standing;

  private record Told(ObjectKey key, String version) {}

  Reflector(
      KubernetesApi api,
      RecordKind<R> kind,
      WatchScope scope,
      RecordHandler<R> handler,
      Consumer<Reflector<?>> onClose) {
    this.api = api;
    this.kind = kind;
    this.scope = scope;
    this.handler = handler;
    this.onClose = onClose;
    this.thread = Thread.ofVirtual().name("watch-" + kind.plural()).unstarted(this::run);
  }

  void start() {
    thread.start();
  }

  String resource() {
    return kind.plural();
  }

  /** Whether the server tells of changes now. */
  boolean isStanding() {
    return standing;
  }

  @Override
  public void close() {
    closing.countDown();
    var open = connection;
    if (open != null) {
      open.close();
    }
    try {
      if (Thread.currentThread() != thread) {
        thread.join();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    onClose.accept(this);
  }

  private boolean closed() {
    return closing.getCount() == 0;
  }

  private void run() {
    var failures = 0;
    while (!closed()) {
      var began = System.nanoTime();
      try {
        if (resourceVersion.isEmpty()) {
          list();
          if (failures > 0) {
            LOG.info("{}: listed again, {} objects", kind, told.size());
          }
        }
        watch();
        failures = lasting(began) ? 0 : failures + 1;
      } catch (IOException | UncheckedIOException | Json.JsonException e) {
        if (closed()) {
          return;
        }
        failures = lasting(began) ? 1 : failures + 1;
        if (expired(e)) {
          LOG.debug("{}: history is gone, listing again", kind);
        } else if (failures == 1) {
          LOG.warn("{}: watching stopped, trying again: {}", kind, e.getMessage());
        }
        resourceVersion = "";
      } finally {
        disconnect();
      }
      pause(failures);
    }
  }

  /** Whether what began then went well long enough for its end to be no failure to begin. */
  private static boolean lasting(long began) {
    return System.nanoTime() - began >= 1_000_000_000L;
  }

  private static boolean expired(Exception e) {
    return e instanceof ApiException refusal && refusal.expired();
  }

  private void pause(int failures) {
    if (failures == 0) {
      return;
    }
    var longest = Math.min(FIRST_DELAY_MILLIS << Math.min(failures, 16), LAST_DELAY_MILLIS);
    // Spread, so that a server that comes back isn't met by everybody at once.
    var millis = ThreadLocalRandom.current().nextLong(longest / 2, longest + 1);
    try {
      var _ = closing.await(millis, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void disconnect() {
    standing = false;
    var open = connection;
    connection = null;
    if (open != null) {
      open.close();
    }
  }

  private HttpConnection reconnect() throws IOException {
    disconnect();
    var opened = api.connect();
    connection = opened;
    if (closed()) {
      throw new IOException("closed");
    }
    return opened;
  }

  private String path() {
    return kind.collectionPath() + "?" + scope.query();
  }

  private void list() throws IOException {
    var connection = reconnect();
    var seen = new HashSet<String>();
    var version = "";
    var next = "";
    int limit = FIRST_PAGE;
    do {
      var path =
          path()
              + "limit="
              + limit
              + (next.isEmpty() ? "" : "&continue=" + KubernetesApi.query(next));
      var response = api.request(connection, path, LIST_SILENCE);
      var content = response.body().readAllBytes();
      if (response.code() != 200) {
        throw KubernetesApi.refusal("GET " + path, response.code(), content);
      }
      var page = Json.parse(content);
      for (var object : page.objects("items")) {
        upsert(object, seen);
      }
      limit = nextPage(limit, content.length);
      version = page.object("metadata").string("resourceVersion");
      next = page.object("metadata").string("continue");
      if (!next.isEmpty() && !connection.reusable()) {
        connection = reconnect();
      }
    } while (!next.isEmpty());
    if (version.isEmpty()) {
      throw new IOException("GET " + path() + ": a list without resourceVersion");
    }
    for (var path : new ArrayList<>(told.keySet())) {
      if (!seen.contains(path)) {
        forget(path);
      }
    }
    resourceVersion = version;
    tell(handler::synced, "synced");
  }

  /** As many objects as make a page of about {@link #PAGE_BYTES}, if they are like those before. */
  static int nextPage(int limit, int bytes) {
    return Math.clamp(limit * PAGE_BYTES / Math.max(1, bytes), LEAST_PAGE, PAGE);
  }

  private void watch() throws IOException {
    var seconds = WATCH_SECONDS + ThreadLocalRandom.current().nextInt(WATCH_SECONDS);
    var path =
        path()
            + "watch=true&allowWatchBookmarks=true&timeoutSeconds="
            + seconds
            + "&resourceVersion="
            + KubernetesApi.query(resourceVersion);
    var open = connection;
    var connection = open != null && open.reusable() ? open : reconnect();
    var response = api.request(connection, path, Duration.ofSeconds(seconds + 30L));
    if (response.code() != 200) {
      throw KubernetesApi.refusal("GET " + path, response.code(), response.body().readAllBytes());
    }
    standing = true;
    var lines = new LineReader(response.body());
    while (!closed() && lines.next()) {
      event(Json.parse(lines.bytes(), lines.start(), lines.length()));
    }
  }

  private void event(JsonObject event) throws IOException {
    var object = event.object("object");
    switch (event.string("type")) {
      case "ADDED", "MODIFIED" -> {
        upsert(object, null);
        advance(object);
      }
      case "DELETED" -> {
        forget(place(object));
        advance(object);
      }
      case "BOOKMARK" -> advance(object);
      case "ERROR" ->
          throw new ApiException(
              "watch of " + kind,
              (int) object.integer("code"),
              object.string("reason"),
              object.string("message"));
      default ->
          throw new IOException("watch of " + kind + ": unknown event " + event.string("type"));
    }
  }

  private void advance(JsonObject object) throws IOException {
    var version = object.object("metadata").string("resourceVersion");
    if (version.isEmpty()) {
      throw new IOException("watch of " + kind + ": an event without resourceVersion");
    }
    if (older(version, resourceVersion)) {
      throw new IOException(
          "watch of " + kind + ": version " + version + " came after " + resourceVersion);
    }
    resourceVersion = version;
  }

  static boolean older(String version, String than) {
    // Versions are decimal numbers without leading zeros wherever they can be compared at all.
    return version.length() != than.length()
        ? version.length() < than.length()
        : version.compareTo(than) < 0;
  }

  private static String place(JsonObject object) {
    var metadata = object.object("metadata");
    return metadata.string("namespace") + "/" + metadata.string("name");
  }

  private void upsert(JsonObject object, @Nullable Set<String> seen) {
    var path = place(object);
    if (seen != null) {
      seen.add(path);
    }
    var version = object.object("metadata").string("resourceVersion");
    var known = told.get(path);
    var uid = object.object("metadata").string("uid");
    if (known != null && !known.key().uid().equals(uid)) {
      forget(path);
    } else if (known != null && known.version().equals(version)) {
      return;
    }
    R record;
    try {
      record = kind.reader().apply(object);
    } catch (IllegalArgumentException e) {
      LOG.warn(
          "{} {}: left as it was before, since it cannot be read: {}", kind, path, e.getMessage());
      return;
    }
    told.put(path, new Told(record.key(), version));
    tell(() -> handler.upserted(record), path);
  }

  private void forget(String path) {
    var known = told.remove(path);
    if (known != null) {
      tell(() -> handler.deleted(known.key()), path);
    }
  }

  private void tell(Runnable call, String what) {
    try {
      call.run();
    } catch (RuntimeException e) {
      // A handler that fails is a defect; the watch goes on, since the others' objects matter too.
      LOG.error("{} {}: the handler failed", kind, what, e);
    }
  }
}
