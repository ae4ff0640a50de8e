package io.ovenet.flow;

import com.google.re2j.Matcher;
import com.google.re2j.Pattern;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A label selector as kubectl takes it: {@code app=web,tier!=front,env in (prod,test),!debug}. A
 * key may name its source ({@code k8s:app}, {@code reserved:world}); without one, or with {@code
 * any:}, any source will do. As in Kubernetes {@code !=} and {@code notin} match where the label is
 * missing.
 */
final class LabelSelector implements Predicate<FlowLabels> {
  private static final Pattern REQUIREMENT =
      Pattern.compile(
          "\\s*(!?)\\s*((?:[a-z0-9-]+:)?[A-Za-z0-9](?:[-A-Za-z0-9_./]*[A-Za-z0-9])?)\\s*"
              + "(?:(==|=|!=|>|<)\\s*([-A-Za-z0-9_.]*)|\\s(in|notin)\\s*\\(([^()]*)\\))?\\s*");
  private static final Pattern VALUE =
      Pattern.compile("(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?)?");

  private final List<Predicate<FlowLabels>> requirements;

  private LabelSelector(List<Predicate<FlowLabels>> requirements) {
    this.requirements = requirements;
  }

  /**
   * Parses a selector.
   *
   * @throws IllegalArgumentException where it is none
   */
  static LabelSelector parse(String text) {
    var requirements = new ArrayList<Predicate<FlowLabels>>();
    int depth = 0;
    int from = 0;
    for (int i = 0; i <= text.length(); i++) {
      char c = i == text.length() ? ',' : text.charAt(i);
      if (c == '(') {
        depth++;
      } else if (c == ')') {
        depth--;
      } else if (c == ',' && (depth == 0 || i == text.length())) {
        requirements.add(requirement(text.substring(from, i), text));
        from = i + 1;
      }
    }
    return new LabelSelector(List.copyOf(requirements));
  }

  private static Predicate<FlowLabels> requirement(String part, String text) {
    Matcher matcher = REQUIREMENT.matcher(part);
    if (!matcher.matches()) {
      throw malformed(text, part);
    }
    String name = matcher.group(2);
    int colon = name.indexOf(':');
    String prefix = colon < 0 ? "" : name.substring(0, colon);
    String source = prefix.isEmpty() || prefix.equals("any") ? null : prefix;
    String key = name.substring(colon + 1);
    String operator = matcher.group(3) == null ? matcher.group(5) : matcher.group(3);
    boolean negated = !matcher.group(1).isEmpty();
    if (operator == null) {
      return labels -> (labels.value(source, key) != null) != negated;
    }
    if (negated) {
      throw malformed(text, part);
    }
    return switch (operator) {
      case "=", "==" -> oneOf(source, key, List.of(value(matcher.group(4), text)));
      case "!=" -> oneOf(source, key, List.of(value(matcher.group(4), text))).negate();
      case "in" -> oneOf(source, key, values(matcher.group(6), text));
      case "notin" -> oneOf(source, key, values(matcher.group(6), text)).negate();
      case ">" -> compared(source, key, matcher.group(4), text, 1);
      default -> compared(source, key, matcher.group(4), text, -1);
    };
  }

  private static IllegalArgumentException malformed(String text, String part) {
    return new IllegalArgumentException(
        "label selector \"" + text + "\": cannot read \"" + part.strip() + "\"");
  }

  private static String value(@Nullable String value, String text) {
    if (value == null || !VALUE.matches(value)) {
      throw malformed(text, String.valueOf(value));
    }
    return value;
  }

  private static List<String> values(String list, String text) {
    var values = new ArrayList<String>();
    for (String value : list.split(",", -1)) {
      values.add(value(value.strip(), text));
    }
    return values;
  }

  private static Predicate<FlowLabels> oneOf(
      @Nullable String source, String key, List<String> values) {
    return labels -> {
      String value = labels.value(source, key);
      return value != null && values.contains(value);
    };
  }

  private static Predicate<FlowLabels> compared(
      @Nullable String source, String key, @Nullable String bound, String text, int sign) {
    long limit;
    try {
      limit = Long.parseLong(String.valueOf(bound));
    } catch (NumberFormatException e) {
      throw malformed(text, String.valueOf(bound));
    }
    return labels -> {
      String value = labels.value(source, key);
      try {
        return value != null && Long.compare(Long.parseLong(value), limit) == sign;
      } catch (NumberFormatException e) {
        return false; // Kubernetes: a value that is no number doesn't compare
      }
    };
  }

  @Override
  public boolean test(FlowLabels labels) {
    for (Predicate<FlowLabels> requirement : requirements) {
      if (!requirement.test(labels)) {
        return false;
      }
    }
    return true;
  }
}
