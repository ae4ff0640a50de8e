package io.ovenet.lab.api;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.jspecify.annotations.Nullable;

/** JSON Patch (RFC 6902) and JSON Merge Patch (RFC 7386). */
final class JsonPatch {
  private static final int LIMIT = 10_000;

  private JsonPatch() {}

  /**
   * Applies a list of operations to a copy.
   *
   * @throws ApiException 400 for what is no patch, 422 for an operation that doesn't fit
   */
  static JsonNode apply(JsonNode target, JsonNode patch) {
    if (!patch.isArray()) {
      throw ApiException.badRequest("a JSON patch is an array of operations");
    }
    if (patch.size() > LIMIT) {
      throw new ApiException(
          413, "RequestEntityTooLarge", "a JSON patch has " + LIMIT + " operations at most");
    }
    JsonNode result = target.deepCopy();
    for (JsonNode operation : patch) {
      result = apply(result, operation.path("op").asText(), operation);
    }
    return result;
  }

  private static JsonNode apply(JsonNode root, String name, JsonNode operation) {
    JsonPointer path = pointer(operation, "path");
    return switch (name) {
      case "add" -> add(root, path, value(operation));
      case "remove" -> {
        existing(root, path);
        yield remove(root, path);
      }
      case "replace" -> {
        existing(root, path);
        yield path.matches() ? value(operation) : set(root, path, value(operation));
      }
      case "move" -> {
        JsonPointer from = pointer(operation, "from");
        JsonNode moved = existing(root, from);
        yield add(remove(root, from), path, moved);
      }
      case "copy" -> add(root, path, existing(root, pointer(operation, "from")).deepCopy());
      case "test" -> {
        if (!equal(root.at(path), value(operation))) {
          throw unprocessable("testing value " + path + " failed");
        }
        yield root;
      }
      default -> throw ApiException.badRequest("unexpected operation in a JSON patch: " + name);
    };
  }

  private static boolean equal(JsonNode left, JsonNode right) {
    return left.equals(right)
        || (left.isNumber()
            && right.isNumber()
            && left.decimalValue().compareTo(right.decimalValue()) == 0);
  }

  private static JsonPointer pointer(JsonNode operation, String field) {
    JsonNode text = operation.get(field);
    try {
      if (text == null || !text.isTextual()) {
        throw new IllegalArgumentException("missing");
      }
      return JsonPointer.compile(text.asText());
    } catch (IllegalArgumentException e) {
      throw ApiException.badRequest("a JSON patch's " + field + ": " + e.getMessage());
    }
  }

  private static JsonNode value(JsonNode operation) {
    JsonNode value = operation.get("value");
    if (value == null) {
      throw ApiException.badRequest("an operation of the JSON patch lacks its value");
    }
    return value;
  }

  private static JsonNode existing(JsonNode root, JsonPointer path) {
    JsonNode found = root.at(path);
    if (found.isMissingNode()) {
      throw unprocessable("there is nothing at " + path);
    }
    return found;
  }

  private static JsonNode add(JsonNode root, JsonPointer path, JsonNode value) {
    if (path.matches()) {
      return value;
    }
    if (root.at(path.head()) instanceof ArrayNode array) {
      String last = path.last().getMatchingProperty();
      int index = last.equals("-") ? array.size() : path.last().getMatchingIndex();
      if (index < 0 || index > array.size()) {
        throw unprocessable("no place " + last + " in the list at " + path.head());
      }
      array.insert(index, value);
      return root;
    }
    return set(root, path, value);
  }

  private static JsonNode set(JsonNode root, JsonPointer path, JsonNode value) {
    switch (root.at(path.head())) {
      case ObjectNode object -> object.set(path.last().getMatchingProperty(), value);
      case ArrayNode array -> array.set(path.last().getMatchingIndex(), value);
      default -> throw unprocessable("there is nothing at " + path.head());
    }
    return root;
  }

  private static JsonNode remove(JsonNode root, JsonPointer path) {
    if (path.matches()) {
      throw unprocessable("a patch can't remove the whole object");
    }
    switch (root.at(path.head())) {
      case ObjectNode object -> object.remove(path.last().getMatchingProperty());
      case ArrayNode array -> array.remove(path.last().getMatchingIndex());
      default -> throw unprocessable("there is nothing at " + path.head());
    }
    return root;
  }

  private static ApiException unprocessable(String message) {
    return new ApiException(
        422,
        "Invalid",
        "the server rejected our request due to an error in our request: " + message);
  }

  /** The target with a merge patch applied; the target itself may be changed by it. */
  static JsonNode merge(@Nullable JsonNode target, JsonNode patch) {
    if (!(patch instanceof ObjectNode changes)) {
      return patch;
    }
    ObjectNode result = target instanceof ObjectNode object ? object : Json.object();
    changes
        .properties()
        .forEach(
            change -> {
              if (change.getValue().isNull()) {
                result.remove(change.getKey());
              } else {
                result.set(change.getKey(), merge(result.get(change.getKey()), change.getValue()));
              }
            });
    return result;
  }
}
