package io.ovenet.kubernetes.policy;

import io.ovenet.policy.Label;
import io.ovenet.policy.LabelRequirement;
import io.ovenet.policy.LabelRequirement.Operator;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/** Label selectors. Rules for keys and values: Kubernetes' labels, with a source before the key. */
final class SelectorParser {
  private static final Pattern NAME =
      Pattern.compile("[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?");
  private static final Pattern PREFIX =
      Pattern.compile("[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*");
  private static final Pattern VALUE =
      Pattern.compile("([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?");

  private SelectorParser() {}

  /**
   * The requirements of a selector whose keys may have a source before them ({@code k8s:app}).
   *
   * @param defaultSource of a key without one; {@code k8s} for Kubernetes' own selectors, whose
   *     keys have none: a {@code reserved:} one would select what is no pod
   * @param keyPrefix put before each key, after its source
   */
  static List<LabelRequirement> requirements(
      Field selector, String defaultSource, String keyPrefix) {
    selector.only(Set.of("matchLabels", "matchExpressions"));
    List<LabelRequirement> requirements = new ArrayList<>();
    Field matchLabels = selector.get("matchLabels");
    for (Map.Entry<String, ?> label : matchLabels.object().entrySet()) {
      Field field = matchLabels.get(label.getKey());
      Field value = label.getValue() == null ? new Field(field.path(), "") : field;
      requirements.add(
          requirement(
              field, label.getKey(), Operator.IN, List.of(value(value)), defaultSource, keyPrefix));
    }
    for (Field expression : selector.get("matchExpressions").items()) {
      expression.only(Set.of("key", "operator", "values"));
      List<String> values = new ArrayList<>();
      for (Field value : expression.get("values").items()) {
        values.add(value(value));
      }
      Field operator = expression.get("operator");
      Operator parsed =
          switch (operator.string()) {
            case "In" -> Operator.IN;
            case "NotIn" -> Operator.NOT_IN;
            case "Exists" -> Operator.EXISTS;
            case "DoesNotExist" -> Operator.DOES_NOT_EXIST;
            default ->
                throw operator.error(
                    "unknown operator '" + operator.string() + "'",
                    "use In, NotIn, Exists or DoesNotExist");
          };
      boolean listed = parsed == Operator.IN || parsed == Operator.NOT_IN;
      if (listed && values.isEmpty()) {
        throw expression
            .get("values")
            .error("empty with " + operator.string(), "list at least one value");
      }
      if (!listed && !values.isEmpty()) {
        throw expression
            .get("values")
            .error("not empty with " + operator.string(), "remove the values");
      }
      Field key = expression.get("key");
      requirements.add(requirement(key, key.string(), parsed, values, defaultSource, keyPrefix));
    }
    return requirements;
  }

  private static LabelRequirement requirement(
      Field field,
      String text,
      Operator operator,
      List<String> values,
      String defaultSource,
      String keyPrefix) {
    int colon = text.indexOf(':');
    if (colon >= 0 && defaultSource.equals(Label.K8S)) {
      throw field.error("a source before a label key: '" + text + "'", "write the key alone");
    }
    String source = colon > 0 ? text.substring(0, colon) : defaultSource;
    String key = colon >= 0 ? text.substring(colon + 1) : text;
    int slash = key.indexOf('/');
    String prefix = slash < 0 ? "" : key.substring(0, slash);
    if (!NAME.matcher(key.substring(slash + 1)).matches()
        || (slash >= 0 && (prefix.length() > 253 || !PREFIX.matcher(prefix).matches()))) {
      throw field.error(
          "not a label key: '" + text + "'",
          "write [source:][prefix/]name with letters, digits, '-', '_' and '.'");
    }
    return new LabelRequirement(source, keyPrefix + key, operator, values);
  }

  private static String value(Field field) {
    String value = field.string();
    if (!VALUE.matcher(value).matches()) {
      throw field.error(
          "not a label value: '" + value + "'",
          "use at most 63 letters, digits, '-', '_' and '.', with a letter or digit at both ends");
    }
    return value;
  }
}
