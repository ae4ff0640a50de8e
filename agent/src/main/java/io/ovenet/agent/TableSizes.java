package io.ovenet.agent;

import io.ovenet.datapath.Datapath;
import java.time.Duration;
import java.util.List;

/** How full the kernel's tables are. Safe for any thread. */
final class TableSizes {
  private static final List<String> TABLES =
      List.of(
          "conntrack_map",
          "nat_map",
          "policy_map",
          "ipcache",
          "class_map",
          "service_map",
          "backend_map",
          "service_flow_map");

  /** Counting reads whole tables: who asks again and again gets what was found a moment ago. */
  private static final long FRESH_NANOS = Duration.ofSeconds(10).toNanos();

  /** A table. */
  record Size(String name, long entries, int room) {}

  private final Datapath datapath;
  private List<Size> last = List.of();
  private long countedAt;

  TableSizes(Datapath datapath) {
    this.datapath = datapath;
  }

  /** As of now. */
  synchronized List<Size> count() {
    last =
        TABLES.stream()
            .map(name -> new Size(name, datapath.entries(name), datapath.map(name).maxEntries()))
            .toList();
    countedAt = System.nanoTime();
    return last;
  }

  /** As of some seconds ago at most. */
  synchronized List<Size> lately() {
    return last.isEmpty() || System.nanoTime() - countedAt > FRESH_NANOS ? count() : last;
  }
}
