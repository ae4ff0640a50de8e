package io.ovenet.lab.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The fields of objects of one kind, as server-side apply sees them: which there are, what a merge
 * of two objects has, what is left without some. Objects and maps go field by field, lists by their
 * keys or as sets where the schema says so, everything else is one value. Immutable.
 */
final class Fields {
  private final Schema schema;
  private final Schema metadata;

  /**
   * @param metadata the schema of every object's metadata
   */
  Fields(Schema schema, Schema metadata) {
    this.schema = schema;
    this.metadata = metadata;
  }

  private @Nullable Schema below(String name) {
    return name.equals("metadata") ? metadata : property(schema, name);
  }

  private static @Nullable Schema property(@Nullable Schema reference, String name) {
    if (reference == null) {
      return null;
    }
    Schema schema = reference.resolve();
    Schema property = schema.properties().get(name);
    return property != null ? property : schema.additional();
  }

  /**
   * The fields of an object.
   *
   * @throws ApiException 400 for a list's entry without its keys
   */
  FieldSet of(ObjectNode object) {
    FieldSet set = new FieldSet();
    for (Map.Entry<String, JsonNode> field : object.properties()) {
      String name = field.getKey();
      if (!field.getValue().isNull() && !name.equals("apiVersion") && !name.equals("kind")) {
        collect(field.getValue(), below(name), set.below("f:" + name));
      }
    }
    return set;
  }

  private static void collect(JsonNode value, @Nullable Schema reference, FieldSet at) {
    Schema schema = reference == null ? null : reference.resolve();
    if (value instanceof ObjectNode object && !object.isEmpty() && !isAtomic(schema)) {
      for (Map.Entry<String, JsonNode> field : object.properties()) {
        if (!field.getValue().isNull()) {
          collect(
              field.getValue(), property(schema, field.getKey()), at.below("f:" + field.getKey()));
        }
      }
    } else if (value instanceof ArrayNode list
        && !list.isEmpty()
        && schema != null
        && !schema.keys().isEmpty()) {
      for (JsonNode entry : list) {
        FieldSet one = at.below(element(entry, schema.keys())).include();
        collectEntry(entry, schema.items(), one);
      }
    } else if (value instanceof ArrayNode list
        && !list.isEmpty()
        && schema != null
        && schema.isSet()) {
      list.forEach(entry -> at.below("v:" + entry).include());
    } else {
      at.include();
    }
  }

  private static void collectEntry(JsonNode entry, @Nullable Schema items, FieldSet at) {
    for (Map.Entry<String, JsonNode> field : entry.properties()) {
      if (!field.getValue().isNull()) {
        collect(field.getValue(), property(items, field.getKey()), at.below("f:" + field.getKey()));
      }
    }
  }

  private static boolean isAtomic(@Nullable Schema schema) {
    return schema != null && schema.atomicMap();
  }

  /** How an entry of a list is called in a path. */
  private static String element(JsonNode entry, List<String> keys) {
    ObjectNode named = Json.object();
    for (String key : keys) {
      JsonNode value = entry.get(key);
      if (value == null && !key.equals("protocol")) {
        throw ApiException.badRequest(
            "an entry of a list omits its key field \"" + key + "\": " + entry);
      }
      if (value == null) {
        named.put(key, "TCP"); // the default of every such field
      } else {
        named.set(key, value);
      }
    }
    return "k:" + new String(Json.bytes(named), StandardCharsets.UTF_8);
  }

  /** The object with what another one says put into it; neither is changed. */
  ObjectNode merge(ObjectNode into, ObjectNode applied) {
    ObjectNode merged = into.deepCopy();
    for (Map.Entry<String, JsonNode> field : applied.properties()) {
      if (!field.getValue().isNull()) {
        merged.set(
            field.getKey(),
            merge(merged.get(field.getKey()), field.getValue(), below(field.getKey())));
      }
    }
    return merged;
  }

  private static JsonNode merge(
      @Nullable JsonNode into, JsonNode applied, @Nullable Schema reference) {
    Schema schema = reference == null ? null : reference.resolve();
    if (into instanceof ObjectNode present
        && applied instanceof ObjectNode object
        && !isAtomic(schema)) {
      for (Map.Entry<String, JsonNode> field : object.properties()) {
        if (!field.getValue().isNull()) {
          String name = field.getKey();
          present.set(name, merge(present.get(name), field.getValue(), property(schema, name)));
        }
      }
      return present;
    }
    if (into instanceof ArrayNode present && applied instanceof ArrayNode list && schema != null) {
      if (!schema.keys().isEmpty()) {
        for (JsonNode entry : list) {
          int at = indexOf(present, element(entry, schema.keys()));
          if (at < 0) {
            present.add(entry.deepCopy());
          } else {
            present.set(at, merge(present.get(at), entry, schema.items()));
          }
        }
        return present;
      }
      if (schema.isSet()) {
        for (JsonNode entry : list) {
          if (indexOf(present, "v:" + entry) < 0) {
            present.add(entry);
          }
        }
        return present;
      }
    }
    return applied.deepCopy();
  }

  private static int indexOf(ArrayNode list, String element) {
    boolean keyed = element.startsWith("k:");
    JsonNode keys = keyed ? FieldSet.keys(element) : null;
    for (int i = 0; i < list.size(); i++) {
      JsonNode entry = list.get(i);
      boolean same = keys == null ? element.equals("v:" + entry) : matches(entry, keys);
      if (same) {
        return i;
      }
    }
    return -1;
  }

  private static boolean matches(JsonNode entry, JsonNode keys) {
    for (Map.Entry<String, JsonNode> key : keys.properties()) {
      JsonNode value = entry.get(key.getKey());
      boolean same =
          value == null
              ? key.getKey().equals("protocol") && key.getValue().asText().equals("TCP")
              : value.equals(key.getValue());
      if (!same) {
        return false;
      }
    }
    return true;
  }

  /** Those fields of one object that another lacks or has otherwise. */
  FieldSet changed(ObjectNode before, ObjectNode after) {
    FieldSet changed = new FieldSet();
    for (List<String> path : of(after).members()) {
      JsonNode old = at(before, path);
      JsonNode now = at(after, path);
      // An entry of a list is there or not; its fields are members of their own.
      boolean entry = path.getLast().startsWith("k:");
      if (old == null || (!entry && !old.equals(now))) {
        changed.add(path);
      }
    }
    return changed;
  }

  private static @Nullable JsonNode at(JsonNode root, List<String> path) {
    JsonNode at = root;
    for (String element : path) {
      if (element.startsWith("f:")) {
        at = at.get(element.substring(2));
      } else if (at instanceof ArrayNode list) {
        at = list.get(indexOf(list, element));
      } else {
        at = null;
      }
      if (at == null) {
        return null;
      }
    }
    return at;
  }

  /** Takes a field out of an object, and what has nothing left in it then. */
  static void remove(ObjectNode root, List<String> path) {
    List<JsonNode> parents = new ArrayList<>();
    JsonNode at = root;
    for (String element : path) {
      parents.add(at);
      at = at(at, List.of(element));
      if (at == null) {
        return;
      }
    }
    for (int i = path.size() - 1; i >= 0; i--) {
      JsonNode parent = parents.get(i);
      if (parent instanceof ObjectNode object) {
        object.remove(path.get(i).substring(2));
      } else if (parent instanceof ArrayNode list) {
        list.remove(indexOf(list, path.get(i)));
      }
      if (!parent.isEmpty() || (i > 0 && path.get(i - 1).startsWith("k:"))) {
        return;
      }
    }
  }
}
