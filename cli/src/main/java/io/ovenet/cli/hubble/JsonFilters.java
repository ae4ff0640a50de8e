package io.ovenet.cli.hubble;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import io.ovenet.api.flow.FlowFilter;
import java.util.Map;

/** A FlowFilter in proto3's JSON, by the names of the .proto file or their camel case. */
final class JsonFilters {
  private JsonFilters() {}

  /**
   * Parses a filter.
   *
   * @param option named in the error
   */
  static FlowFilter parse(String json, String option) {
    var filter = FlowFilter.newBuilder();
    try {
      merge(filter, new ObjectMapper().readTree(json), "filter");
    } catch (JsonProcessingException e) {
      throw new HubbleException(option + ": no JSON: " + e.getOriginalMessage(), e);
    } catch (IllegalArgumentException e) {
      throw new HubbleException(option + ": " + e.getMessage(), e);
    }
    return filter.build();
  }

  private static void merge(Message.Builder message, JsonNode json, String path) {
    if (!json.isObject()) {
      throw new IllegalArgumentException(path + " is no object");
    }
    for (Map.Entry<String, JsonNode> entry : json.properties()) {
      FieldDescriptor field = field(message, entry.getKey(), path);
      String inner = path + "." + entry.getKey();
      if (entry.getValue().isNull()) {
        continue;
      }
      if (!field.isRepeated()) {
        message.setField(field, value(message, field, entry.getValue(), inner));
        continue;
      }
      if (!entry.getValue().isArray()) {
        throw new IllegalArgumentException(inner + " is no list");
      }
      for (JsonNode element : entry.getValue()) {
        message.addRepeatedField(field, value(message, field, element, inner));
      }
    }
  }

  private static FieldDescriptor field(Message.Builder message, String name, String path) {
    for (FieldDescriptor field : message.getDescriptorForType().getFields()) {
      if (field.getName().equals(name) || field.getJsonName().equals(name)) {
        return field;
      }
    }
    throw new IllegalArgumentException(path + " has no field " + name);
  }

  private static Object value(
      Message.Builder message, FieldDescriptor field, JsonNode json, String path) {
    return switch (field.getJavaType()) {
      case MESSAGE -> {
        Message.Builder inner = message.newBuilderForField(field);
        merge(inner, json, path);
        yield inner.build();
      }
      case ENUM -> constant(field, json, path);
      case STRING -> required(json.isTextual(), path, "text") ? json.asText() : "";
      case BOOLEAN -> required(json.isBoolean(), path, "true or false") && json.asBoolean();
      case INT -> (int) number(json, path);
      case LONG -> number(json, path);
      case FLOAT, DOUBLE, BYTE_STRING ->
          throw new IllegalArgumentException(path + " has a type that no filter has");
    };
  }

  private static EnumValueDescriptor constant(FieldDescriptor field, JsonNode json, String path) {
    EnumValueDescriptor value =
        json.isInt()
            ? field.getEnumType().findValueByNumber(json.asInt())
            : field.getEnumType().findValueByName(json.asText());
    if (value == null) {
      throw new IllegalArgumentException(
          path + ": " + json + " is no " + field.getEnumType().getName());
    }
    return value;
  }

  private static long number(JsonNode json, String path) {
    if (json.isIntegralNumber()) {
      return json.asLong();
    }
    try {
      return Long.parseUnsignedLong(json.asText()); // 64 bits are strings in proto3's JSON
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(path + ": " + json + " is no number", e);
    }
  }

  private static boolean required(boolean is, String path, String what) {
    if (!is) {
      throw new IllegalArgumentException(path + " is not " + what);
    }
    return true;
  }
}
