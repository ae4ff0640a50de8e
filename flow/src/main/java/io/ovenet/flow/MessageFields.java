package io.ovenet.flow;

import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import java.util.List;
import java.util.Map;

/**
 * A message's fields from maps, lists, texts, numbers and booleans, as JSON and YAML give them: by
 * the names of the .proto file or their camel case, enums by name or number, 64-bit numbers as
 * texts, too.
 */
public final class MessageFields {
  private MessageFields() {}

  /**
   * Sets fields.
   *
   * @param path what is named in errors
   * @throws IllegalArgumentException naming the field and what is wrong with it
   */
  public static void merge(Message.Builder message, Map<?, ?> fields, String path) {
    for (Map.Entry<?, ?> entry : fields.entrySet()) {
      FieldDescriptor field = field(message, String.valueOf(entry.getKey()), path);
      String inner = path + "." + entry.getKey();
      Object value = entry.getValue();
      if (value == null) {
        continue;
      }
      if (!field.isRepeated()) {
        message.setField(field, value(message, field, value, inner));
        continue;
      }
      if (!(value instanceof List<?> list)) {
        throw new IllegalArgumentException(inner + " is no list");
      }
      for (Object element : list) {
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
      Message.Builder message, FieldDescriptor field, Object value, String path) {
    return switch (field.getJavaType()) {
      case MESSAGE -> {
        if (!(value instanceof Map<?, ?> fields)) {
          throw new IllegalArgumentException(path + " is no object");
        }
        Message.Builder inner = message.newBuilderForField(field);
        merge(inner, fields, path);
        yield inner.build();
      }
      case ENUM -> constant(field, value, path);
      case STRING -> {
        if (!(value instanceof String)) {
          throw new IllegalArgumentException(path + " is not text");
        }
        yield value;
      }
      case BOOLEAN -> {
        if (!(value instanceof Boolean)) {
          throw new IllegalArgumentException(path + " is not true or false");
        }
        yield value;
      }
      case INT -> (int) number(value, path);
      case LONG -> number(value, path);
      case FLOAT, DOUBLE, BYTE_STRING ->
          throw new IllegalArgumentException(path + " has a type that no filter has");
    };
  }

  private static EnumValueDescriptor constant(FieldDescriptor field, Object value, String path) {
    EnumValueDescriptor found =
        value instanceof Integer number
            ? field.getEnumType().findValueByNumber(number)
            : field.getEnumType().findValueByName(String.valueOf(value));
    if (found == null) {
      throw new IllegalArgumentException(
          path + ": " + value + " is no " + field.getEnumType().getName());
    }
    return found;
  }

  private static long number(Object value, String path) {
    if (value instanceof Integer || value instanceof Long) {
      return ((Number) value).longValue();
    }
    try {
      return Long.parseUnsignedLong(String.valueOf(value));
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(path + ": " + value + " is no number", e);
    }
  }
}
