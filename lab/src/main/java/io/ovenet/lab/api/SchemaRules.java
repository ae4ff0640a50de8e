package io.ovenet.lab.api;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Judges values by a schema, with reasons and words as a Kubernetes API server gives them. */
final class SchemaRules {
  private final List<ApiException.Cause> causes = new ArrayList<>();

  private SchemaRules() {}

  /** What is wrong with a value; empty if nothing is. */
  static List<ApiException.Cause> check(JsonNode value, Schema schema) {
    return check(value, schema, "");
  }

  static List<ApiException.Cause> check(JsonNode value, Schema schema, String path) {
    SchemaRules rules = new SchemaRules();
    rules.value(value, schema, path);
    return rules.causes;
  }

  private void value(JsonNode value, Schema reference, String path) {
    Schema schema = reference.resolve();
    if (value.isNull()) {
      if (!schema.nullable() && !schema.type().isEmpty()) {
        wrongType(schema.type(), value, path);
      }
      return;
    }
    if (!typeFits(value, schema)) {
      wrongType(schema.intOrString() ? "integer,string" : schema.type(), value, path);
      return;
    }
    if (!schema.values().isEmpty() && !schema.values().contains(value)) {
      unsupported(schema, value, path);
    }
    if (value.isTextual()) {
      text(value, schema, path);
    } else if (value.isNumber()) {
      number(value, schema, path);
    } else if (value.isArray()) {
      array(value, schema, path);
    } else if (value.isObject()) {
      object(value, schema, path);
    }
    combined(value, schema, path);
  }

  private static boolean typeFits(JsonNode value, Schema schema) {
    if (schema.intOrString()) {
      return value.isTextual() || whole(value);
    }
    return switch (schema.type()) {
      case "object" -> value.isObject();
      case "array" -> value.isArray();
      case "string" -> value.isTextual();
      case "boolean" -> value.isBoolean();
      case "integer" -> whole(value);
      case "number" -> value.isNumber();
      default -> true;
    };
  }

  private static boolean whole(JsonNode value) {
    return value.isIntegralNumber()
        || (value.isNumber() && value.decimalValue().stripTrailingZeros().scale() <= 0);
  }

  private void text(JsonNode value, Schema schema, String path) {
    String text = value.asText();
    Long maxLength = schema.bounds().maxLength();
    Long minLength = schema.bounds().minLength();
    if (maxLength != null && text.codePointCount(0, text.length()) > maxLength) {
      add("FieldValueTooLong", "Too long: may not be more than " + maxLength + " bytes", path);
    }
    if (minLength != null && text.codePointCount(0, text.length()) < minLength) {
      invalid(value, path, "should be at least " + minLength + " chars long");
    }
    if (schema.pattern() != null && !schema.pattern().matcher(text).find()) {
      invalid(value, path, "should match '" + schema.pattern().pattern() + "'");
    }
    if (!schema.format().isEmpty() && !Formats.matches(schema.format(), text)) {
      invalid(value, path, "must be of type " + schema.format() + ": " + quoted(text));
    }
  }

  private void number(JsonNode value, Schema schema, String path) {
    Schema.Bounds bounds = schema.bounds();
    double number = value.asDouble();
    Double minimum = bounds.minimum();
    Double maximum = bounds.maximum();
    Double multipleOf = bounds.multipleOf();
    if (minimum != null && (bounds.aboveMinimum() ? number <= minimum : number < minimum)) {
      String than = bounds.aboveMinimum() ? "greater than " : "greater than or equal to ";
      invalid(value, path, "should be " + than + plain(minimum));
    }
    if (maximum != null && (bounds.belowMaximum() ? number >= maximum : number > maximum)) {
      String than = bounds.belowMaximum() ? "less than " : "less than or equal to ";
      invalid(value, path, "should be " + than + plain(maximum));
    }
    if (multipleOf != null
        && multipleOf > 0
        && value.decimalValue().remainder(BigDecimal.valueOf(multipleOf)).signum() != 0) {
      invalid(value, path, "should be a multiple of " + plain(multipleOf));
    }
    if (schema.type().equals("integer")
        && (schema.format().equals("int32")
            ? !value.canConvertToInt()
            : !value.canConvertToLong())) {
      invalid(value, path, "must fit " + (schema.format().isEmpty() ? "int64" : schema.format()));
    }
  }

