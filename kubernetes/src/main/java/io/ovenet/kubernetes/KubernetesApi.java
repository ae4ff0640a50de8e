package io.ovenet.kubernetes;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.SocketTimeoutException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one door to the API server: blocking calls with plain JSON, and watches. Thread-safe. A call
 * that fails throws {@link ApiException} if the server refused, another {@link IOException} if it
 * could not be asked; then a write may have happened or not.
 */
public final class KubernetesApi implements ClusterWatch, AutoCloseable {
  /** An RFC 7386 patch: members replace, null removes. */
  public static final String MERGE_PATCH = "application/merge-patch+json";

  private static final Logger LOG = LoggerFactory.getLogger(KubernetesApi.class);
  private static final String JSON = "application/json";
  private static final Duration CALL = Duration.ofSeconds(30);
  private static final Duration IDLE = Duration.ofSeconds(20);
  private static final int IDLE_CONNECTIONS = 4;

  private final Cluster cluster;
  private final Duration patience;
  private final String prefix;
  private final ArrayDeque<HttpConnection> idle = new ArrayDeque<>();
  private final java.util.Set<Reflector<?>> reflectors = ConcurrentHashMap.newKeySet();
  private boolean closed;

  public KubernetesApi(Cluster cluster) {
    this(cluster, CALL);
  }

  private KubernetesApi(Cluster cluster, Duration patience) {
    this.cluster = cluster;
    this.patience = patience;
    var path = cluster.server().getRawPath();
    this.prefix = path == null ? "" : path.replaceAll("/+$", "");
  }

  /** By a kubeconfig file, or as a pod where {@code kubeconfig} is null. */
  public static KubernetesApi open(@Nullable Path kubeconfig) throws IOException {
    return new KubernetesApi(
        kubeconfig == null ? Kubeconfig.inCluster() : Kubeconfig.read(kubeconfig));
  }

  /** The same server for whoever has a token, with that alone. */
  public static KubernetesApi open(@Nullable Path kubeconfig, String token) throws IOException {
    return new KubernetesApi(Kubeconfig.withToken(kubeconfig, token));
  }

  /** The same server by connections of their own, whose calls fail sooner. */
  public KubernetesApi impatient(Duration longest) {
    return new KubernetesApi(cluster, longest);
  }

  /** Reads an object or a list; {@code path} may have a query. */
  public JsonObject get(String path) throws IOException {
    return call("GET", path, JSON, null);
  }

  /**
   * Reads all objects of a kind as they are now, page by page; what cannot be read as one is left
   * out and logged.
   */
  public <R extends KubernetesRecord> void list(RecordKind<R> kind, Consumer<R> consumer)
      throws IOException {
    var next = "";
    do {
      var path = kind.collectionPath() + "?limit=" + Reflector.PAGE;
      var page = get(next.isEmpty() ? path : path + "&continue=" + query(next));
      for (var object : page.objects("items")) {
        try {
          consumer.accept(kind.reader().apply(object));
        } catch (IllegalArgumentException e) {
          LOG.warn("{}: left out of a list: {}", kind, e.getMessage());
        }
      }
      next = page.object("metadata").string("continue");
    } while (!next.isEmpty());
  }

  /** Makes an object; {@code path} is that of its collection. */
  public JsonObject create(String path, Map<String, ?> object) throws IOException {
    return call("POST", path, JSON, object);
  }

  /** Replaces an object; with its {@code resourceVersion} only if nobody else has. */
  public JsonObject replace(String path, Map<String, ?> object) throws IOException {
    return call("PUT", path, JSON, object);
  }

  /** Changes parts of an object. */
  public JsonObject patch(String path, Map<String, ?> mergePatch) throws IOException {
    return call("PATCH", path, MERGE_PATCH, mergePatch);
  }

  /**
   * Deletes an object of one incarnation.
   *
   * @param preconditions {@code uid} and {@code resourceVersion} as far as they must still hold
   * @return false if it was gone already
   */
  public boolean delete(String path, Map<String, String> preconditions) throws IOException {
    var options =
        Map.of("apiVersion", "v1", "kind", "DeleteOptions", "preconditions", preconditions);
    try {
      call("DELETE", path, JSON, options);
      return true;
    } catch (ApiException e) {
      if (e.notFound()) {
        return false;
      }
      throw e;
    }
  }

