package io.ovenet.ui;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** The map as the page draws it: lines between ends, joined at a level. */
final class MapPicture {
  /**
   * What went from one end to another on one port.
   *
   * @param lastMillis since 1970
   * @param rate what passed, a second
   * @param dropRate what was dropped, a second
   * @param reason of the last drop, empty for none
   */
  record Line(
      Edge.Key key,
      long forwarded,
      long dropped,
      long audited,
      long lastMillis,
      double rate,
      double dropRate,
      long latencyNanos,
      String reason) {}

  /** Lines between two ends at one level. */
  private static final class Arrow {
    long forwarded;
    long dropped;
    long audited;
    long last;
    double rate;
    double dropRate;
    long latencyNanos;
    String reason = "";

    void add(Line line) {
      forwarded += line.forwarded();
      dropped += line.dropped();
      audited += line.audited();
      last = Math.max(last, line.lastMillis());
      rate += line.rate();
      dropRate += line.dropRate();
      latencyNanos = Math.max(latencyNanos, line.latencyNanos());
      if (!line.reason().isEmpty()) {
        reason = line.reason();
      }
    }
  }

  private record ArrowKey(String from, String to, String protocol, int port) {}

  private static final Comparator<ArrowKey> ORDER =
      Comparator.comparing(ArrowKey::from)
          .thenComparing(ArrowKey::to)
          .thenComparing(ArrowKey::protocol)
          .thenComparingInt(ArrowKey::port);

  private MapPicture() {}

  /**
   * Draws.
   *
   * @param namespace only lines with an end there, empty for all
   * @param most nodes; where there would be more the level is coarser
   * @param quiet who is drawn without a line, too
   */
  static Map<String, Object> json(
      Collection<Line> lines,
      End.Level level,
      String namespace,
      int most,
      Collection<End> quiet,
      long atMillis) {
    Map<ArrowKey, Arrow> arrows = new TreeMap<>(ORDER);
    Map<String, MapNode> nodes = new TreeMap<>();
    for (End end : quiet) {
      if (namespace.isEmpty() || end.namespace().equals(namespace)) {
        node(nodes, level, end);
      }
    }
    for (Line line : lines) {
      Edge.Key key = line.key();
      if (namespace.isEmpty()
          || key.from().namespace().equals(namespace)
          || key.to().namespace().equals(namespace)) {
        String from = node(nodes, level, key.from());
        String to = node(nodes, level, key.to());
        arrows
            .computeIfAbsent(new ArrowKey(from, to, key.protocol(), key.port()), _ -> new Arrow())
            .add(line);
      }
    }
    if (nodes.size() > most && level != End.Level.NAMESPACE) {
      End.Level coarser = level == End.Level.POD ? End.Level.APPLICATION : End.Level.NAMESPACE;
      Map<String, Object> coarse = json(lines, coarser, namespace, most, quiet, atMillis);
      coarse.putIfAbsent("tooMany", (long) nodes.size());
      coarse.put("wanted", word(level));
      return coarse;
    }
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("by", word(level));
    object.put("namespace", namespace);
    object.put("at", atMillis);
    List<Object> list = new ArrayList<>();
    nodes.values().forEach(node -> list.add(node.json()));
    object.put("nodes", list);
    List<Object> drawn = new ArrayList<>();
    arrows.forEach((key, arrow) -> drawn.add(json(key, arrow)));
    object.put("edges", drawn);
    return object;
  }

  private static String node(Map<String, MapNode> nodes, End.Level level, End end) {
    String id = end.id(level);
    nodes.computeIfAbsent(id, _ -> new MapNode(id, level, end)).add(end);
    return id;
  }

  private static String word(End.Level level) {
    return level.name().toLowerCase(Locale.ROOT);
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
}
