package io.ovenet.lab.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;

/**
 * Objects in Kubernetes' protobuf form, which `kubectl create` sends: four bytes {@code k8s\0},
 * then a {@code runtime.Unknown} with the object's type and its bytes. The messages that are known
 * are those of {@code protobuf.txt}.
 *
 * <p>A client writes all fields that are no pointers, also when they are empty; they are left out
 * as its JSON form would.
 */
final class ProtobufBody {
  private static final byte[] MAGIC = {'k', '8', 's', 0};
  private static final int MAX_DEPTH = 20;
  private static final Map<String, Map<Integer, Field>> MESSAGES = read();

  /**
   * A field of a message.
   *
   * @param type a message's name, or string, bytes, bool, int, ignored
   * @param pointer whether the client writes it only if it is set
   */
  private record Field(String name, String type, boolean repeated, boolean map, boolean pointer) {
    static Field of(String name, String text) {
      boolean pointer = text.endsWith("*");
      String type = pointer ? text.substring(0, text.length() - 1) : text;
      boolean repeated = type.startsWith("[]");
      boolean map = type.startsWith("map<");
      String bare =
          repeated ? type.substring(2) : map ? type.substring(4, type.length() - 1) : type;
      return new Field(name, bare, repeated, map, pointer);
    }
  }

  private ProtobufBody() {}

