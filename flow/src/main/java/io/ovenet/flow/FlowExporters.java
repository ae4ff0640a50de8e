package io.ovenet.flow;

import io.ovenet.metrics.MetricsText;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The exports that are wanted now, each under its name. Safe for any thread. */
public final class FlowExporters implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(FlowExporters.class);

  private final FlowRing ring;
  private final FlowFilters filters;
  private final String nodeName;
  private final FlowUuids uuids;
  private final LongSupplier now;
  private final Map<String, FlowExporter> running = new TreeMap<>();

  /** Of exports that are gone, what they counted: a counter never goes back. */
  private final Map<String, long[]> before = new HashMap<>();

  /**
   * Without any so far.
   *
   * @param nodeName {@code cluster/node}
   * @param now nanoseconds since 1970; called by any thread
   */
  public FlowExporters(FlowRing ring, FlowUuids uuids, String nodeName, LongSupplier now) {
    this.ring = ring;
    this.filters = new FlowFilters(nodeName, uuids);
    this.nodeName = nodeName;
    this.uuids = uuids;
    this.now = now;
  }

  /**
   * Makes these the exports: those that are the same go on, others end or begin.
   *
   * @throws IllegalArgumentException naming the export with a wrong filter or mask; all stays as it
   *     was
   */
  public synchronized void set(Collection<FlowLogConfig> wanted) {
    List<FlowExporter> fresh = new ArrayList<>();
    Map<String, FlowLogConfig> byName = new HashMap<>();
    for (FlowLogConfig config : wanted) {
      byName.put(config.name(), config);
      FlowExporter present = running.get(config.name());
      if (present == null || !present.config().equals(config)) {
        try {
          fresh.add(new FlowExporter(config, ring, filters, nodeName, uuids, now));
        } catch (IllegalArgumentException e) {
          throw new IllegalArgumentException(
              "the export " + config.name() + ": " + e.getMessage(), e);
        }
      }
    }
    for (FlowExporter present : List.copyOf(running.values())) {
      if (!present.config().equals(byName.get(present.config().name()))) {
        end(present);
      }
    }
    for (FlowExporter exporter : fresh) {
      running.put(exporter.config().name(), exporter);
      exporter.start();
      LOG.info("flows are exported to {}", exporter.config().path());
    }
  }

  private void end(FlowExporter exporter) {
    exporter.close();
    running.remove(exporter.config().name());
    long[] sums = before.computeIfAbsent(exporter.config().name(), _ -> new long[2]);
    sums[0] += exporter.written();
    sums[1] += exporter.lost();
  }

  /** Writes their metrics. */
  public synchronized void write(MetricsText to) {
    List<String> label = List.of("name");
    var names = new java.util.TreeSet<>(running.keySet());
    names.addAll(before.keySet());
    to.gauge("hubble_dynamic_exporter_up", "Whether an export runs.");
    for (String name : names) {
      FlowExporter exporter = running.get(name);
      double up = exporter != null && exporter.isActive() ? 1 : 0;
      to.sample("hubble_dynamic_exporter_up", label, new String[] {name}, up);
    }
    to.counter("ovenet_exported_flows", "Lines that an export has written.");
    for (String name : names) {
      sample(to, "ovenet_exported_flows_total", name, 0);
    }
    to.counter("ovenet_export_lost_flows", "Lines that an export's disk did not take.");
    for (String name : names) {
      sample(to, "ovenet_export_lost_flows_total", name, 1);
    }
  }

  private void sample(MetricsText to, String metric, String name, int which) {
    long[] gone = before.getOrDefault(name, new long[2]);
    FlowExporter exporter = running.get(name);
    long now = exporter == null ? 0 : which == 0 ? exporter.written() : exporter.lost();
    to.sample(metric, List.of("name"), new String[] {name}, (double) (gone[which] + now));
  }

  /** Ends all. */
  @Override
  public synchronized void close() {
    List.copyOf(running.values()).forEach(this::end);
  }
}
