package io.ovenet.lab.api;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The JSON and YAML mappers and the few ways in which objects are read. Thread-safe. */
final class Json {
  static final ObjectMapper MAPPER =
      JsonMapper.builder()
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(StreamReadFeature.USE_FAST_DOUBLE_PARSER)
          .build();
  static final ObjectMapper YAML = new ObjectMapper(new YAMLFactory());

  private Json() {}

  static ObjectNode object() {
    return MAPPER.createObjectNode();
  }

  static ArrayNode array() {
    return MAPPER.createArrayNode();
  }

  static ArrayNode array(Iterable<String> values) {
    ArrayNode array = array();
    for (String value : values) {
      array.add(value);
    }
    return array;
  }

  static byte[] bytes(JsonNode node) {
    try {
      return MAPPER.writeValueAsBytes(node);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a JSON tree could not be written", e);
    }
  }

  /** The tree of bytes that this server wrote itself. */
  static ObjectNode parse(byte[] json) {
    try {
      return (ObjectNode) MAPPER.readTree(json);
    } catch (IOException e) {
      throw new IllegalStateException("a stored object could not be read", e);
    }
  }

  /** The string at a dotted path of plain keys, or "". */
  static String text(@Nullable JsonNode node, String dottedPath) {
    JsonNode at = at(node, dottedPath);
    return at == null || at.isContainerNode() || at.isNull() ? "" : at.asText();
  }

  static @Nullable JsonNode at(@Nullable JsonNode node, String dottedPath) {
    JsonNode at = node;
    int from = 0;
    while (at != null && from <= dottedPath.length()) {
      int dot = dottedPath.indexOf('.', from);
      int end = dot < 0 ? dottedPath.length() : dot;
      at = at.get(dottedPath.substring(from, end));
      from = end + 1;
    }
    return at;
  }

  /** The entries of the array at a path; none where there is no array. */
  static Iterable<JsonNode> items(@Nullable JsonNode node, String dottedPath) {
    JsonNode at = at(node, dottedPath);
    return at != null && at.isArray() ? at : List.of();
  }

  static List<String> strings(@Nullable JsonNode array) {
    List<String> strings = new ArrayList<>();
    if (array != null && array.isArray()) {
      array.forEach(item -> strings.add(item.asText()));
    }
    return strings;
  }

  static Map<String, String> stringMap(@Nullable JsonNode node) {
    if (node == null || !node.isObject() || node.isEmpty()) {
      return Map.of();
    }
    Map<String, String> map = new LinkedHashMap<>();
    node.properties().forEach(entry -> map.put(entry.getKey(), entry.getValue().asText()));
    return map;
  }

  /** The child object of that name, made if there is none. */
  static ObjectNode child(ObjectNode parent, String name) {
    return parent.get(name) instanceof ObjectNode child ? child : parent.putObject(name);
  }
}
