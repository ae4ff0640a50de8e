package io.ovenet.ui;

import java.util.ArrayList;
import java.util.Collection;
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
      if (passed ? edge.forwarded() > 0 && !edge.last.isDropped() : edge.last.isDropped()) {
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
    List<MapPicture.Line> lines = new ArrayList<>();
    long gone;
    synchronized (this) {
      for (Edge edge : edges.values()) {
        lines.add(edge.line(nowMillis));
      }
      gone = forgotten;
    }
    Map<String, Object> object = MapPicture.json(lines, level, namespace, most, quiet, nowMillis);
    object.put("forgotten", gone);
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
        sum[2] += edge.forwarded() + edge.audited;
        sum[3] += edge.dropped;
      }
    }
    return rates;
  }
}
