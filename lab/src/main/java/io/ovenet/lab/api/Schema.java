package io.ovenet.lab.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * An OpenAPI v3 schema as Kubernetes restricts it ("structural"), ready for {@link SchemaRules} and
 * {@link SchemaShape}. Immutable.
 *
 * @param target what a {@code $ref} leads to; the other components are then unused
 * @param type "" where any type will do
 * @param additional the schema of fields that aren't among the properties, or null
 * @param preserve whether unknown fields are kept
 * @param embedded whether it is a whole object with apiVersion, kind and metadata
 * @param mergeKey by what the entries of a list are matched in a strategic merge patch, "" if not
 * @param strategies of a strategic merge patch: {@code merge}, {@code replace}, {@code retainKeys}
 * @param listType {@code map}, {@code set}, {@code atomic} or "" where nothing is said
 * @param listKeys of a list of the type {@code map}
 * @param atomicMap whether an object is one value for server-side apply
 */
record Schema(
    @Nullable Function<String, Schema> references,
    String target,
    String type,
    String format,
    boolean nullable,
    boolean intOrString,
    boolean preserve,
    boolean embedded,
    Map<String, Schema> properties,
    @Nullable Schema items,
    @Nullable Schema additional,
    List<String> required,
    List<JsonNode> values,
    @Nullable Pattern pattern,
    Bounds bounds,
    List<Schema> allOf,
    List<Schema> anyOf,
    List<Schema> oneOf,
    @Nullable Schema not,
    @Nullable JsonNode defaultValue,
    String mergeKey,
    List<String> strategies,
    String listType,
    List<String> listKeys,
    boolean atomicMap) {

  /** Keys of lists whose entries one field doesn't tell apart, by their merge key. */
  private static final Map<String, List<String>> MORE_KEYS =
      Map.of(
          "port", List.of("port", "protocol"),
          "containerPort", List.of("containerPort", "protocol"),
          "topologyKey", List.of("topologyKey", "whenUnsatisfiable"));

  /** Limits; null where there is none. */
  record Bounds(
      @Nullable Double minimum,
      boolean aboveMinimum,
      @Nullable Double maximum,
      boolean belowMaximum,
      @Nullable Long minLength,
      @Nullable Long maxLength,
      @Nullable Long minItems,
      @Nullable Long maxItems,
      @Nullable Long minProperties,
      @Nullable Long maxProperties,
      boolean uniqueItems,
      @Nullable Double multipleOf) {}

  /** Accepts and keeps everything. */
  static final Schema ANY =
      compile(
          Json.object().put("x-kubernetes-preserve-unknown-fields", true),
          name -> {
            throw new IllegalArgumentException("$ref " + name);
          });

  /** This schema, or the one it refers to. */
  Schema resolve() {
    return references == null ? this : references.apply(target);
  }

  boolean merges() {
    return strategies.contains("merge");
  }

  /** The fields by which server-side apply knows a list's entries; none for other lists. */
  List<String> keys() {
    if (!listKeys.isEmpty() || !merges() || mergeKey.isEmpty()) {
      return listKeys;
    }
    return MORE_KEYS.getOrDefault(mergeKey, List.of(mergeKey));
  }

  /** Whether it is a list whose entries are its fields for server-side apply. */
  boolean isSet() {
    return listType.equals("set") || (listType.isEmpty() && merges() && mergeKey.isEmpty());
  }

  /**
   * Reads a schema.
   *
   * @param references finds a schema by its reference
   * @throws IllegalArgumentException if it can't be understood; the message names the path within
   *     it
   */
  static Schema compile(JsonNode node, Function<String, Schema> references) {
    return compile(node, references, "");
  }

  private static Schema compile(JsonNode node, Function<String, Schema> references, String path) {
    if (!node.isObject()) {
      throw new IllegalArgumentException(path + ": must be an object");
    }
    JsonNode single = node.path("allOf").size() == 1 ? node.path("allOf").get(0) : null;
    String target = node.path("$ref").asText(single == null ? "" : single.path("$ref").asText(""));
    boolean refers = !target.isEmpty();
    Map<String, Schema> properties = new LinkedHashMap<>();
    node.path("properties")
        .properties()
        .forEach(
            entry ->
                properties.put(
                    entry.getKey(),
                    compile(
                        entry.getValue(),
                        references,
                        path + ".properties[" + entry.getKey() + "]")));
    List<JsonNode> values = new ArrayList<>();
    node.path("enum").forEach(values::add);
    String strategies = node.path("x-kubernetes-patch-strategy").asText("");
    return new Schema(
        refers ? references : null,
        target,
        node.path("type").asText(""),
        node.path("format").asText(""),
        node.path("nullable").asBoolean(),
        node.path("x-kubernetes-int-or-string").asBoolean(),
        node.path("x-kubernetes-preserve-unknown-fields").asBoolean(),
        node.path("x-kubernetes-embedded-resource").asBoolean(),
        Map.copyOf(properties),
        node.path("items").isObject()
            ? compile(node.path("items"), references, path + ".items")
            : null,
        additional(node.path("additionalProperties"), references, path),
        List.copyOf(Json.strings(node.get("required"))),
        List.copyOf(values),
        pattern(node.path("pattern").asText(""), path),
        bounds(node),
        refers ? List.of() : all(node, "allOf", references, path),
        all(node, "anyOf", references, path),
        all(node, "oneOf", references, path),
        node.path("not").isObject() ? compile(node.path("not"), references, path + ".not") : null,
        node.get("default"),
        node.path("x-kubernetes-patch-merge-key").asText(""),
        strategies.isEmpty() ? List.of() : List.of(strategies.split(",", -1)),
        node.path("x-kubernetes-list-type").asText(""),
        List.copyOf(Json.strings(node.get("x-kubernetes-list-map-keys"))),
        node.path("x-kubernetes-map-type").asText("").equals("atomic"));
  }

  private static @Nullable Schema additional(
      JsonNode node, Function<String, Schema> references, String path) {
    if (node.isBoolean()) {
      return node.asBoolean() ? ANY : null;
    }
    return node.isObject() ? compile(node, references, path + ".additionalProperties") : null;
  }

  private static List<Schema> all(
      JsonNode node, String name, Function<String, Schema> references, String path) {
    List<Schema> schemas = new ArrayList<>();
    for (JsonNode item : node.path(name)) {
      schemas.add(compile(item, references, path + "." + name + "[" + schemas.size() + "]"));
    }
    return List.copyOf(schemas);
  }

  private static @Nullable Pattern pattern(String text, String path) {
    if (text.isEmpty()) {
      return null;
    }
    try {
      return Pattern.compile(text);
    } catch (PatternSyntaxException e) {
      throw new IllegalArgumentException(path + ".pattern: " + e.getMessage(), e);
    }
  }

  private static Bounds bounds(JsonNode node) {
    return new Bounds(
        number(node, "minimum"),
        node.path("exclusiveMinimum").asBoolean(),
        number(node, "maximum"),
        node.path("exclusiveMaximum").asBoolean(),
        count(node, "minLength"),
        count(node, "maxLength"),
        count(node, "minItems"),
        count(node, "maxItems"),
        count(node, "minProperties"),
        count(node, "maxProperties"),
        node.path("uniqueItems").asBoolean(),
        number(node, "multipleOf"));
  }

  private static @Nullable Double number(JsonNode node, String name) {
    return node.path(name).isNumber() ? Double.valueOf(node.path(name).asDouble()) : null;
  }

  private static @Nullable Long count(JsonNode node, String name) {
    return node.path(name).isNumber() ? Long.valueOf(node.path(name).asLong()) : null;
  }
}
