package io.ovenet.agent;

import io.ovenet.flow.FlowExporters;
import io.ovenet.flow.FlowLogConfig;
import io.ovenet.metrics.MetricsText;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What of flows goes to files: by the keys {@code hubble-export-*} once and for all, and by the
 * file that {@code hubble-flowlogs-config-path} names, which is read again as it changes. A file
 * that is wrong is logged and counted, and what was in force before stays.
 */
final class HubbleExport implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(HubbleExport.class);

  /** A mounted ConfigMap is itself some seconds behind. */
  private static final Duration LOOK_EVERY = Duration.ofSeconds(2);

  /** Of the export that the keys ask for; no file's may have it. */
  private static final String STATIC = "hubble-export-file-path";

  /** What stands for the text of a file that is not there; no YAML begins so. */
  private static final String UNREADABLE = "cannot be read: ";

  /**
   * The keys.
   *
   * @param fixed null: none
   * @param flowLogs null: there is no such file
   */
  record Keys(@Nullable FlowLogConfig fixed, @Nullable Path flowLogs) {
    static Keys take(ConfigValues values) {
      var path = values.text("hubble-export-file-path", "");
      int megabytes =
          values.number(
              "hubble-export-file-max-size-mb", FlowLogConfig.DEFAULT_MEGABYTES, 1, 1_000_000);
      int backups =
          values.number(
              "hubble-export-file-max-backups", FlowLogConfig.DEFAULT_BACKUPS, 0, 1_000_000);
      boolean compress = values.flag("hubble-export-file-compress", false);
      var mask = values.text("hubble-export-fieldmask", "");
      var aggregate = words(values.text("hubble-export-fieldaggregate", ""));
      var often = values.text("hubble-export-aggregation-interval", "0s");
      var interval = GoDuration.parse(often);
      if (interval == null || (interval.isZero() && !aggregate.isEmpty())) {
        throw new ConfigException(
            "hubble-export-aggregation-interval",
            "'" + often + "' is no interval in which flows can be added up",
            "set a duration, such as 1m");
      }
      var allow = values.text("hubble-export-allowlist", "");
      var deny = values.text("hubble-export-denylist", "");
      var flowLogs = values.text("hubble-flowlogs-config-path", "");
      FlowLogConfig fixed = null;
      if (!path.isEmpty()) {
        try {
          fixed =
              new FlowLogConfig(
                  STATIC,
                  path,
                  words(mask),
                  aggregate,
                  aggregate.isEmpty() ? Duration.ZERO : interval,
                  FlowLogs.filtersOf("hubble-export-allowlist", allow),
                  FlowLogs.filtersOf("hubble-export-denylist", deny),
                  (long) megabytes << 20,
                  backups,
                  compress,
                  Long.MAX_VALUE);
        } catch (IllegalArgumentException e) {
          throw new ConfigException(
              allow.isEmpty() ? "hubble-export-denylist" : "hubble-export-allowlist",
              String.valueOf(e.getMessage()),
              "write FlowFilters in JSON, such as {\"verdict\":[\"DROPPED\"]}");
        }
      }
      return new Keys(fixed, flowLogs.isEmpty() ? null : Path.of(flowLogs));
    }
  }

  private static List<String> words(String text) {
    return text.isEmpty() ? List.of() : Arrays.asList(text.split("[\\s,]+", -1));
  }

  private final Keys keys;
  private final FlowExporters exporters;
  private final Thread thread;
  private String known = "";
  private String changing = "";
  private final AtomicLong refused = new AtomicLong();

  /**
   * Begins to export.
   *
   * @throws ConfigException if what the keys ask for cannot be: of the file that is only logged
   */
  HubbleExport(Keys keys, FlowExporters exporters) {
    this.keys = keys;
    this.exporters = exporters;
    try {
      exporters.set(keys.fixed == null ? List.of() : List.of(keys.fixed));
    } catch (IllegalArgumentException e) {
      throw new ConfigException(
          STATIC, String.valueOf(e.getMessage()), "correct the filters and the field mask");
    }
    thread = Thread.ofVirtual().name("flowlogs").unstarted(this::follow);
    if (keys.flowLogs != null) {
      take(keys.flowLogs, read(keys.flowLogs));
      thread.start();
    }
  }

  private void follow() {
    try {
      while (keys.flowLogs != null) {
        Thread.sleep(LOOK_EVERY);
        look(keys.flowLogs);
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  /** Takes what has changed, once it is the same for two looks: nobody's half-written file. */
  private void look(Path file) {
    String text = read(file);
    if (!text.equals(changing)) {
      changing = text;
    } else if (!text.equals(known)) {
      take(file, text);
    }
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      return UNREADABLE + e;
    }
  }

  private void take(Path file, String text) {
    known = text;
    changing = text;
    try {
      if (text.startsWith(UNREADABLE)) {
        throw new IllegalArgumentException(text);
      }
      FlowLogs logs = FlowLogs.parse(text);
      logs.warnings().forEach(warning -> log.warn("{}: {}", file, warning));
      var all = new ArrayList<>(logs.configs());
      if (keys.fixed != null) {
        for (FlowLogConfig config : logs.configs()) {
          if (config.name().equals(STATIC) || config.path().equals(keys.fixed.path())) {
            throw new IllegalArgumentException(
                config.name() + ": " + config.path() + " is what " + STATIC + " names already");
          }
        }
        all.add(keys.fixed);
      }
      exporters.set(all);
    } catch (IllegalArgumentException e) {
      refused.incrementAndGet();
      log.error("{}: {}; what was exported still is", file, e.getMessage());
    }
  }

  /** Writes metrics. */
  void write(MetricsText to) {
    exporters.write(to);
    to.counter(
        "ovenet_flowlogs_refused", "Versions of hubble-flowlogs-config-path that were not taken.");
    to.sample("ovenet_flowlogs_refused_total", (double) refused.get());
  }

  @Override
  public void close() {
    thread.interrupt();
    exporters.close();
  }
}
