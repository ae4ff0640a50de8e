package io.ovenet.kubernetes;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;

/**
 * The part of an API server that watches and writers meet, with its misfortunes on demand: history
 * that is gone, connections that break, a server that is away and returns with other objects.
 */
final class ApiFixture implements AutoCloseable {
  private record Event(long version, String type, String path, Map<String, Object> object) {}

  private final Map<String, Map<String, Object>> objects = new TreeMap<>();
  private final List<Event> history = new ArrayList<>();
  private final List<HttpExchange> watches = new ArrayList<>();
  final List<String> requests = new ArrayList<>();
  private @Nullable HttpServer server;
  private int port;
  private long version = 100;
  private long compacted;
  private int pageSize = 500;

  ApiFixture() throws IOException {
    start();
  }

  void start() throws IOException {
    var started =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
    started.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    started.createContext("/", this::serve);
    started.start();
    server = started;
    port = started.getAddress().getPort();
  }

  /** Goes away, breaking every connection. */
  synchronized void stop() {
    var running = server;
    if (running != null) {
      running.stop(0);
      server = null;
      notifyAll();
    }
  }

  Cluster cluster() {
    return new Cluster(URI.create("http://127.0.0.1:" + port), null, "", true, () -> "Bearer t");
  }

  /** Puts an object without telling where it came from; {@code path} is the object's. */
  synchronized Map<String, Object> put(String path, Map<String, ?> object) {
    var stored = new LinkedHashMap<String, Object>(object);
    var known = objects.get(path);
    var metadata = new LinkedHashMap<String, Object>();
    if (object.get("metadata") instanceof Map<?, ?> given) {
      given.forEach((key, value) -> metadata.put((String) key, value));
    }
    metadata.put("name", path.substring(path.lastIndexOf('/') + 1));
    var namespaces = path.indexOf("/namespaces/");
    if (namespaces >= 0 && path.indexOf('/', namespaces + 12) > 0) {
      metadata.put(
          "namespace", path.substring(namespaces + 12, path.indexOf('/', namespaces + 12)));
    }
    metadata.put("resourceVersion", Long.toString(++version));
    metadata.putIfAbsent(
        "uid",
        known == null ? "uid-" + version : JsonObject.of(known).object("metadata").string("uid"));
    stored.put("metadata", metadata);
    objects.put(path, stored);
    history.add(new Event(version, known == null ? "ADDED" : "MODIFIED", path, stored));
    notifyAll();
    return stored;
  }

  synchronized void remove(String path) {
    var gone = objects.remove(path);
    if (gone != null) {
      var last = new LinkedHashMap<>(gone);
      var metadata = new LinkedHashMap<>(JsonObject.of(gone).object("metadata").fields());
      metadata.put("resourceVersion", Long.toString(++version));
      last.put("metadata", metadata);
      history.add(new Event(version, "DELETED", path, last));
      notifyAll();
    }
  }

  /** Loses all objects and history, and numbers versions from the start again. */
  synchronized void wipe() {
    objects.clear();
    history.clear();
    version = 0;
    compacted = 0;
  }

  /** Forgets history, so that watches from before answer 410. */
  synchronized void compact() {
    history.clear();
    compacted = version;
  }

  /** Moves the version on without any change that a watch of {@code path} would see. */
  synchronized void bookmark() {
    history.add(new Event(++version, "BOOKMARK", "", Map.of()));
    notifyAll();
  }

  synchronized void pageSize(int size) {
    pageSize = size;
  }

  /** Ends every watch as a server does after its timeout. */
  synchronized void endWatches() {
    watches.forEach(HttpExchange::close);
    watches.clear();
  }

  synchronized int watching() {
    return watches.size();
  }

  synchronized @Nullable Map<String, Object> object(String path) {
    return objects.get(path);
  }

  synchronized List<String> requests(String prefix) {
    return requests.stream().filter(request -> request.startsWith(prefix)).toList();
  }

  private void serve(HttpExchange exchange) throws IOException {
    var content = exchange.getRequestBody().readAllBytes();
    var path = exchange.getRequestURI().getPath();
    var query = query(exchange.getRequestURI().getRawQuery());
    synchronized (this) {
      requests.add(exchange.getRequestMethod() + " " + exchange.getRequestURI());
    }
    if (query.containsKey("watch")) {
      watch(exchange, path, Long.parseLong(query.getOrDefault("resourceVersion", "0")));
      return;
    }
    switch (exchange.getRequestMethod()) {
      case "GET" -> get(exchange, path, query);
      case "POST" -> post(exchange, path, Json.parse(content));
      case "PUT" -> replace(exchange, path, Json.parse(content));
      case "PATCH" -> patch(exchange, path, Json.parse(content));
      case "DELETE" -> delete(exchange, path, Json.parse(content));
      default -> status(exchange, 405, "MethodNotAllowed");
    }
  }

  private synchronized void get(HttpExchange exchange, String path, Map<String, String> query)
      throws IOException {
    var object = objects.get(path);
    if (object != null) {
      answer(exchange, 200, object);
      return;
    }
    if (path.matches(".*/(pods|leases|ciliumidentities|ciliumnodes|ciliumendpoints)")) {
      var matching = objects.keySet().stream().filter(p -> in(path, p)).toList();
      var from = Integer.parseInt(query.getOrDefault("continue", "0"));
      var to = Math.min(matching.size(), from + pageSize);
      var metadata = new LinkedHashMap<String, Object>();
      metadata.put("resourceVersion", Long.toString(version));
      if (to < matching.size()) {
        metadata.put("continue", Integer.toString(to));
      }
      var items = matching.subList(from, to).stream().map(objects::get).toList();
      answer(exchange, 200, Map.of("metadata", metadata, "items", items));
      return;
    }
    status(exchange, 404, "NotFound");
  }

