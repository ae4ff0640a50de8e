package io.ovenet.cli.hubble;

import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import io.ovenet.flow.FlowJson;
import java.util.Collection;
import java.util.List;

/**
 * Messages in proto3's JSON, indented: enums by name, 64-bit numbers as strings, and what is zero
 * or empty left out.
 */
final class IndentedJson {
  private IndentedJson() {}

  static String of(Collection<? extends Message> messages) {
    var json = new StringBuilder();
    if (messages.isEmpty()) {
      return "null";
    }
    json.append("[");
    String separator = "\n  ";
    for (Message message : messages) {
      json.append(separator);
      write(json, message, "  ");
      separator = ",\n  ";
    }
    return json.append("\n]").toString();
  }

  private static void write(StringBuilder json, Message message, String indent) {
    json.append('{');
    String separator = "\n";
    for (FieldDescriptor field : message.getDescriptorForType().getFields()) {
      if (field.isRepeated()
          ? message.getRepeatedFieldCount(field) == 0
          : !message.hasField(field)) {
        continue;
      }
      json.append(separator).append(indent).append("  \"").append(field.getName()).append("\": ");
      Object value = message.getField(field);
      if (value instanceof List<?> list) {
        json.append('[');
        String comma = "\n" + indent + "    ";
        for (Object each : list) {
          json.append(comma);
          value(json, field, each, indent + "    ");
          comma = ",\n" + indent + "    ";
        }
        json.append('\n').append(indent).append("  ]");
      } else {
        value(json, field, value, indent + "  ");
      }
      separator = ",\n";
    }
    if (separator.length() > 1) {
      json.append('\n').append(indent);
    }
    json.append('}');
  }

  private static void value(
      StringBuilder json, FieldDescriptor field, Object value, String indent) {
    switch (value) {
      case Message message -> write(json, message, indent);
      case EnumValueDescriptor constant -> FlowJson.quote(json, constant.getName());
      case String text -> FlowJson.quote(json, text);
      case Long number when field.getType() == FieldDescriptor.Type.UINT64 ->
          FlowJson.quote(json, Long.toUnsignedString(number));
      default -> json.append(value);
    }
  }
}
