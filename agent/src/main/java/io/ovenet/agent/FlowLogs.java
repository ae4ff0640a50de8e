package io.ovenet.agent;

import io.ovenet.api.flow.FlowFilter;
import io.ovenet.flow.FlowLogConfig;
import io.ovenet.flow.MessageFields;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/**
 * Hubble's flowlogs file: {@code flowLogs}, a list of exports.
 *
 * @param configs in the order given
 * @param warnings what is said there and has no effect
 */
record FlowLogs(List<FlowLogConfig> configs, List<String> warnings) {
  private static final int MEGABYTE = 1 << 20;
  private static final int MOST = 1_000_000;
  private static final Set<String> FIELDS =
      Set.of(
          "name",
          "filePath",
          "fieldMask",
          "fieldAggregate",
          "aggregationInterval",
          "includeFilters",
          "excludeFilters",
          "fileMaxSizeMb",
          "fileMaxBackups",
          "fileCompress",
          "end");

  FlowLogs {
    configs = List.copyOf(configs);
    warnings = List.copyOf(warnings);
  }

  /**
   * Reads it.
   *
   * @throws IllegalArgumentException naming the field and what is wrong with it
   */
  static FlowLogs parse(String yaml) {
    Object document;
    try {
      document = new Load(LoadSettings.builder().build()).loadFromString(yaml);
    } catch (YamlEngineException e) {
      throw new IllegalArgumentException("no YAML: " + e.getMessage(), e);
    }
    var configs = new ArrayList<FlowLogConfig>();
    var warnings = new ArrayList<String>();
    var names = new HashSet<String>();
    var paths = new HashSet<String>();
    if (document != null) {
      int index = 0;
      for (Object entry : list(map(document, "the file").get("flowLogs"), "flowLogs")) {
        String field = "flowLogs[" + index++ + "]";
        FlowLogConfig config = config(map(entry, field), field, warnings);
        if (!names.add(config.name())) {
          throw new IllegalArgumentException(field + ".name: " + config.name() + " is there twice");
        }
        if (!paths.add(config.path())) {
          throw new IllegalArgumentException(
              field + ".filePath: " + config.path() + " is another export's");
        }
        configs.add(config);
      }
    }
    return new FlowLogs(configs, warnings);
  }

  private static FlowLogConfig config(Map<?, ?> entry, String field, ArrayList<String> warnings) {
    var unknown = new TreeSet<String>();
    entry.keySet().forEach(key -> unknown.add(String.valueOf(key)));
    unknown.removeAll(FIELDS);
    unknown.forEach(key -> warnings.add(field + "." + key + " is no field of an export"));
    List<String> aggregate = texts(entry.get("fieldAggregate"), field + ".fieldAggregate");
    Duration interval = interval(entry.get("aggregationInterval"), field + ".aggregationInterval");
    if (aggregate.isEmpty() == interval.isPositive()) {
      warnings.add(
          field
              + (aggregate.isEmpty()
                  ? ".aggregationInterval has no effect without fieldAggregate"
                  : ".fieldAggregate has no effect without aggregationInterval, such as 1m: every"
                      + " flow is written"));
    }
    boolean added = !aggregate.isEmpty() && interval.isPositive();
    String name = text(entry, "name", field);
    String path = text(entry, "filePath", field);
    long megabytes = number(entry, "fileMaxSizeMb", field);
    long backups = number(entry, "fileMaxBackups", field);
    return new FlowLogConfig(
        name,
        path,
        texts(entry.get("fieldMask"), field + ".fieldMask"),
        added ? aggregate : List.of(),
        added ? interval : Duration.ZERO,
        filters(entry.get("includeFilters"), field + ".includeFilters"),
        filters(entry.get("excludeFilters"), field + ".excludeFilters"),
        (megabytes == 0 ? FlowLogConfig.DEFAULT_MEGABYTES : megabytes) * MEGABYTE,
        backups == 0 ? FlowLogConfig.DEFAULT_BACKUPS : (int) backups,
        flag(entry.get("fileCompress"), field + ".fileCompress"),
        end(entry.get("end"), field + ".end"));
  }

  private static Map<?, ?> map(@Nullable Object value, String field) {
    if (value instanceof Map<?, ?> map) {
      return map;
    }
    throw new IllegalArgumentException(field + " is no object with fields");
  }

