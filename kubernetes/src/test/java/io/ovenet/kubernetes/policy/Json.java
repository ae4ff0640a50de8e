package io.ovenet.kubernetes.policy;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * JSON for tests, with bare words and single quotes besides: {@code {app: web, ports: [{port:
 * '80'}]}}. A bare word that looks like a number, true, false or null is one.
 */
final class Json {
  private final String text;
  private int at;

  private Json(String text) {
    this.text = text;
  }

  @SuppressWarnings("unchecked") // The test that passes something else than an object fails.
  static Map<String, Object> object(String text) {
    return (Map<String, Object>) java.util.Objects.requireNonNull(new Json(text).value());
  }

  private @Nullable Object value() {
    return switch (peek()) {
      case '{' -> map();
      case '[' -> list();
      case '\'', '"' -> quoted();
      default -> word();
    };
  }

  private Map<String, @Nullable Object> map() {
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    at++;
    while (peek() != '}') {
      String key = peek() == '\'' || peek() == '"' ? quoted() : bare(":");
      expect(':');
      map.put(key, value());
      if (peek() == ',') {
        at++;
      }
    }
    at++;
    return map;
  }

  private List<@Nullable Object> list() {
    List<@Nullable Object> list = new ArrayList<>();
    at++;
    while (peek() != ']') {
      list.add(value());
      if (peek() == ',') {
        at++;
      }
    }
    at++;
    return list;
  }

  private String quoted() {
    char quote = text.charAt(at);
    int end = text.indexOf(quote, at + 1);
    String quoted = text.substring(at + 1, end);
    at = end + 1;
    return quoted;
  }

  private @Nullable Object word() {
    String word = bare(",]}");
    return switch (word) {
      case "null" -> null;
      case "true" -> true;
      case "false" -> false;
      default -> word.matches("-?[0-9]+") ? Integer.valueOf(word) : word;
    };
  }

  private String bare(String ends) {
    int start = at;
    while (at < text.length() && ends.indexOf(text.charAt(at)) < 0) {
      at++;
    }
    return text.substring(start, at).strip();
  }

  private char peek() {
    while (Character.isWhitespace(text.charAt(at))) {
      at++;
    }
    return text.charAt(at);
  }

  private void expect(char c) {
    if (peek() != c) {
      throw new IllegalArgumentException("no '" + c + "' at " + at + " of " + text);
    }
    at++;
  }
}