  private static Map<String, Map<Integer, Field>> read() {
    Map<String, Map<Integer, Field>> messages = new HashMap<>();
    try (InputStream in =
        Objects.requireNonNull(ProtobufBody.class.getResourceAsStream("protobuf.txt"))) {
      for (String line : new String(in.readAllBytes(), StandardCharsets.UTF_8).split("\n", -1)) {
        if (line.isEmpty() || line.startsWith("#")) {
          continue;
        }
        String[] words = line.split(" ", -1);
        Map<Integer, Field> fields = new HashMap<>();
        for (String word : Arrays.asList(words).subList(1, words.length)) {
          String[] parts = word.split(":", -1);
          fields.put(Integer.parseInt(parts[0]), Field.of(parts[1], parts[2]));
        }
        messages.put(words[0], Map.copyOf(fields));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return Map.copyOf(messages);
  }

  /**
   * The object as JSON.
   *
   * @throws ApiException 400 if it is no such thing, 415 if it has a kind or field that is not
   *     known
   */
  static ObjectNode parse(byte[] body) {
    if (body.length < MAGIC.length || !Arrays.equals(MAGIC, 0, 4, body, 0, 4)) {
      throw ApiException.badRequest("the body is not in Kubernetes' protobuf form");
    }
    Wire envelope = new Wire(body, MAGIC.length, body.length);
    String apiVersion = "";
    String kind = "";
    Wire object = new Wire(body, 0, 0);
    while (envelope.next()) {
      if (envelope.number() == 1) {
        Wire type = envelope.message();
        while (type.next()) {
          if (type.number() == 1) {
            apiVersion = type.string();
          } else if (type.number() == 2) {
            kind = type.string();
          }
        }
      } else if (envelope.number() == 2) {
        object = envelope.message();
      }
    }
    if (!MESSAGES.containsKey(kind)) {
      throw unsupported("objects of kind " + kind);
    }
    ObjectNode json = Json.object();
    json.put("apiVersion", apiVersion).put("kind", kind);
    json.setAll(message(object, kind, 0));
    return json;
  }

  private static ApiException unsupported(String what) {
    return new ApiException(
        415,
        "UnsupportedMediaType",
        what
            + " can't be read in protobuf form; send application/json or application/yaml"
            + " (`kubectl create --dry-run=client -o yaml … | kubectl create -f -` does)");
  }

  private static ObjectNode message(Wire wire, String message, int depth) {
    if (depth > MAX_DEPTH) {
      throw ApiException.badRequest("the body is nested too deeply");
    }
    Map<Integer, Field> fields = Objects.requireNonNull(MESSAGES.get(message));
    ObjectNode json = Json.object();
    while (wire.next()) {
      Field field = fields.get(wire.number());
      if (field == null) {
        if (!wire.isEmpty()) {
          throw unsupported("field " + wire.number() + " of " + message);
        }
      } else if (field.map()) {
        entry(wire.message(), field, json.withObjectProperty(field.name()), depth);
      } else if (field.repeated()) {
        ArrayNode list = json.withArrayProperty(field.name());
        list.add(value(wire, field.type(), depth));
      } else if (!field.type().equals("ignored") && (field.pointer() || !wire.isEmpty())) {
        JsonNode value = value(wire, field.type(), depth);
        if (field.pointer() || !empty(value)) {
          json.set(field.name(), value);
        }
      }
    }
    return json;
  }

  /** As a field of the client's that is left out when it is empty. */
  private static boolean empty(JsonNode value) {
    return value.isNull() || (value.isInt() && value.intValue() == 0);
  }

  private static void entry(Wire wire, Field field, ObjectNode map, int depth) {
    String key = "";
    JsonNode value = null;
    while (wire.next()) {
      if (wire.number() == 1) {
        key = wire.string();
      } else if (wire.number() == 2) {
        value = value(wire, field.type(), depth);
      }
    }
    map.set(key, value == null ? JsonNodeFactory.instance.textNode("") : value);
  }

  private static JsonNode value(Wire wire, String type, int depth) {
    JsonNodeFactory json = JsonNodeFactory.instance;
    return switch (type) {
      case "string" -> json.textNode(wire.string());
      case "bytes" -> json.textNode(Base64.getEncoder().encodeToString(wire.bytes()));
      case "bool" -> json.booleanNode(wire.varint() != 0);
      case "int" -> number(wire.varint());
      case "Time" -> time(wire.message());
      case "Quantity" -> quantity(wire.message());
      case "IntOrString" -> intOrString(wire.message());
      default -> message(wire.message(), type, depth + 1);
    };
  }

  /** As JSON text is read: an int where it fits. */
  private static JsonNode number(long value) {
    JsonNodeFactory json = JsonNodeFactory.instance;
    return value == (int) value ? json.numberNode((int) value) : json.numberNode(value);
  }

  private static JsonNode time(Wire wire) {
    long seconds = 0;
    boolean any = false;
    while (wire.next()) {
      if (wire.number() == 1) {
        seconds = wire.varint();
        any = true;
      }
    }
    JsonNodeFactory json = JsonNodeFactory.instance;
    try {
      return any ? json.textNode(Instant.ofEpochSecond(seconds).toString()) : json.nullNode();
    } catch (DateTimeException e) {
      throw ApiException.badRequest("the body has a time that no calendar has: " + seconds);
    }
  }

  private static JsonNode quantity(Wire wire) {
    String text = "0";
    while (wire.next()) {
      if (wire.number() == 1) {
        text = wire.string();
      }
    }
    return JsonNodeFactory.instance.textNode(text);
  }

  private static JsonNode intOrString(Wire wire) {
    long type = 0;
    int number = 0;
    String text = "";
    while (wire.next()) {
      switch (wire.number()) {
        case 1 -> type = wire.varint();
        case 2 -> number = (int) wire.varint();
        case 3 -> text = wire.string();
        default -> {
          // Nothing else is defined.
        }
      }
    }
    JsonNodeFactory json = JsonNodeFactory.instance;
    return type == 0 ? json.numberNode(number) : json.textNode(text);
  }

  /** Fields of a message one after the other; see protobuf's encoding. For one thread. */
  private static final class Wire {
    private static final int VARINT = 0;
    private static final int LONG = 1;
    private static final int LENGTH = 2;
    private static final int INT = 5;

    private final byte[] bytes;
    private final int end;
    private int at;
    private int number;
    private int type;
    private long varint;
    private int start;
    private int length;

    Wire(byte[] bytes, int start, int end) {
      this.bytes = bytes;
      this.at = start;
      this.end = end;
    }

    /** Goes to the next field; false if there is none. */
    boolean next() {
      if (at == end) {
        return false;
      }
      long tag = read();
      number = (int) (tag >>> 3);
      type = (int) (tag & 7);
      switch (type) {
        case VARINT -> varint = read();
        case LONG -> skip(8);
        case INT -> skip(4);
        case LENGTH -> {
          long announced = read();
          if (announced < 0 || announced > end - at) {
            throw cut();
          }
          start = at;
          length = (int) announced;
          at += length;
        }
        default -> throw ApiException.badRequest("the body is not protobuf: wire type " + type);
      }
      return true;
    }

    private void skip(int count) {
      if (end - at < count) {
        throw cut();
      }
      at += count;
    }

    private long read() {
      long value = 0;
      for (int shift = 0; shift < 64; shift += 7) {
        if (at == end) {
          throw cut();
        }
        byte next = bytes[at++];
        value |= (long) (next & 0x7f) << shift;
        if (next >= 0) {
          return value;
        }
      }
      throw ApiException.badRequest("the body is not protobuf: a number without end");
    }

    private static ApiException cut() {
      return ApiException.badRequest("the body is not protobuf: it ends in the middle of a field");
    }

    private void require(int wanted) {
      if (type != wanted) {
        throw ApiException.badRequest(
            "the body is not an object: field " + number + " has another type");
      }
    }

    int number() {
      return number;
    }

    /** Whether a client writes it so for a field without a value. */
    boolean isEmpty() {
      return type == LENGTH ? length == 0 : type == VARINT && varint == 0;
    }

    long varint() {
      require(VARINT);
      return varint;
    }

    byte[] bytes() {
      require(LENGTH);
      return Arrays.copyOfRange(bytes, start, start + length);
    }

    String string() {
      return new String(bytes(), StandardCharsets.UTF_8);
    }

    Wire message() {
      require(LENGTH);
      return new Wire(bytes, start, start + length);
    }
  }
}
