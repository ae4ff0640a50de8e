package io.ovenet.policy.naive;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Looks into parsed JSON that is known to be a valid policy. */
final class Doc {
  private Doc() {}

  /** The member, null if it is absent or null. */
  static @Nullable Object get(Object object, String key) {
    return ((Map<?, ?>) object).get(key);
  }

  static boolean has(Object object, String key) {
    return get(object, key) != null;
  }

  /** The list, empty if absent. */
  static List<?> list(Object object, String key) {
    Object list = get(object, key);
    return list == null ? List.of() : (List<?>) list;
  }

  /** The string, empty if absent. */
  static String text(Object object, String key) {
    Object text = get(object, key);
    return text == null ? "" : text.toString();
  }
}
