package io.ovenet.lab.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/** Makes the tables that {@code kubectl get} prints. Thread-safe. */
final class Tables {
  private static final Column NAME =
      new Column("Name", "string", "Name of the object, unique in its namespace.", 0, name());
  private static final Column AGE =
      new Column("Age", "date", "Time since the object was created.", 0, created());

  private static JsonPath name() {
    return JsonPath.parse(".metadata.name");
  }

  private static JsonPath created() {
    return JsonPath.parse(".metadata.creationTimestamp");
  }

  /**
   * A table.
   *
   * @param headed whether it says what its columns are; of a watch's tables only the first does
   */
  ObjectNode table(
      Resource resource, List<Stored> objects, ObjectNode metadata, boolean headed, Call call) {
    List<Column> columns = new ArrayList<>(List.of(NAME));
    BuiltInTable builtIn = resource.custom() ? null : BuiltInTable.of(resource.id());
    if (builtIn != null) {
      columns = builtIn.columns();
    } else {
      columns.addAll(resource.columns());
      if (resource.columns().isEmpty()) {
        columns.add(AGE);
      }
    }
    ObjectNode table = Json.object();
    table.put("kind", "Table").put("apiVersion", "meta.k8s.io/v1");
    table.set("metadata", metadata);
    ArrayNode definitions = table.putArray("columnDefinitions");
    if (headed) {
      columns.forEach(column -> define(definitions.addObject(), column));
    }
    ArrayNode rows = table.putArray("rows");
    for (Stored object : objects) {
      ObjectNode tree = Verbs.tree(resource, object);
      ObjectNode row = rows.addObject();
      if (builtIn != null) {
        row.set("cells", builtIn.cells(tree));
      } else {
        ArrayNode cells = row.putArray("cells");
        columns.forEach(column -> cells.add(cell(tree, column)));
      }
      switch (call.parameter("includeObject")) {
        case "None" -> row.putNull("object");
        case "Object" -> row.set("object", tree);
        default -> row.set("object", Shape.metadataOnly(tree));
      }
    }
    return table;
  }

  private static void define(ObjectNode definition, Column column) {
    definition
        .put("name", column.name())
        .put("type", column.type())
        .put("format", column.name().equals("Name") ? "name" : "")
        .put("description", column.description())
        .put("priority", column.priority());
  }

  private static JsonNode cell(ObjectNode object, Column column) {
    List<JsonNode> found = column.path().find(object);
    found = found.stream().filter(value -> !value.isNull()).toList();
    if (found.isEmpty()) {
      return Json.MAPPER.nullNode();
    }
    JsonNode value = found.getFirst();
    return switch (column.type()) {
      case "integer", "number" ->
          value.isNumber() ? value : Json.MAPPER.getNodeFactory().textNode(value.asText());
      case "boolean" ->
          value.isBoolean() ? value : Json.MAPPER.getNodeFactory().textNode(value.asText());
      case "date" -> text(age(value.asText()));
      default -> text(joined(found));
    };
  }

  private static String joined(List<JsonNode> values) {
    if (values.size() == 1) {
      JsonNode value = values.getFirst();
      return value.isContainerNode() ? value.toString() : value.asText();
    }
    List<String> texts = new ArrayList<>();
    values.forEach(value -> texts.add(value.isContainerNode() ? value.toString() : value.asText()));
    return String.join(",", texts);
  }

  private static JsonNode text(String text) {
    return Json.MAPPER.getNodeFactory().textNode(text);
  }

  /**
   * The time since a moment, in kubectl's words: {@code 45s}, {@code 3m20s}, {@code 5h}, {@code
   * 4d}.
   */
  static String age(String timestamp) {
    if (timestamp.isEmpty()) {
      return "<unknown>";
    }
    try {
      return duration(Duration.between(Instant.parse(timestamp), Instant.now()));
    } catch (DateTimeException e) {
      return "<invalid>";
    }
  }

  static String duration(Duration lasting) {
    long seconds = lasting.toSeconds();
    if (seconds < -1) {
      return "<invalid>";
    }
    if (seconds < 0) {
      return "0s";
    }
    if (seconds < 120) {
      return seconds + "s";
    }
    long minutes = seconds / 60;
    if (minutes < 10) {
      return two(minutes, "m", seconds % 60, "s");
    }
    if (minutes < 180) {
      return minutes + "m";
    }
    long hours = minutes / 60;
    if (hours < 8) {
      return two(hours, "h", minutes % 60, "m");
    }
    if (hours < 48) {
      return hours + "h";
    }
    long days = hours / 24;
    if (days < 8) {
      return two(days, "d", hours % 24, "h");
    }
    if (days < 730) {
      return days + "d";
    }
    return two(days / 365, "y", days % 365, "d");
  }

  private static String two(long big, String bigUnit, long small, String smallUnit) {
    return small == 0 ? big + bigUnit : big + bigUnit + small + smallUnit;
  }
}
