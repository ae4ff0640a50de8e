package io.ovenet.lab.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What an object goes through before it is written: its unknown fields are pruned (and reported as
 * {@code fieldValidation} says), defaults filled in, rules checked. Thread-safe.
 */
final class Admission {
  private final BuiltInSchemas schemas;
  private final BuiltInRules builtIn;
  private final List<Review> reviews;

  Admission(BuiltInSchemas schemas, BuiltInRules builtIn, List<Review> reviews) {
    this.schemas = schemas;
    this.builtIn = builtIn;
    this.reviews = List.copyOf(reviews);
  }

  /**
   * Checks that a body is of the kind that its address says, and fills in what it leaves out.
   *
   * @throws ApiException 400 if it isn't
   */
  static void checkKind(Resource resource, ObjectNode object) {
    checkType(object, "apiVersion");
    checkType(object, "kind");
    String apiVersion = Json.text(object, "apiVersion");
    String kind = Json.text(object, "kind");
    if (!apiVersion.isEmpty() && !apiVersion.equals(resource.apiVersion())) {
      throw ApiException.badRequest(
          "the API version in the data ("
              + apiVersion
              + ") does not match the expected API version ("
              + resource.apiVersion()
              + ")");
    }
    if (!kind.isEmpty() && !kind.equals(resource.kind())) {
      throw ApiException.badRequest(
          "the kind in the data ("
              + kind
              + ") does not match the expected kind ("
              + resource.kind()
              + ")");
    }
    object.put("apiVersion", resource.apiVersion()).put("kind", resource.kind());
    JsonNode metadata = object.get("metadata");
    if (metadata == null || metadata.isNull()) {
      object.putObject("metadata");
    } else if (!metadata.isObject()) {
      throw ApiException.badRequest("metadata: must be an object");
    }
  }

  private static void checkType(ObjectNode object, String field) {
    JsonNode value = object.get(field);
    if (value != null && !value.isTextual()) {
      throw ApiException.badRequest(field + ": must be a string");
    }
  }

  /**
   * Brings an object into shape and judges it.
   *
   * @param before the object that it replaces, or null for a new one
   * @throws ApiException 400 for unknown fields under strict validation, 422 if it is invalid
   */
  void admit(Resource resource, ObjectNode object, @Nullable ObjectNode before, Call call) {
    Schema schema = resource.schema().schema();
    Schema metaSchema = schemas.objectMeta();
    ObjectNode metadata = Json.child(object, "metadata");
    metadata.remove("managedFields");
    Set<String> unknown = new LinkedHashSet<>(SchemaShape.prune(object, schema, ""));
    unknown.addAll(SchemaShape.prune(metadata, metaSchema, "metadata"));
    report(resource, unknown, call);
    SchemaShape.complete(metadata, metaSchema);
    SchemaShape.complete(object, schema);

    List<ApiException.Cause> causes = new ArrayList<>();
    causes.addAll(SchemaRules.check(metadata, metaSchema, "metadata"));
    causes.addAll(resource.custom() ? SchemaRules.check(object, schema) : bodyOnly(object, schema));
    if (causes.isEmpty()) {
      // Only what has the right types can be looked into further.
      Names.checkName(resource, Json.text(metadata, "name"), causes);
      Names.checkLabels(metadata.path("labels"), causes);
      if (!resource.custom()) {
        builtIn.apply(resource, object, before, causes);
      }
    }
    if (!causes.isEmpty()) {
      throw ApiException.invalid(
          resource.group(), resource.kind(), Json.text(metadata, "name"), causes);
    }
    for (Review review : reviews) {
      review.review(resource, object, call.warnings());
    }
  }

  /** A built-in schema refers to the metadata's, which has been checked already. */
  private static List<ApiException.Cause> bodyOnly(ObjectNode object, Schema schema) {
    ObjectNode body = Json.object();
    body.setAll(object);
    body.remove("metadata");
    return SchemaRules.check(body, schema);
  }

  private static void report(Resource resource, Set<String> unknown, Call call) {
    if (unknown.isEmpty()) {
      return;
    }
    switch (call.parameter("fieldValidation")) {
      case "Ignore" -> {}
      case "Strict" -> {
        List<String> parts = new ArrayList<>();
        unknown.forEach(field -> parts.add("unknown field \"" + field + "\""));
        String kind = resource.kind();
        String prefix =
            resource.custom()
                ? ""
                : kind
                    + " in version \""
                    + resource.version()
                    + "\" cannot be handled as a "
                    + kind
                    + ": ";
        throw ApiException.badRequest(
            prefix + "strict decoding error: " + String.join(", ", parts));
      }
      case "", "Warn" ->
          unknown.forEach(field -> call.warnings().add("unknown field \"" + field + "\""));
      default ->
          throw ApiException.badRequest(
              "fieldValidation: Unsupported value: \""
                  + call.parameter("fieldValidation")
                  + "\"; supported: Ignore, Warn, Strict");
    }
  }
}