  private synchronized void post(HttpExchange exchange, String path, JsonObject object)
      throws IOException {
    var at = path + "/" + object.object("metadata").string("name");
    if (objects.containsKey(at)) {
      status(exchange, 409, "AlreadyExists");
    } else {
      answer(exchange, 201, put(at, object.fields()));
    }
  }

  private synchronized void replace(HttpExchange exchange, String path, JsonObject object)
      throws IOException {
    var at = path.replaceFirst("/status$", "");
    var known = objects.get(at);
    var expected = object.object("metadata").string("resourceVersion");
    if (known == null) {
      status(exchange, 404, "NotFound");
    } else if (!expected.isEmpty()
        && !expected.equals(JsonObject.of(known).object("metadata").string("resourceVersion"))) {
      status(exchange, 409, "Conflict");
    } else {
      answer(exchange, 200, put(at, object.fields()));
    }
  }

  private synchronized void patch(HttpExchange exchange, String path, JsonObject patch)
      throws IOException {
    var at = path.replaceFirst("/status$", "");
    var known = objects.get(at);
    if (known == null) {
      status(exchange, 404, "NotFound");
    } else {
      answer(exchange, 200, put(at, merge(known, patch.fields())));
    }
  }

  private synchronized void delete(HttpExchange exchange, String path, JsonObject options)
      throws IOException {
    var known = objects.get(path);
    var uid = options.object("preconditions").string("uid");
    if (known == null) {
      status(exchange, 404, "NotFound");
    } else if (!uid.isEmpty()
        && !uid.equals(JsonObject.of(known).object("metadata").string("uid"))) {
      status(exchange, 409, "Conflict");
    } else {
      remove(path);
      answer(exchange, 200, Map.of("kind", "Status", "status", "Success"));
    }
  }

  private static Map<String, Object> merge(Map<String, Object> into, Map<String, ?> patch) {
    var merged = new LinkedHashMap<>(into);
    patch.forEach(
        (name, value) -> {
          if (value == null) {
            merged.remove(name);
          } else if (value instanceof Map<?, ?> member) {
            merged.put(
                name,
                merge(JsonObject.of(merged.get(name)).fields(), JsonObject.of(member).fields()));
          } else {
            merged.put(name, value);
          }
        });
    return merged;
  }

  private void watch(HttpExchange exchange, String path, long from) throws IOException {
    synchronized (this) {
      if (from < compacted) {
        status(exchange, 410, "Expired");
        return;
      }
    }
    exchange.sendResponseHeaders(200, 0);
    var sent = from;
    try (exchange) {
      exchange.getResponseBody().flush();
      synchronized (this) {
        // Whoever sees that it stands may end it: the client has its answer by then.
        watches.add(exchange);
        notifyAll();
      }
      while (true) {
        List<Event> news;
        synchronized (this) {
          var after = sent;
          news =
              history.stream()
                  .filter(e -> e.version > after && (e.path.isEmpty() || in(path, e.path)))
                  .toList();
          if (server == null) {
            return;
          }
          if (news.isEmpty()) {
            wait();
          }
        }
        for (var event : news) {
          exchange.getResponseBody().write(Json.write(wire(event)));
          exchange.getResponseBody().write('\n');
          exchange.getResponseBody().flush();
          sent = event.version;
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      synchronized (this) {
        watches.remove(exchange);
      }
    }
  }

  private static Map<String, Object> wire(Event event) {
    var object =
        event.type.equals("BOOKMARK")
            ? Map.of("metadata", Map.of("resourceVersion", Long.toString(event.version)))
            : event.object;
    return Map.of("type", event.type, "object", object);
  }

  /** Whether an object's path is in a collection, of one namespace or of all. */
  private static boolean in(String collection, String path) {
    var parent = path.substring(0, path.lastIndexOf('/'));
    return parent.replaceFirst("/namespaces/[^/]+/", "/").equals(collection)
        || parent.equals(collection);
  }

  private static Map<String, String> query(@Nullable String raw) {
    var query = new LinkedHashMap<String, String>();
    for (var pair : raw == null ? new String[0] : raw.split("&")) {
      var parts = pair.split("=", 2);
      query.put(
          parts[0], URLDecoder.decode(parts.length > 1 ? parts[1] : "", StandardCharsets.UTF_8));
    }
    return query;
  }

  private static void status(HttpExchange exchange, int code, String reason) throws IOException {
    answer(
        exchange,
        code,
        Map.of("kind", "Status", "code", code, "reason", reason, "message", "as the test says"));
  }

  private static void answer(HttpExchange exchange, int code, Map<String, ?> body)
      throws IOException {
    var content = Json.write(body);
    exchange.getResponseHeaders().add("Content-Type", "application/json");
    exchange.sendResponseHeaders(code, content.length);
    exchange.getResponseBody().write(content);
    exchange.close();
  }

  @Override
  public void close() {
    stop();
  }
}