  private void array(JsonNode value, Schema schema, String path) {
    Schema.Bounds bounds = schema.bounds();
    Long maxItems = bounds.maxItems();
    Long minItems = bounds.minItems();
    if (maxItems != null && value.size() > maxItems) {
      add(
          "FieldValueTooMany",
          "Too many: " + value.size() + ": must have at most " + maxItems + " items",
          path);
    }
    if (minItems != null && value.size() < minItems) {
      invalid(value, path, "should have at least " + minItems + " items");
    }
    if (bounds.uniqueItems()) {
      Set<JsonNode> seen = new HashSet<>();
      value.forEach(seen::add);
      if (seen.size() < value.size()) {
        invalid(value, path, "shouldn't contain duplicates");
      }
    }
    if (schema.items() != null) {
      for (int i = 0; i < value.size(); i++) {
        value(value.get(i), schema.items(), path + "[" + i + "]");
      }
    }
  }

  private void object(JsonNode value, Schema schema, String path) {
    Schema.Bounds bounds = schema.bounds();
    Long maxProperties = bounds.maxProperties();
    Long minProperties = bounds.minProperties();
    if (maxProperties != null && value.size() > maxProperties) {
      add(
          "FieldValueTooMany",
          "Too many: " + value.size() + ": must have at most " + maxProperties + " items",
          path);
    }
    if (minProperties != null && value.size() < minProperties) {
      invalid(value, path, "should have at least " + minProperties + " properties");
    }
    for (String name : schema.required()) {
      if (!value.has(name)) {
        add("FieldValueRequired", "Required value", join(path, name));
      }
    }
    for (Map.Entry<String, JsonNode> field : value.properties()) {
      Schema property = schema.properties().get(field.getKey());
      if (property == null) {
        property = schema.additional();
      }
      if (property != null) {
        value(field.getValue(), property, join(path, field.getKey()));
      }
    }
  }

  private void combined(JsonNode value, Schema schema, String path) {
    for (Schema part : schema.allOf()) {
      value(value, part, path);
    }
    if (!schema.anyOf().isEmpty()
        && schema.anyOf().stream().noneMatch(part -> check(value, part, path).isEmpty())) {
      composite(path, "must validate at least one schema (anyOf)");
    }
    if (!schema.oneOf().isEmpty()) {
      long fitting =
          schema.oneOf().stream().filter(part -> check(value, part, path).isEmpty()).count();
      if (fitting != 1) {
        composite(
            path,
            "must validate one and only one schema (oneOf). Found "
                + (fitting == 0 ? "none valid" : fitting + " valid alternatives"));
      }
    }
    Schema not = schema.not();
    if (not != null && check(value, not, path).isEmpty()) {
      composite(path, "must not validate the schema (not)");
    }
  }

  private void wrongType(String expected, JsonNode value, String path) {
    String actual =
        switch (value.getNodeType()) {
          case NUMBER -> value.isIntegralNumber() ? "integer" : "number";
          case STRING -> "string";
          case BOOLEAN -> "boolean";
          case ARRAY -> "array";
          case NULL -> "null";
          default -> "object";
        };
    add(
        "FieldValueTypeInvalid",
        "Invalid value: \""
            + actual
            + "\": "
            + path
            + " in body must be of type "
            + expected
            + ": \""
            + actual
            + "\"",
        path);
  }

  private void unsupported(Schema schema, JsonNode value, String path) {
    List<String> supported = new ArrayList<>();
    schema.values().forEach(one -> supported.add(quoted(one.asText())));
    add(
        "FieldValueNotSupported",
        "Unsupported value: "
            + shown(value)
            + ": supported values: "
            + String.join(", ", supported),
        path);
  }

  private void invalid(JsonNode value, String path, String why) {
    add(
        "FieldValueInvalid",
        "Invalid value: " + shown(value) + ": " + path + " in body " + why,
        path);
  }

  private void composite(String path, String why) {
    add("FieldValueInvalid", "Invalid value: \"\": " + path + " in body " + why, path);
  }

  private void add(String reason, String message, String path) {
    causes.add(new ApiException.Cause(reason, message, path.isEmpty() ? "<nil>" : path));
  }

  private static String join(String path, String name) {
    return path.isEmpty() ? name : path + "." + name;
  }

  /** A value in a message, cut where it would flood it. */
  private static String shown(@Nullable JsonNode value) {
    String text = value == null ? "null" : value.toString();
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    return bytes.length <= 300 ? text : text.substring(0, 100) + "… (" + bytes.length + " bytes)";
  }

  private static String quoted(String text) {
    return '"' + text + '"';
  }

  private static String plain(double number) {
    return BigDecimal.valueOf(number).stripTrailingZeros().toPlainString();
  }
}
