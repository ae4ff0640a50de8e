package io.ovenet.kubernetes;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A JSON object read without trust: a missing field, a null and a value of the wrong type are all
 * answered by emptiness, since an object of the API must never stop its reader.
 *
 * @param fields unmodifiable; values are maps, lists, {@link String}, {@link Long}, {@link Double},
 *     {@link Boolean} or null
 */
public record JsonObject(Map<String, @Nullable Object> fields) {
  public static final JsonObject EMPTY = new JsonObject(Map.of());

  /** The string, or "" where there is none. */
  public String string(String name) {
    return fields.get(name) instanceof String s ? s : "";
  }

  public boolean bool(String name) {
    return fields.get(name) instanceof Boolean b && b;
  }

  /** The integer, or 0 where there is none. */
  public long integer(String name) {
    return fields.get(name) instanceof Long l ? l : 0;
  }

  public JsonObject object(String name) {
    return of(fields.get(name));
  }

  /** The elements that are objects. */
  public List<JsonObject> objects(String name) {
    if (!(fields.get(name) instanceof List<?> list)) {
      return List.of();
    }
    var objects = new ArrayList<JsonObject>(list.size());
    for (var element : list) {
      if (element instanceof Map<?, ?>) {
        objects.add(of(element));
      }
    }
    return objects;
  }

  /** The elements that are strings. */
  public List<String> strings(String name) {
    if (!(fields.get(name) instanceof List<?> list)) {
      return List.of();
    }
    var strings = new ArrayList<String>(list.size());
    for (var element : list) {
      if (element instanceof String s) {
        strings.add(s);
      }
    }
    return strings;
  }

  /** The members of an object that are strings. */
  public Map<String, String> stringMap(String name) {
    if (!(fields.get(name) instanceof Map<?, ?> map) || map.isEmpty()) {
      return Map.of();
    }
    var strings = new LinkedHashMap<String, String>();
    map.forEach(
        (key, value) -> {
          if (key instanceof String k && value instanceof String v) {
            strings.put(k, v);
          }
        });
    return strings;
  }

  /** Any value as an object, the empty one where it is none. */
  @SuppressWarnings("unchecked") // objects come from Json.parse, whose maps have string keys
  public static JsonObject of(@Nullable Object value) {
    return value instanceof Map<?, ?> map
        ? new JsonObject((Map<String, @Nullable Object>) map)
        : EMPTY;
  }
}
