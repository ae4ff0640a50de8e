package io.ovenet.flow;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * Which metrics of flows are wanted: {@code hubble-metrics}, such as {@code drop
 * tcp:sourceContext=pod;destinationContext=pod}. Items are separated by blanks of any kind, so a
 * list that YAML folds is read as one line.
 *
 * @param items in the order given
 */
public record MetricsConfig(List<Item> items) {
  /**
   * One plugin with its options.
   *
   * @param options by lower-case name; an option without a value has none
   */
  public record Item(String name, Map<String, List<String>> options) {
    boolean has(String option) {
      return options.containsKey(option);
    }

    List<String> values(String option) {
      return options.getOrDefault(option, List.of());
    }
  }

  /** Reads a list; whatever plugin or option is in it, known or not. */
  public static MetricsConfig parse(String text) {
    var items = new ArrayList<Item>();
    for (String word : text.strip().split("[\\s]+", -1)) {
      if (!word.isEmpty()) {
        items.add(item(word));
      }
    }
    return new MetricsConfig(List.copyOf(items));
  }

  private static Item item(String word) {
    int colon = word.indexOf(':');
    var options = new TreeMap<String, List<String>>();
    if (colon >= 0) {
      for (String option : word.substring(colon + 1).split(";", -1)) {
        int equals = option.indexOf('=');
        String key = (equals < 0 ? option : option.substring(0, equals)).toLowerCase(Locale.ROOT);
        if (!key.isEmpty()) {
          String separator = key.equals("labelscontext") ? "," : "\\|";
          options.put(
              key,
              equals < 0
                  ? List.of()
                  : Arrays.asList(option.substring(equals + 1).split(separator, -1)));
        }
      }
    }
    return new Item(colon < 0 ? word : word.substring(0, colon), options);
  }
}
