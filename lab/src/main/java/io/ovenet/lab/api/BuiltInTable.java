package io.ovenet.lab.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The columns of a built-in kind, each with the way to its cell. Immutable. */
final class BuiltInTable {
  private static final Map<String, BuiltInTable> TABLES = BuiltInCells.tables();

  private final List<Column> columns = new ArrayList<>();
  private final Map<String, Function<ObjectNode, Object>> cells = new LinkedHashMap<>();

  static @Nullable BuiltInTable of(String resource) {
    return TABLES.get(resource);
  }

  BuiltInTable column(String name, Function<ObjectNode, Object> cell) {
    return column(name, 0, cell);
  }

  /** A column that shows with {@code -o wide}. */
  BuiltInTable wide(String name, Function<ObjectNode, Object> cell) {
    return column(name, 1, cell);
  }

  private BuiltInTable column(String name, int priority, Function<ObjectNode, Object> cell) {
    boolean number = name.equals("Data") || name.equals("Secrets") || name.equals("Desired");
    columns.add(
        new Column(name, number ? "integer" : "string", name, priority, new JsonPath(List.of())));
    cells.put(name, cell);
    return this;
  }

  List<Column> columns() {
    return columns;
  }

  ArrayNode cells(ObjectNode object) {
    ArrayNode row = Json.array();
    for (Function<ObjectNode, Object> cell : cells.values()) {
      switch (cell.apply(object)) {
        case Integer number -> row.add(number);
        case JsonNode node -> row.add(node);
        case Object text -> row.add(text.toString());
      }
    }
    return row;
  }
}
