package io.ovenet.kubernetes.policy;

import io.ovenet.policy.PolicyException;
import io.ovenet.policy.PolicyNotice;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A value in a document and where it stands. A field that is null is as if absent, as in Go. All
 * accessors throw {@link PolicyException} where the value has another type.
 */
public final class Field {
  private static final int NO_INDEX = -1;

  private final @Nullable Field parent;
  private final String key;
  private final int index;
  private final @Nullable Object value;

  private Field(@Nullable Field parent, String key, int index, @Nullable Object value) {
    this.parent = parent;
    this.key = key;
    this.index = index;
    this.value = value;
  }

  /**
   * A value that stands there.
   *
   * @param path empty for a whole document
   */
  public Field(String path, @Nullable Object value) {
    this(null, path, NO_INDEX, value);
  }

  /** Where it stands. Put together only when it is asked for: most fields have no error. */
  public String path() {
    if (parent == null) {
      return key;
    }
    String before = parent.path();
    return index != NO_INDEX
        ? before + "[" + index + "]"
        : before.isEmpty() ? key : before + "." + key;
  }

  public @Nullable Object value() {
    return value;
  }

  public boolean present() {
    return value != null;
  }

  /** The member of an object; absent if this is absent, too. */
  public Field get(String key) {
    if (value != null && !(value instanceof Map<?, ?>)) {
      throw wrongType("an object");
    }
    return new Field(this, key, NO_INDEX, value instanceof Map<?, ?> map ? map.get(key) : null);
  }

  /** The members of an object by name, none if absent. */
  public Map<String, @Nullable Object> object() {
    if (value == null) {
      return Map.of();
    }
    if (!(value instanceof Map<?, ?> map)) {
      throw wrongType("an object");
    }
    Map<String, @Nullable Object> members = new TreeMap<>();
    map.forEach((key, member) -> members.put(String.valueOf(key), member));
    return members;
  }

  /** The items of a list, none if absent. */
  public List<Field> items() {
    if (value == null) {
      return List.of();
    }
    if (!(value instanceof List<?> list)) {
      throw wrongType("a list");
    }
    List<Field> items = new ArrayList<>(list.size());
    for (int i = 0; i < list.size(); i++) {
      Object item = list.get(i);
      if (item == null) {
        throw error("item " + i + " is null", "remove it");
      }
      items.add(new Field(this, "", i, item));
    }
    return items;
  }

  /** An item that has to be an object. */
  public Field requireObject() {
    if (!(value instanceof Map<?, ?>)) {
      throw wrongType("an object");
    }
    return this;
  }

  public String string() {
    if (value instanceof String text) {
      return text;
    }
    throw wrongType("a string");
  }

  public String stringOr(String absent) {
    return value == null ? absent : string();
  }

  public boolean bool() {
    if (value instanceof Boolean bool) {
      return bool;
    }
    throw wrongType("true or false");
  }

  public int integer(int min, int max) {
    if (value instanceof Number number
        && number.doubleValue() == number.longValue()
        && number.longValue() >= min
        && number.longValue() <= max) {
      return number.intValue();
    }
    throw value instanceof Number
        ? error("out of range: " + value, "give a whole number from " + min + " to " + max)
        : wrongType("a number");
  }

  /** Refuses members that are not among these: a misspelt one would be left out in silence. */
  public void only(Set<String> known) {
    requireObject();
    if (value instanceof Map<?, ?> map && known.containsAll(map.keySet())) {
      return;
    }
    for (String key : object().keySet()) {
      if (!known.contains(key)) {
        throw get(key).error("unknown field", "use one of " + new java.util.TreeSet<>(known));
      }
    }
  }

  public PolicyException error(String message, String remedy) {
    return new PolicyException(notice(message, remedy));
  }

  public PolicyNotice notice(String message, String remedy) {
    return new PolicyNotice(path(), message, remedy);
  }

  private PolicyException wrongType(String wanted) {
    if (value == null) {
      return error("missing", "give " + wanted);
    }
    String is =
        switch (value) {
          case Map<?, ?> _ -> "an object";
          case List<?> _ -> "a list";
          case String _ -> "a string";
          case Number _ -> "a number";
          case Boolean _ -> "a boolean";
          default -> value.getClass().getSimpleName();
        };
    return error("wrong type: " + is, "give " + wanted);
  }
}
