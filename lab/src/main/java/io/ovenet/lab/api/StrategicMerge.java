package io.ovenet.lab.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Kubernetes' strategic merge patch: as a merge patch, but lists whose schema names a merge key are
 * merged entry by entry. Directives: {@code $patch: delete|replace|merge}, {@code
 * $deleteFromPrimitiveList/field}, {@code $setElementOrder/field}, {@code $retainKeys}.
 */
final class StrategicMerge {
  private static final String PATCH = "$patch";
  private static final String DELETE_FROM = "$deleteFromPrimitiveList/";
  private static final String ORDER = "$setElementOrder/";
  private static final String RETAIN = "$retainKeys";

  private StrategicMerge() {}

  /**
   * The target with the patch applied; the target itself may be changed by it.
   *
   * @throws ApiException 400 for a directive that can't be followed
   */
  static ObjectNode apply(ObjectNode target, ObjectNode patch, @Nullable Schema reference) {
    String directive = patch.path(PATCH).asText("merge");
    if (directive.equals("replace")) {
      ObjectNode whole = patch.deepCopy();
      whole.remove(PATCH);
      return whole;
    }
    if (directive.equals("delete")) {
      return Json.object();
    }
    if (!directive.equals("merge")) {
      throw ApiException.badRequest("unknown $patch: " + directive);
    }
    Schema schema = reference == null ? null : reference.resolve();
    retain(target, patch.get(RETAIN));
    for (Map.Entry<String, JsonNode> change : patch.properties()) {
      String name = change.getKey();
      if (name.startsWith(DELETE_FROM)) {
        deleteFrom(target, name.substring(DELETE_FROM.length()), change.getValue());
      } else if (!name.startsWith("$")) {
        field(target, name, change.getValue(), schema == null ? null : property(schema, name));
      }
    }
    for (Map.Entry<String, JsonNode> change : patch.properties()) {
      String name = change.getKey();
      if (name.startsWith(ORDER)) {
        String field = name.substring(ORDER.length());
        Schema property = schema == null ? null : property(schema, field);
        order(target, field, change.getValue(), property == null ? "" : property.mergeKey());
      }
    }
    return target;
  }

  private static @Nullable Schema property(Schema schema, String name) {
    Schema property = schema.properties().get(name);
    return property != null ? property : schema.additional();
  }

  private static void field(
      ObjectNode target, String name, JsonNode value, @Nullable Schema schema) {
    JsonNode current = target.get(name);
    if (value.isNull()) {
      target.remove(name);
    } else if (value instanceof ObjectNode object) {
      ObjectNode into = current instanceof ObjectNode present ? present : Json.object();
      ObjectNode merged = apply(into, object, schema);
      if (object.path(PATCH).asText().equals("delete")) {
        target.remove(name);
      } else {
        target.set(name, merged);
      }
    } else if (value instanceof ArrayNode list && schema != null && schema.merges()) {
      ArrayNode into = current instanceof ArrayNode present ? present : Json.array();
      target.set(
          name,
          schema.mergeKey().isEmpty()
              ? union(into, list)
              : list(into, list, schema.mergeKey(), schema.items()));
    } else {
      target.set(name, value.deepCopy());
    }
  }

  private static ArrayNode union(ArrayNode into, ArrayNode values) {
    Set<JsonNode> present = new HashSet<>();
    into.forEach(present::add);
    for (JsonNode value : values) {
      if (present.add(value)) {
        into.add(value);
      }
    }
    return into;
  }

  private static ArrayNode list(
      ArrayNode into, ArrayNode patches, String key, @Nullable Schema items) {
    for (JsonNode patch : patches) {
      if (patch.path(PATCH).asText().equals("replace")) {
        ArrayNode whole = Json.array();
        for (JsonNode other : patches) {
          if (!other.has(PATCH)) {
            whole.add(other.deepCopy());
          }
        }
        return whole;
      }
    }
    for (JsonNode patch : patches) {
      JsonNode wanted = patch.get(key);
      if (!(patch instanceof ObjectNode change) || wanted == null) {
        throw ApiException.badRequest(
            "map: " + patch + " does not contain declared merge key: " + key);
      }
      int at = indexOf(into, key, wanted);
      if (patch.path(PATCH).asText().equals("delete")) {
        while (at >= 0) {
          into.remove(at);
          at = indexOf(into, key, wanted);
        }
      } else if (at >= 0 && into.get(at) instanceof ObjectNode present) {
        into.set(at, apply(present, change, items));
      } else {
        into.add(apply(Json.object(), change, items));
      }
    }
    return into;
  }

  private static int indexOf(ArrayNode list, String key, JsonNode wanted) {
    for (int i = 0; i < list.size(); i++) {
      if (wanted.equals(list.get(i).get(key))) {
        return i;
      }
    }
    return -1;
  }

  private static void deleteFrom(ObjectNode target, String field, JsonNode values) {
    if (target.get(field) instanceof ArrayNode list) {
      Set<JsonNode> gone = new HashSet<>();
      values.forEach(gone::add);
      ArrayNode left = Json.array();
      for (JsonNode value : list) {
        if (!gone.contains(value)) {
          left.add(value);
        }
      }
      target.set(field, left);
    }
  }

  /** Sorts what the order names; what it doesn't name stays behind its former neighbours. */
  private static void order(ObjectNode target, String field, JsonNode order, String key) {
    if (!(target.get(field) instanceof ArrayNode list)) {
      return;
    }
    Map<JsonNode, Integer> ranks = new HashMap<>();
    for (JsonNode entry : order) {
      ranks.put(key.isEmpty() ? entry : entry.path(key), ranks.size());
    }
    List<JsonNode> named = new ArrayList<>();
    for (JsonNode entry : list) {
      if (ranks.containsKey(key.isEmpty() ? entry : entry.path(key))) {
        named.add(entry);
      }
    }
    named.sort(
        (left, right) ->
            Integer.compare(
                ranks.getOrDefault(key.isEmpty() ? left : left.path(key), 0),
                ranks.getOrDefault(key.isEmpty() ? right : right.path(key), 0)));
    ArrayNode sorted = Json.array();
    int next = 0;
    for (JsonNode entry : list) {
      boolean isNamed = ranks.containsKey(key.isEmpty() ? entry : entry.path(key));
      sorted.add(isNamed ? named.get(next++) : entry);
    }
    target.set(field, sorted);
  }

  private static void retain(ObjectNode target, @Nullable JsonNode keys) {
    if (keys != null) {
      target.retain(Json.strings(keys));
    }
  }
}
