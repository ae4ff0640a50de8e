package io.ovenet.lab.api;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * A parsed {@code labelSelector}: {@code a=b,c!=d,e in (x,y),f notin (z),g,!h}.
 *
 * @param terms all of them must hold
 */
record LabelSelector(List<Term> terms) {
  /** How a label's value is judged. */
  enum Operator {
    IN,
    NOT_IN,
    EXISTS,
    ABSENT
  }

  /** One requirement. */
  record Term(String label, Operator operator, Set<String> values) {
    boolean matches(Map<String, String> labels) {
      String value = labels.get(label);
      return switch (operator) {
        case IN -> value != null && values.contains(value);
        case NOT_IN -> value == null || !values.contains(value);
        case EXISTS -> value != null;
        case ABSENT -> value == null;
      };
    }
  }

  static final LabelSelector ALL = new LabelSelector(List.of());

  boolean matches(Map<String, String> labels) {
    for (Term term : terms) {
      if (!term.matches(labels)) {
        return false;
      }
    }
    return true;
  }

  /**
   * Parses a selector.
   *
   * @throws ApiException 400 if it is none
   */
  static LabelSelector parse(String text) {
    if (text.isBlank()) {
      return ALL;
    }
    List<Term> terms = new ArrayList<>();
    int from = 0;
    int depth = 0;
    for (int i = 0; i <= text.length(); i++) {
      char c = i == text.length() ? ',' : text.charAt(i);
      depth += c == '(' ? 1 : c == ')' ? -1 : 0;
      if (c == ',' && (depth == 0 || i == text.length())) {
        terms.add(term(text, text.substring(from, i).trim()));
        from = i + 1;
      }
    }
    return new LabelSelector(List.copyOf(terms));
  }

  private static Term term(String selector, String text) {
    if (text.startsWith("!")) {
      return new Term(label(selector, text.substring(1)), Operator.ABSENT, Set.of());
    }
    int open = text.indexOf('(');
    if (open > 0 && text.endsWith(")")) {
      String[] words = text.substring(0, open).trim().split("\\s+", -1);
      Set<String> values = new TreeSet<>();
      for (String value : text.substring(open + 1, text.length() - 1).split(",", -1)) {
        values.add(value.trim());
      }
      if (words.length == 2 && words[1].equals("in")) {
        return new Term(label(selector, words[0]), Operator.IN, values);
      }
      if (words.length == 2 && words[1].equals("notin")) {
        return new Term(label(selector, words[0]), Operator.NOT_IN, values);
      }
      throw invalid(selector, text);
    }
    int at = text.indexOf('=');
    if (at < 0) {
      return new Term(label(selector, text), Operator.EXISTS, Set.of());
    }
    boolean not = at > 0 && text.charAt(at - 1) == '!';
    String label = text.substring(0, not ? at - 1 : at);
    String value = text.substring(text.startsWith("==", at) ? at + 2 : at + 1).trim();
    return new Term(label(selector, label), not ? Operator.NOT_IN : Operator.IN, Set.of(value));
  }

  private static String label(String selector, String text) {
    String label = text.trim();
    if (label.isEmpty()) {
      throw invalid(selector, text);
    }
    for (int i = 0; i < label.length(); i++) {
      char c = label.charAt(i);
      if (!Character.isLetterOrDigit(c) && "-_./".indexOf(c) < 0) {
        throw invalid(selector, text);
      }
    }
    return label;
  }

  private static ApiException invalid(String selector, String part) {
    return ApiException.badRequest(
        "unable to parse requirement: '" + part + "' in the label selector '" + selector + "'");
  }
}
