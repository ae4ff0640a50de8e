package io.ovenet.cli.sysdump;

import io.ovenet.kubernetes.JsonObject;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Takes out of API objects what may be secret, and leaves that it was there: values of environment
 * variables, what virtual machines are told when they begin, and whatever is called a password, a
 * token, a key or the like. Annotations that repeat the object go altogether.
 */
final class Redaction {
  /** In the place of what was taken out. */
  static final String REMOVED = "(removed)";

  private static final Pattern SECRET =
      Pattern.compile(
          "(?i).*(password|passwd|token|credential|private-?key|api-?key|userdata|networkdata).*");

  /** Annotations that hold the whole object again. */
  private static final List<String> COPIES =
      List.of("kubectl.kubernetes.io/last-applied-configuration", "kubevirt.io/latest-observed");

  private Redaction() {}

  static Map<String, @Nullable Object> of(JsonObject object) {
    return map(object.fields(), false);
  }

  private static Map<String, @Nullable Object> map(Map<?, ?> map, boolean environment) {
    var safe = new LinkedHashMap<String, @Nullable Object>();
    map.forEach(
        (key, value) -> {
          var name = String.valueOf(key);
          if (name.equals("managedFields") || COPIES.contains(name)) {
            return;
          }
          boolean text = !(value instanceof Map || value instanceof List || value == null);
          boolean secret = SECRET.matcher(name).matches() || (environment && name.equals("value"));
          safe.put(name, text && secret ? REMOVED : value(value, name.equals("env")));
        });
    return safe;
  }

  private static @Nullable Object value(@Nullable Object value, boolean environment) {
    return switch (value) {
      case Map<?, ?> map -> map(map, environment);
      case List<?> list -> {
        var safe = new ArrayList<@Nullable Object>();
        list.forEach(element -> safe.add(value(element, environment)));
        yield safe;
      }
      case null, default -> value;
    };
  }
}
