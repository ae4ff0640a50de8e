package io.ovenet.policy.naive;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Label selectors over labels by {@code source:key}. */
final class NaiveSelector {
  static final String NAMESPACE = "io.kubernetes.pod.namespace";
  static final String NAMESPACE_LABELS = "io.cilium.k8s.namespace.labels.";
  static final String CLUSTER = "io.cilium.k8s.policy.cluster";

  private NaiveSelector() {}

  /** The values of all labels with this key; a key without source matches any source. */
  private static List<String> values(String key, Map<String, String> labels) {
    List<String> values = new ArrayList<>();
    labels.forEach(
        (name, value) -> {
          String withoutSource = name.substring(name.indexOf(':') + 1);
          boolean same =
              (key.startsWith("any:") || key.startsWith(":"))
                  ? withoutSource.equals(key.substring(key.indexOf(':') + 1))
                  : key.contains(":") ? name.equals(key) : withoutSource.equals(key);
          if (same) {
            values.add(value);
          }
        });
    return values;
  }

  /**
   * Whether all of matchLabels and matchExpressions hold.
   *
   * @param prefix put before each key, for selectors of namespaces
   */
  static boolean matches(Object selector, String prefix, Map<String, String> labels) {
    Object matchLabels = Doc.get(selector, "matchLabels");
    if (matchLabels != null) {
      for (Map.Entry<?, ?> wanted : ((Map<?, ?>) matchLabels).entrySet()) {
        // No value is an empty one, as in Go.
        Object value = wanted.getValue() == null ? "" : wanted.getValue();
        if (!values(prefix + wanted.getKey(), labels).contains(value.toString())) {
          return false;
        }
      }
    }
    for (Object expression : Doc.list(selector, "matchExpressions")) {
      List<String> has = values(prefix + Doc.text(expression, "key"), labels);
      boolean listed = false;
      for (Object value : Doc.list(expression, "values")) {
        listed |= has.contains(value.toString());
      }
      boolean holds =
          switch (Doc.text(expression, "operator")) {
            case "In" -> listed;
            // They match where the label is missing, too.
            case "NotIn" -> !listed;
            case "Exists" -> !has.isEmpty();
            case "DoesNotExist" -> has.isEmpty();
            default -> throw new IllegalArgumentException("operator of " + expression);
          };
      if (!holds) {
        return false;
      }
    }
    return true;
  }

  /** The keys that a selector names, as written. */
  static List<String> keys(Object selector) {
    List<String> keys = new ArrayList<>();
    Object matchLabels = Doc.get(selector, "matchLabels");
    if (matchLabels != null) {
      ((Map<?, ?>) matchLabels).keySet().forEach(key -> keys.add(key.toString()));
    }
    for (Object expression : Doc.list(selector, "matchExpressions")) {
      keys.add(Doc.text(expression, "key"));
    }
    return keys;
  }

  /** Whether a key that may have the source k8s or none is this one. */
  static boolean isKey(String key, String wanted) {
    return List.of(wanted, ":" + wanted, "k8s:" + wanted, "any:" + wanted).contains(key);
  }
}
