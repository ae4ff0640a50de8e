package io.ovenet.flow;

import com.google.protobuf.Any;
import com.google.protobuf.BoolValue;
import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Int32Value;
import com.google.protobuf.Message;
import com.google.protobuf.Timestamp;
import com.google.protobuf.UInt32Value;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Base64;
import java.util.List;
import java.util.Locale;

/**
 * Proto3's JSON on one line, byte for byte as Hubble's command writes it: fields in the order of
 * the .proto file under their names there, 64-bit numbers as strings, and {@code <}, {@code >},
 * {@code &} as Go's encoder escapes them.
 */
public final class FlowJson {
  private static final DateTimeFormatter SECONDS =
      DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss", Locale.ROOT).withZone(ZoneOffset.UTC);

  private FlowJson() {}

  /** A message as a line, without the end of the line. */
  public static String of(Message message) {
    var json = new StringBuilder(512);
    write(json, message);
    return json.toString();
  }

  private static void write(StringBuilder json, Message message) {
    switch (message) {
      case Timestamp time -> quote(json, time(time));
      case BoolValue value -> json.append(value.getValue());
      case UInt32Value value -> json.append(Integer.toUnsignedLong(value.getValue()));
      case Int32Value value -> json.append(value.getValue());
      case Any any -> {
        json.append("{\"@type\":");
        quote(json, any.getTypeUrl());
        json.append(",\"value\":");
        base64(json, any.getValue());
        json.append('}');
      }
      default -> fields(json, message);
    }
  }

  private static void fields(StringBuilder json, Message message) {
    json.append('{');
    boolean any = false;
    for (FieldDescriptor field : message.getDescriptorForType().getFields()) {
      boolean present =
          field.isRepeated() ? message.getRepeatedFieldCount(field) > 0 : message.hasField(field);
      if (!present) {
        continue;
      }
      if (any) {
        json.append(',');
      }
      any = true;
      json.append('"').append(field.getName()).append("\":");
      if (field.isRepeated()) {
        char separator = '[';
        for (Object value : (List<?>) message.getField(field)) {
          json.append(separator);
          value(json, field, value);
          separator = ',';
        }
        json.append(']');
      } else {
        value(json, field, message.getField(field));
      }
    }
    json.append('}');
  }

  private static void value(StringBuilder json, FieldDescriptor field, Object value) {
    switch (field.getType()) {
      case MESSAGE, GROUP -> write(json, (Message) value);
      case ENUM -> {
        var constant = (EnumValueDescriptor) value;
        if (constant.getType().findValueByNumber(constant.getNumber()) == null) {
          json.append(constant.getNumber());
        } else {
          quote(json, constant.getName());
        }
      }
      case STRING -> quote(json, (String) value);
      case BYTES -> base64(json, (ByteString) value);
      case UINT64, FIXED64 ->
          json.append('"').append(Long.toUnsignedString((Long) value)).append('"');
      case INT64, SINT64, SFIXED64 -> json.append('"').append(value).append('"');
      case UINT32, FIXED32 -> json.append(Integer.toUnsignedLong((Integer) value));
      case INT32, SINT32, SFIXED32, BOOL, DOUBLE, FLOAT -> json.append(value);
    }
  }

  private static void base64(StringBuilder json, ByteString bytes) {
    json.append('"').append(Base64.getEncoder().encodeToString(bytes.toByteArray())).append('"');
  }

  /** With no, three, six or nine digits of a second. */
  static String time(Timestamp time) {
    String text = SECONDS.format(Instant.ofEpochSecond(time.getSeconds()));
    int nanos = time.getNanos();
    if (nanos == 0) {
      return text + "Z";
    }
    if (nanos % 1_000_000 == 0) {
      return String.format(Locale.ROOT, "%s.%03dZ", text, nanos / 1_000_000);
    }
    return nanos % 1_000 == 0
        ? String.format(Locale.ROOT, "%s.%06dZ", text, nanos / 1_000)
        : String.format(Locale.ROOT, "%s.%09dZ", text, nanos);
  }

  /** Adds a text in quotes, as Go writes it. */
  public static void quote(StringBuilder json, String text) {
    json.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '"' -> json.append("\\\"");
        case '\\' -> json.append("\\\\");
        case '\b' -> json.append("\\b");
        case '\f' -> json.append("\\f");
        case '\n' -> json.append("\\n");
        case '\r' -> json.append("\\r");
        case '\t' -> json.append("\\t");
        case '<', '>', '&', '\u2028', '\u2029' -> unicode(json, c);
        default -> {
          if (Character.isISOControl(c)) {
            unicode(json, c); // C1 too: a terminal may be reading
          } else {
            json.append(c);
          }
        }
      }
    }
    json.append('"');
  }

  private static void unicode(StringBuilder json, char c) {
    json.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
  }
}
