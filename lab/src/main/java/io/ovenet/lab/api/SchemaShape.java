package io.ovenet.lab.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Brings an object into the shape of its schema: unknown fields go, defaults come. */
final class SchemaShape {
  private SchemaShape() {}

  /**
   * Removes what the schema doesn't know and gives its paths.
   *
   * @param path of the object itself; "" for a whole one, whose metadata is left alone
   */
  static List<String> prune(ObjectNode object, Schema schema, String path) {
    List<String> unknown = new ArrayList<>();
    prune(object, schema, path, unknown);
    return unknown;
  }

  private static void prune(JsonNode value, Schema reference, String path, List<String> unknown) {
    Schema schema = reference.resolve();
    if (value instanceof ArrayNode array) {
      if (schema.items() != null) {
        for (int i = 0; i < array.size(); i++) {
          prune(array.get(i), schema.items(), path + "[" + i + "]", unknown);
        }
      }
      return;
    }
    if (!(value instanceof ObjectNode object)) {
      return;
    }
    for (Iterator<Map.Entry<String, JsonNode>> fields = object.properties().iterator();
        fields.hasNext(); ) {
      Map.Entry<String, JsonNode> field = fields.next();
      String name = field.getKey();
      if (ofEveryObject(schema, path, name)) {
        continue;
      }
      String fieldPath = path.isEmpty() ? name : path + "." + name;
      Schema property = schema.properties().get(name);
      if (property == null) {
        property = schema.additional();
      }
      if (property != null) {
        prune(field.getValue(), property, fieldPath, unknown);
      } else if (!schema.preserve()) {
        unknown.add(fieldPath);
        fields.remove();
      }
    }
  }

  /** What every whole object has is judged apart, whatever the schema says about it. */
  private static boolean ofEveryObject(Schema schema, String path, String name) {
    return (schema.embedded() || path.isEmpty())
        && (name.equals("apiVersion") || name.equals("kind") || name.equals("metadata"));
  }

  /** Drops nulls that mean "absent" and fills in defaults. */
  static void complete(ObjectNode object, Schema schema) {
    complete((JsonNode) object, schema);
  }

  private static void complete(JsonNode value, Schema reference) {
    Schema schema = reference.resolve();
    if (value instanceof ArrayNode array) {
      if (schema.items() != null) {
        for (JsonNode item : array) {
          complete(item, schema.items());
        }
      }
      return;
    }
    if (!(value instanceof ObjectNode object)) {
      return;
    }
    for (Map.Entry<String, Schema> entry : schema.properties().entrySet()) {
      JsonNode child = object.get(entry.getKey());
      Schema property = entry.getValue();
      if (child != null && child.isNull() && !property.resolve().nullable()) {
        object.remove(entry.getKey());
        child = null;
      }
      @Nullable JsonNode otherwise = property.defaultValue();
      if (child == null && otherwise != null) {
        object.set(entry.getKey(), otherwise.deepCopy());
        child = object.get(entry.getKey());
      }
      if (child != null) {
        complete(child, property);
      }
    }
    Schema additional = schema.additional();
    if (additional != null) {
      for (Map.Entry<String, JsonNode> field : object.properties()) {
        if (!schema.properties().containsKey(field.getKey())) {
          complete(field.getValue(), additional);
        }
      }
    }
  }
}
