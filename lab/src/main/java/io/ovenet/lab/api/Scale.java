package io.ovenet.lab.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** How many replicas an object has and wants, as {@code kubectl scale} reads and writes it. */
final class Scale {
  private static final Set<String> SCALED = Set.of("deployments", "replicasets", "statefulsets");

  private Scale() {}

  static boolean has(Resource resource) {
    return resource.group().equals("apps") && SCALED.contains(resource.plural());
  }

  /** The Scale (autoscaling/v1) of an object. */
  static ObjectNode of(ObjectNode object) {
    ObjectNode scale = Json.object().put("kind", "Scale").put("apiVersion", "autoscaling/v1");
    ObjectNode metadata = scale.putObject("metadata");
    for (String field :
        new String[] {"name", "namespace", "uid", "resourceVersion", "creationTimestamp"}) {
      metadata.set(field, object.path("metadata").path(field));
    }
    scale.putObject("spec").put("replicas", object.at("/spec/replicas").asInt(1));
    Map<String, String> labels =
        new TreeMap<>(Json.stringMap(Json.at(object, "spec.selector.matchLabels")));
    StringBuilder selector = new StringBuilder();
    labels.forEach(
        (key, value) ->
            selector.append(selector.isEmpty() ? "" : ",").append(key).append('=').append(value));
    scale
        .putObject("status")
        .put("replicas", object.at("/status/replicas").asInt())
        .put("selector", selector.toString());
    return scale;
  }

  /**
   * The merge patch of the object that a write of its Scale means.
   *
   * @throws ApiException 400 or 422 for a number that can't be
   */
  static ObjectNode patch(Resource resource, ObjectNode object, Call call) {
    ObjectNode before = of(object);
    JsonNode after =
        switch (call.method() + " " + call.contentType()) {
          case "PATCH application/json-patch+json" ->
              JsonPatch.apply(before.deepCopy(), call.readBody());
          case "PATCH application/merge-patch+json",
              "PATCH application/strategic-merge-patch+json" ->
              JsonPatch.merge(before.deepCopy(), call.readBody());
          default -> call.object();
        };
    JsonNode replicas = after.at("/spec/replicas");
    if (!replicas.isMissingNode() && (!replicas.isInt() || replicas.asInt() < 0)) {
      throw ApiException.invalid(
          "autoscaling",
          "Scale",
          Json.text(object, "metadata.name"),
          java.util.List.of(
              new ApiException.Cause(
                  "FieldValueInvalid",
                  "Invalid value: " + replicas + ": must be greater than or equal to 0",
                  "spec.replicas")));
    }
    ObjectNode patch = Json.object();
    String version = Json.text(after, "metadata.resourceVersion");
    if (!version.isEmpty()) {
      patch.putObject("metadata").put("resourceVersion", version);
    }
    patch.putObject("spec").put("replicas", replicas.asInt());
    return patch;
  }
}
