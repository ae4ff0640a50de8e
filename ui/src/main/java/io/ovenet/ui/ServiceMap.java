package io.ovenet.ui;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Who talks to whom, added up from flows. Keeps a bounded number of edges: of more, those that were
 * silent longest go, which is counted. Thread-safe.
 */
final class ServiceMap {
  private static final int MOST_EDGES = 40_000;

  /** An arrow of the map: edges between two ends at one level. */
  private static final class Arrow {
    long forwarded;
    long dropped;
    long audited;
    long last;
    double rate;
    double dropRate;
    long latencyNanos;
    String reason = "";
  }

  private record ArrowKey(String from, String to, String protocol, int port) {}

  private final Map<Edge.Key, Edge> edges = new LinkedHashMap<>(256, 0.75f, true);
  private long forgotten;
  private long version;

  /** Counts a flow; answers only tell how long a request took. */
  synchronized void add(FlowView view) {
    version++;
    if (view.isReply()) {
      Edge edge =
          edges.get(
              new Edge.Key(view.destination(), view.source(), view.protocol(), view.sourcePort()));
      if (edge != null) {
        edge.lastMillis = Math.max(edge.lastMillis, view.millis());
        if (view.flow().getL7().getLatencyNs() > 0) {
          edge.latencyNanos = view.flow().getL7().getLatencyNs();
        }
      }
      return;
    }
    Edge.Key key =
        new Edge.Key(view.source(), view.destination(), view.protocol(), view.destinationPort());
    Edge edge = edges.computeIfAbsent(key, k -> new Edge(k, view));
    edge.count(view);
    if (edges.size() > MOST_EDGES) {
      var eldest = edges.keySet().iterator();
      eldest.next();
      eldest.remove();
      forgotten++;
    }
  }

  /** Changes with each flow. */
  synchronized long version() {
    return version;
  }

  /** The last flow of each edge that has one that passed (or one that was dropped). */
  synchronized List<FlowView> connections(boolean passed) {
    List<FlowView> views = new ArrayList<>();
    for (Edge edge : edges.values()) {
      if (passed ? edge.forwarded > 0 && !edge.last.isDropped() : edge.last.isDropped()) {
        views.add(edge.last);
      }
    }
    return views;
  }

  /**
   * The map as the page draws it.
   *
   * @param namespace only edges with an end there, empty for all
   * @param most nodes; where there would be more the level is coarser
   */
  Map<String, Object> json(
      End.Level level, String namespace, int most, Collection<End> quiet, long nowMillis) {
    Map<ArrowKey, Arrow> arrows = new LinkedHashMap<>();
    Map<String, MapNode> nodes = new TreeMap<>();
    long dropped;
    synchronized (this) {
      for (End end : quiet) {
        if (namespace.isEmpty() || end.namespace().equals(namespace)) {
          nodes.computeIfAbsent(end.id(level), id -> new MapNode(id, level, end)).add(end);
        }
      }
      for (Edge edge : edges.values()) {
        Edge.Key key = edge.key();
        if (!namespace.isEmpty()
            && !key.from().namespace().equals(namespace)
            && !key.to().namespace().equals(namespace)) {
          continue;
        }
        String from = key.from().id(level);
        String to = key.to().id(level);
        nodes.computeIfAbsent(from, id -> new MapNode(id, level, key.from())).add(key.from());
        nodes.computeIfAbsent(to, id -> new MapNode(id, level, key.to())).add(key.to());
        Arrow arrow =
            arrows.computeIfAbsent(
                new ArrowKey(from, to, key.protocol(), key.port()), _ -> new Arrow());
        add(arrow, edge, nowMillis);
      }
      dropped = forgotten;
    }
    if (nodes.size() > most && level != End.Level.NAMESPACE) {
      End.Level coarser = level == End.Level.POD ? End.Level.APPLICATION : End.Level.NAMESPACE;
      Map<String, Object> coarse =
          new LinkedHashMap<>(json(coarser, namespace, most, quiet, nowMillis));
      coarse.putIfAbsent("tooMany", (long) nodes.size());
      coarse.put("wanted", level.name().toLowerCase(java.util.Locale.ROOT));
      return coarse;
    }
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("by", level.name().toLowerCase(java.util.Locale.ROOT));
    object.put("namespace", namespace);
    object.put("at", nowMillis);
    List<Object> list = new ArrayList<>();
    nodes.values().forEach(node -> list.add(node.json()));
    object.put("nodes", list);
    List<Object> drawn = new ArrayList<>();
    arrows.entrySet().stream()
        .sorted(
            Comparator.comparing((Map.Entry<ArrowKey, Arrow> e) -> e.getKey().from())
                .thenComparing(e -> e.getKey().to())
                .thenComparing(e -> e.getKey().protocol())
                .thenComparingInt(e -> e.getKey().port()))
        .forEach(e -> drawn.add(json(e.getKey(), e.getValue())));
    object.put("edges", drawn);
    object.put("forgotten", dropped);
    return object;
  }

  private static void add(Arrow arrow, Edge edge, long nowMillis) {
    arrow.forwarded += edge.forwarded;
    arrow.dropped += edge.dropped;
    arrow.audited += edge.audited;
    arrow.last = Math.max(arrow.last, edge.lastMillis);
    arrow.rate += edge.rate(nowMillis, false);
    arrow.dropRate += edge.rate(nowMillis, true);
    arrow.latencyNanos = Math.max(arrow.latencyNanos, edge.latencyNanos);
    if (!edge.reason.isEmpty()) {
      arrow.reason = edge.reason;
    }
  }

  private static Map<String, Object> json(ArrowKey key, Arrow arrow) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("from", key.from());
    object.put("to", key.to());
    object.put("protocol", key.protocol());
    object.put("port", (long) key.port());
    object.put("forwarded", arrow.forwarded);
    object.put("dropped", arrow.dropped);
    object.put("audited", arrow.audited);
    object.put("rate", arrow.rate);
    object.put("dropRate", arrow.dropRate);
    object.put("last", arrow.last);
    if (!arrow.reason.isEmpty()) {
      object.put("reason", arrow.reason);
    }
    if (arrow.latencyNanos > 0) {
      object.put("latencyMicros", arrow.latencyNanos / 1000);
    }
    return object;
  }

  /** Counts of each pod or machine over the last minute, by its id. */
  synchronized Map<String, double[]> rates(long nowMillis) {
    Map<String, double[]> rates = new TreeMap<>();
    for (Edge edge : edges.values()) {
      double passed = edge.rate(nowMillis, false);
      double stopped = edge.rate(nowMillis, true);
      for (End end : List.of(edge.key().from(), edge.key().to())) {
        double[] sum = rates.computeIfAbsent(end.id(End.Level.POD), _ -> new double[4]);
        sum[0] += passed;
        sum[1] += stopped;
        sum[2] += edge.forwarded + edge.audited;
        sum[3] += edge.dropped;
      }
    }
    return rates;
  }
}
