package io.ovenet.lab.api;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The part of Kubernetes' JSONPath that printer columns use: {@code .spec.a}, {@code ['a.b']},
 * {@code \.} for a dot in a key, {@code [0]}, {@code [-1]}, {@code [*]}, {@code [?(@.type=="x")]}
 * and {@code ..} is not among it.
 */
record JsonPath(List<Step> steps) {
  /** One step down. */
  sealed interface Step {
    /** Into a field. */
    record Field(String name) implements Step {}

    /** To an entry of an array; negative counts from the end. */
    record Index(int index) implements Step {}

    /** To all entries. */
    record Every() implements Step {}

    /** To the entries of which a field has a value (or has another, if not equal). */
    record Where(JsonPath field, boolean equal, String value) implements Step {}
  }

  JsonPath {
    steps = List.copyOf(steps);
  }

  /**
   * Parses a path, with or without braces and the leading dot.
   *
   * @throws IllegalArgumentException if it is none, or uses what is not supported here
   */
  static JsonPath parse(String text) {
    String path = text.trim();
    if (path.startsWith("{") && path.endsWith("}")) {
      path = path.substring(1, path.length() - 1);
    }
    if (path.startsWith("$")) {
      path = path.substring(1);
    }
    List<Step> steps = new ArrayList<>();
    int at = 0;
    while (at < path.length()) {
      if (path.charAt(at) == '[') {
        int end = closing(path, at);
        steps.add(bracket(path.substring(at + 1, end).trim()));
        at = end + 1;
        continue;
      }
      if (path.charAt(at) == '.') {
        at++;
      } else if (at > 0) {
        throw new IllegalArgumentException("JSONPath " + text + ": unexpected at " + at);
      }
      StringBuilder name = new StringBuilder();
      while (at < path.length() && path.charAt(at) != '.' && path.charAt(at) != '[') {
        if (path.charAt(at) == '\\' && at + 1 < path.length()) {
          at++;
        }
        name.append(path.charAt(at++));
      }
      if (!name.isEmpty()) {
        steps.add(name.toString().equals("*") ? new Step.Every() : new Step.Field(name.toString()));
      } else if (at < path.length() && path.charAt(at) == '.') {
        throw new IllegalArgumentException("JSONPath " + text + ": '..' is not supported");
      }
    }
    return new JsonPath(steps);
  }

  private static int closing(String path, int open) {
    char quote = 0;
    for (int i = open + 1; i < path.length(); i++) {
      char c = path.charAt(i);
      if (quote != 0) {
        quote = c == quote ? 0 : quote;
      } else if (c == '\'' || c == '"') {
        quote = c;
      } else if (c == ']') {
        return i;
      }
    }
    throw new IllegalArgumentException("JSONPath " + path + ": '[' is not closed");
  }

  private static Step bracket(String inner) {
    if (inner.equals("*")) {
      return new Step.Every();
    }
    if (inner.startsWith("?(") && inner.endsWith(")")) {
      String test = inner.substring(2, inner.length() - 1).trim();
      int at = test.indexOf("==");
      boolean equal = at >= 0;
      at = equal ? at : test.indexOf("!=");
      if (at < 0 || !test.startsWith("@")) {
        throw new IllegalArgumentException("JSONPath filter " + inner + " is not supported");
      }
      return new Step.Where(
          parse(test.substring(1, at).trim()), equal, unquote(test.substring(at + 2).trim()));
    }
    if (inner.startsWith("'") || inner.startsWith("\"")) {
      return new Step.Field(unquote(inner));
    }
    try {
      return new Step.Index(Integer.parseInt(inner));
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("JSONPath [" + inner + "] is not supported", e);
    }
  }

  private static String unquote(String text) {
    return text.length() >= 2 && (text.startsWith("'") || text.startsWith("\""))
        ? text.substring(1, text.length() - 1)
        : text;
  }

  /** All values that the path leads to. */
  List<JsonNode> find(JsonNode root) {
    List<JsonNode> at = List.of(root);
    for (Step step : steps) {
      List<JsonNode> next = new ArrayList<>();
      for (JsonNode node : at) {
        step(step, node, next);
      }
      at = next;
    }
    return at;
  }

  /** The first value, or null. */
  @Nullable JsonNode first(JsonNode root) {
    List<JsonNode> found = find(root);
    return found.isEmpty() || found.getFirst().isNull() ? null : found.getFirst();
  }

  private static void step(Step step, JsonNode node, List<JsonNode> into) {
    switch (step) {
      case Step.Field(String name) -> {
        JsonNode child = node.get(name);
        if (child != null) {
          into.add(child);
        }
      }
      case Step.Index(int index) -> {
        JsonNode child = node.isArray() ? node.get(index < 0 ? node.size() + index : index) : null;
        if (child != null) {
          into.add(child);
        }
      }
      case Step.Every() -> node.forEach(into::add);
      case Step.Where(JsonPath field, boolean equal, String value) -> {
        for (JsonNode child : node) {
          JsonNode found = field.first(child);
          if (found != null && found.asText().equals(value) == equal) {
            into.add(child);
          }
        }
      }
    }
  }
}
