package io.ovenet.ui;

import io.ovenet.kubernetes.Json;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * What one open page is told while it is open, as server-sent events: {@code state} each second,
 * {@code flows} four times a second, {@code map} each second where something changed.
 */
final class Live {
  private static final Duration STEP = Duration.ofMillis(250);
  private static final int MOST_FLOWS = 400;
  private static final int MOST_NODES = 600;

  private final FlowStore store;
  private final ServiceMap map;
  private final FlowFeed feed;
  private final ClusterView cluster;

  Live(FlowStore store, ServiceMap map, FlowFeed feed, ClusterView cluster) {
    this.store = store;
    this.map = map;
    this.feed = feed;
    this.cluster = cluster;
  }

  Map<String, Object> state() {
    Map<String, Object> state = new LinkedHashMap<>();
    state.put("now", System.currentTimeMillis());
    state.put("relay", feed.json());
    state.put("cluster", cluster.json());
    return state;
  }

  Map<String, Object> map(Map<String, String> parameters) {
    return map.json(
        level(parameters.getOrDefault("by", "application")),
        parameters.getOrDefault("namespace", ""),
        MOST_NODES,
        parameters.getOrDefault("quiet", "").equals("no") ? Set.of() : cluster.ends(),
        System.currentTimeMillis());
  }

  /** The map of a time gone by. */
  Map<String, Object> past(Past past, Map<String, String> parameters) {
    Map<String, Object> object =
        MapPicture.json(
            past.lines(),
            level(parameters.getOrDefault("by", "application")),
            parameters.getOrDefault("namespace", ""),
            MOST_NODES,
            Set.of(),
            past.sinceMillis());
    object.put("until", past.untilMillis());
    object.put("notes", past.notes());
    object.put("forgotten", 0L);
    return object;
  }

  private static End.Level level(String by) {
    try {
      return End.Level.valueOf(by.toUpperCase(Locale.ROOT));
    } catch (IllegalArgumentException e) {
      throw new HttpFailure(400, "by=" + by, "use namespace, application or pod");
    }
  }

  /** Writes until the reader goes away, his session is over or the server stops. */
  void stream(Map<String, String> parameters, OutputStream out, Session session)
      throws IOException, InterruptedException {
    Set<String> views = Set.of(parameters.getOrDefault("view", "").split(",", -1));
    FlowQuery query = FlowQuery.of(parameters);
    long seen = store.newest();
    long drawn = -1;
    for (long step = 0; !session.isOver(); step++) {
      session.used();
      if (step % 4 == 0) {
        write(out, "state", state());
        long version = map.version();
        // Rates fall while nothing comes, so it is drawn now and then all the same.
        if (views.contains("map") && (version != drawn || step % 20 == 0)) {
          drawn = version;
          write(out, "map", map(parameters));
        }
      }
      if (views.contains("flows")) {
        FlowStore.Batch batch = store.after(seen, query, MOST_FLOWS);
        seen = batch.seen();
        if (!batch.flows().isEmpty() || batch.skipped() > 0) {
          List<Object> rows = new ArrayList<>(batch.flows().size());
          batch.flows().forEach(view -> rows.add(view.json()));
          Map<String, Object> flows = new LinkedHashMap<>();
          flows.put("flows", rows);
          flows.put("skipped", batch.skipped());
          write(out, "flows", flows);
        }
      }
      out.flush();
      Thread.sleep(STEP);
    }
  }

  private static void write(OutputStream out, String event, Map<String, Object> data)
      throws IOException {
    out.write(("event: " + event + "\ndata: ").getBytes(StandardCharsets.UTF_8));
    // JSON has no line breaks of its own.
    out.write(Json.write(data));
    out.write("\n\n".getBytes(StandardCharsets.UTF_8));
  }
}
