package io.ovenet.kubernetes;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * JSON text to plain collections and back, by the streaming parser alone: data binding would cost
 * the agent several megabytes of classes.
 */
public final class Json {
  private static final JsonFactory FACTORY = new JsonFactory();

  private Json() {}

  /**
   * A whole document, which must be an object.
   *
   * @throws JsonException if it is not JSON, or not an object, or nested too deeply
   */
  public static JsonObject parse(byte[] text) {
    return parse(text, 0, text.length);
  }

  /** Like {@link #parse(byte[])} for a part of an array. */
  public static JsonObject parse(byte[] text, int offset, int length) {
    try (var parser = FACTORY.createParser(text, offset, length)) {
      return whole(parser);
    } catch (JsonProcessingException e) {
      throw new JsonException(e.getOriginalMessage(), e);
    } catch (IOException e) {
      throw new JsonException(e.toString(), e);
    }
  }

  /**
   * Writes maps, lists, strings, numbers, booleans and null; anything else is a programming error.
   */
  public static byte[] write(Map<String, ?> object) {
    var out = new ByteArrayOutputStream(256);
    try (var generator = FACTORY.createGenerator(out)) {
      write(generator, object);
    } catch (IOException e) {
      // Memory has no errors of its own: what is left is text that is no Unicode.
      throw new UncheckedIOException(e);
    }
    return out.toByteArray();
  }

  private static JsonObject whole(JsonParser parser) throws IOException {
    if (parser.nextToken() != JsonToken.START_OBJECT) {
      throw new JsonException("not a JSON object", null);
    }
    var object = object(parser);
    if (parser.nextToken() != null) {
      throw new JsonException("something follows the JSON object", null);
    }
    return new JsonObject(object);
  }

  private static Map<String, @Nullable Object> object(JsonParser parser) throws IOException {
    var object = new LinkedHashMap<String, @Nullable Object>();
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      var name = parser.currentName();
      parser.nextToken();
      object.put(name, value(parser));
    }
    return Collections.unmodifiableMap(object);
  }

  private static @Nullable Object value(JsonParser parser) throws IOException {
    var token = parser.currentToken();
    return switch (token) {
      case START_OBJECT -> object(parser);
      case START_ARRAY -> list(parser);
      case VALUE_STRING -> parser.getText();
      case VALUE_NUMBER_INT -> integer(parser);
      case VALUE_NUMBER_FLOAT -> parser.getDoubleValue();
      case VALUE_TRUE -> true;
      case VALUE_FALSE -> false;
      case VALUE_NULL -> null;
      case null -> throw new JsonException("ends in the middle", null);
      case END_OBJECT, END_ARRAY, FIELD_NAME, VALUE_EMBEDDED_OBJECT, NOT_AVAILABLE ->
          throw new JsonException("unexpected " + token, null);
    };
  }

  /** Integers that no long holds become doubles, as elsewhere in Kubernetes. */
  private static Object integer(JsonParser parser) throws IOException {
    return switch (parser.getNumberType()) {
      case INT, LONG -> parser.getLongValue();
      case BIG_INTEGER, FLOAT, DOUBLE, BIG_DECIMAL -> parser.getDoubleValue();
    };
  }

  private static List<@Nullable Object> list(JsonParser parser) throws IOException {
    var list = new ArrayList<@Nullable Object>();
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      list.add(value(parser));
    }
    return Collections.unmodifiableList(list);
  }

  private static void write(JsonGenerator generator, @Nullable Object value) throws IOException {
    switch (value) {
      case null -> generator.writeNull();
      case Map<?, ?> map -> {
        generator.writeStartObject();
        for (var member : map.entrySet()) {
          generator.writeFieldName(String.valueOf(member.getKey()));
          write(generator, member.getValue());
        }
        generator.writeEndObject();
      }
      case Iterable<?> list -> {
        generator.writeStartArray();
        for (var element : list) {
          write(generator, element);
        }
        generator.writeEndArray();
      }
      case String s -> generator.writeString(s);
      case Boolean b -> generator.writeBoolean(b);
      case Integer i -> generator.writeNumber(i);
      case Long l -> generator.writeNumber(l);
      case Double d -> generator.writeNumber(d);
      default -> throw new IllegalArgumentException("no JSON for " + value.getClass());
    }
  }

  /** Text that is not the JSON that it should be. */
  public static final class JsonException extends RuntimeException {
    private static final long serialVersionUID = 1;

    JsonException(String message, @Nullable Throwable cause) {
      super(message, cause);
    }
  }
}