  private static List<?> list(@Nullable Object value, String field) {
    if (value == null) {
      return List.of();
    }
    if (value instanceof List<?> list) {
      return list;
    }
    throw new IllegalArgumentException(field + " is no list");
  }

  private static String text(Map<?, ?> entry, String key, String field) {
    if (entry.get(key) instanceof String text && !text.isEmpty()) {
      return text;
    }
    throw new IllegalArgumentException(field + "." + key + " is missing, or no text");
  }

  private static List<String> texts(@Nullable Object value, String field) {
    var texts = new ArrayList<String>();
    for (Object each : list(value, field)) {
      texts.add(String.valueOf(each));
    }
    return texts;
  }

  private static long number(Map<?, ?> entry, String key, String field) {
    Object value = entry.get(key);
    if (value == null) {
      return 0;
    }
    if (value instanceof Integer number && number >= 0 && number <= MOST) {
      return number;
    }
    throw new IllegalArgumentException(
        field + "." + key + ": '" + value + "' is no number from 0 to " + MOST);
  }

  private static boolean flag(@Nullable Object value, String field) {
    if (value == null) {
      return false;
    }
    if (value instanceof Boolean flag) {
      return flag;
    }
    throw new IllegalArgumentException(field + ": '" + value + "' is neither true nor false");
  }

  private static Duration interval(@Nullable Object value, String field) {
    Duration interval = value == null ? Duration.ZERO : GoDuration.parse(String.valueOf(value));
    if (interval == null) {
      throw new IllegalArgumentException(field + ": '" + value + "' is no duration such as 1m30s");
    }
    return interval;
  }

  private static long end(@Nullable Object value, String field) {
    if (value == null) {
      return Long.MAX_VALUE;
    }
    try {
      Instant end = OffsetDateTime.parse(String.valueOf(value)).toInstant();
      return Math.addExact(
          Math.multiplyExact(end.getEpochSecond(), TimeUnit.SECONDS.toNanos(1)), end.getNano());
    } catch (DateTimeException | ArithmeticException e) {
      throw new IllegalArgumentException(
          field + ": '" + value + "' is no time such as 2026-10-09T23:59:59-07:00", e);
    }
  }

  private static List<FlowFilter> filters(@Nullable Object value, String field) {
    var filters = new ArrayList<FlowFilter>();
    int index = 0;
    for (Object each : list(value, field)) {
      filters.add(filter(map(each, field + "[" + index + "]"), field + "[" + index + "]"));
      index++;
    }
    return filters;
  }

  private static FlowFilter filter(Map<?, ?> fields, String field) {
    var filter = FlowFilter.newBuilder();
    MessageFields.merge(filter, fields, field);
    return filter.build();
  }

  /**
   * Filters in JSON one after the other, as the keys {@code hubble-export-allowlist} and {@code
   * -denylist} have them.
   *
   * @throws IllegalArgumentException naming the key and what is wrong with it
   */
  static List<FlowFilter> filtersOf(String key, String text) {
    var filters = new ArrayList<FlowFilter>();
    int depth = 0;
    boolean quoted = false;
    int from = 0;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (quoted) {
        if (c == '\\') {
          i++;
        } else if (c == '"') {
          quoted = false;
        }
      } else if (c == '"') {
        quoted = true;
      } else if (c == '{') {
        if (depth++ == 0) {
          from = i;
        }
      } else if (c == '}' && --depth == 0) {
        filters.add(filterOf(key, text.substring(from, i + 1)));
        from = i + 1;
      }
      if (depth < 0 || (depth == 0 && c != '}' && !Character.isWhitespace(c))) {
        throw new IllegalArgumentException(key + ": '" + text + "' is no list of JSON objects");
      }
    }
    if (depth != 0) {
      throw new IllegalArgumentException(key + ": '" + text + "' ends within an object");
    }
    return filters;
  }

  private static FlowFilter filterOf(String key, String json) {
    try {
      // JSON is YAML.
      Object value = new Load(LoadSettings.builder().build()).loadFromString(json);
      return filter(map(value, key), key);
    } catch (YamlEngineException e) {
      throw new IllegalArgumentException(key + ": no JSON: " + json, e);
    }
  }
}