  @Override
  public <R extends KubernetesRecord> Subscription watch(
      RecordKind<R> kind, WatchScope scope, RecordHandler<R> handler) {
    var reflector = new Reflector<>(this, kind, scope, handler, reflectors::remove);
    reflectors.add(reflector);
    reflector.start();
    return reflector;
  }

  /** How many watches there are of each resource, and how many of them stand. */
  public Map<String, WatchCount> watches() {
    var counts = new TreeMap<String, WatchCount>();
    for (var reflector : reflectors) {
      counts.merge(
          reflector.resource(),
          new WatchCount(1, reflector.isStanding() ? 1 : 0),
          WatchCount::plus);
    }
    return counts;
  }

  /**
   * Watches of one resource.
   *
   * @param standing those over which the server tells of changes now
   */
  public record WatchCount(int all, int standing) {
    private WatchCount plus(WatchCount other) {
      return new WatchCount(all + other.all, standing + other.standing);
    }
  }

  /** Ends all watches and connections. */
  @Override
  public void close() {
    synchronized (idle) {
      closed = true;
      idle.forEach(HttpConnection::close);
      idle.clear();
    }
    reflectors.forEach(Reflector::close);
  }

  /** A connection of its own with a response whose body is yet to be read. */
  HttpConnection connect() throws IOException {
    return HttpConnection.open(cluster);
  }

  HttpConnection.Response request(
      HttpConnection connection,
      String method,
      String path,
      String contentType,
      @Nullable Map<String, ?> body,
      Duration timeout)
      throws IOException {
    return connection.send(
        method,
        prefix + path,
        cluster.authorization().get(),
        contentType,
        body == null ? null : Json.write(body),
        timeout);
  }

  HttpConnection.Response request(HttpConnection connection, String path, Duration timeout)
      throws IOException {
    return request(connection, "GET", path, JSON, null, timeout);
  }

  private JsonObject call(
      String method, String path, String contentType, @Nullable Map<String, ?> body)
      throws IOException {
    var used = takeIdle();
    if (used != null) {
      try {
        return call(used, method, path, contentType, body);
      } catch (ApiException e) {
        throw e;
      } catch (IOException e) {
        // The server may have closed a kept connection meanwhile, so it is asked again on a new
        // one,
        // even for a write: every write here names its object, so that repeating it does no harm.
        if (e.getCause() instanceof SocketTimeoutException) {
          throw e;
        }
      }
    }
    return call(connect(), method, path, contentType, body);
  }

  private JsonObject call(
      HttpConnection connection,
      String method,
      String path,
      String contentType,
      @Nullable Map<String, ?> body)
      throws IOException {
    var operation = method + " " + path;
    try {
      var response = request(connection, method, path, contentType, body, patience);
      var content = response.body().readAllBytes();
      if (response.code() >= 300) {
        throw refusal(operation, response.code(), content);
      }
      return Json.parse(content);
    } catch (ApiException e) {
      throw e;
    } catch (IOException | UncheckedIOException | Json.JsonException e) {
      connection.close();
      throw new IOException(operation + ": " + e.getMessage(), e);
    } finally {
      giveBack(connection);
    }
  }

  static ApiException refusal(String operation, int code, byte[] content) {
    try {
      var status = Json.parse(content);
      return new ApiException(operation, code, status.string("reason"), status.string("message"));
    } catch (Json.JsonException e) {
      var text = new String(content, 0, Math.min(content.length, 200), StandardCharsets.UTF_8);
      return new ApiException(operation, code, "", text.strip());
    }
  }

  private @Nullable HttpConnection takeIdle() {
    synchronized (idle) {
      while (true) {
        var connection = idle.pollLast();
        if (connection == null) {
          return null;
        }
        if (System.nanoTime() - connection.idleSince < IDLE.toNanos()) {
          return connection;
        }
        connection.close();
      }
    }
  }

  private void giveBack(HttpConnection connection) {
    synchronized (idle) {
      if (connection.reusable() && !closed && idle.size() < IDLE_CONNECTIONS) {
        connection.idleSince = System.nanoTime();
        idle.addLast(connection);
        return;
      }
    }
    connection.close();
  }

  static String query(String value) {
    return URLEncoder.encode(value, StandardCharsets.UTF_8);
  }
}
