package io.ovenet.lab.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A set of an object's fields in the form that {@code managedFields} has (Kubernetes API,
 * FieldsV1): {@code f:NAME} is a field, {@code k:{"KEY":VALUE}} an entry of a list by its keys,
 * {@code v:VALUE} one of a set, {@code .} says that what has fields below is a member, too. Used by
 * one thread.
 */
final class FieldSet {
  private static final String SELF = ".";

  private final Map<String, FieldSet> below = new TreeMap<>();
  private boolean member;

  static FieldSet parse(JsonNode fields) {
    FieldSet set = new FieldSet();
    for (Map.Entry<String, JsonNode> field : fields.properties()) {
      if (field.getKey().equals(SELF)) {
        set.member = true;
      } else {
        FieldSet child = parse(field.getValue());
        child.member |= field.getValue().isEmpty();
        set.below.put(field.getKey(), child);
      }
    }
    return set;
  }

  ObjectNode write() {
    ObjectNode fields = Json.object();
    if (member && !below.isEmpty()) {
      fields.putObject(SELF);
    }
    below.forEach((name, child) -> fields.set(name, child.write()));
    return fields;
  }

  /** The part of it below an element of a path, made if there is none. */
  FieldSet below(String element) {
    return below.computeIfAbsent(element, name -> new FieldSet());
  }

  /** Makes what this part stands for a member. */
  FieldSet include() {
    member = true;
    return this;
  }

  boolean isEmpty() {
    return !member && below.isEmpty();
  }

  /** Whether a path, or anything below it, is in the set. */
  boolean touches(List<String> path) {
    FieldSet at = find(path);
    return at != null && !at.isEmpty();
  }

  boolean has(List<String> path) {
    FieldSet at = find(path);
    return at != null && at.member;
  }

  private @Nullable FieldSet find(List<String> path) {
    FieldSet at = this;
    for (String element : path) {
      at = at.below.get(element);
      if (at == null) {
        return null;
      }
    }
    return at;
  }

  void add(List<String> path) {
    FieldSet at = this;
    for (String element : path) {
      at = at.below(element);
    }
    at.member = true;
  }

  void add(FieldSet other) {
    other.members().forEach(this::add);
  }

  /** Takes a path and all below it out. */
  void remove(List<String> path) {
    if (path.isEmpty()) {
      member = false;
      below.clear();
      return;
    }
    FieldSet child = below.get(path.getFirst());
    if (child != null) {
      child.remove(path.subList(1, path.size()));
      if (child.isEmpty()) {
        below.remove(path.getFirst());
      }
    }
  }

  /** The paths of all members, each before those below it. */
  List<List<String>> members() {
    List<List<String>> all = new ArrayList<>();
    collect(new ArrayList<>(), all);
    return all;
  }

  private void collect(List<String> path, List<List<String>> into) {
    if (member) {
      into.add(List.copyOf(path));
    }
    below.forEach(
        (name, child) -> {
          path.add(name);
          child.collect(path, into);
          path.removeLast();
        });
  }

  /** A path as people write it: {@code .spec.containers[name="web"].image}. */
  static String describe(List<String> path) {
    StringBuilder text = new StringBuilder();
    for (String element : path) {
      String rest = element.substring(2);
      switch (element.charAt(0)) {
        case 'f' -> text.append('.').append(rest);
        case 'k' -> {
          text.append('[');
          String separator = "";
          for (Map.Entry<String, JsonNode> key : keys(element).properties()) {
            text.append(separator).append(key.getKey()).append('=').append(key.getValue());
            separator = ",";
          }
          text.append(']');
        }
        default -> text.append('[').append('=').append(rest).append(']');
      }
    }
    return text.toString();
  }

  /** The keys that a list's entry is known by. */
  static JsonNode keys(String element) {
    return Json.parse(element.substring(2).getBytes(java.nio.charset.StandardCharsets.UTF_8));
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof FieldSet set && set.member == member && set.below.equals(below);
  }

  @Override
  public int hashCode() {
    return below.hashCode() * 2 + (member ? 1 : 0);
  }
}
