package io.ovenet.lab.api;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A parsed {@code fieldSelector}: {@code metadata.name=x,status.phase!=Running}.
 *
 * @param terms all of them must hold
 */
record FieldSelector(List<Term> terms) {
  /** One comparison. */
  record Term(String field, boolean equal, String value) {}

  static final FieldSelector ALL = new FieldSelector(List.of());

  /** What can be selected by, beside metadata.name and metadata.namespace. */
  private static final Map<String, List<String>> FIELDS =
      Map.of(
          "pods",
          List.of(
              "spec.nodeName",
              "spec.restartPolicy",
              "spec.schedulerName",
              "spec.serviceAccountName",
              "spec.hostNetwork",
              "status.phase",
              "status.podIP",
              "status.nominatedNodeName"),
          "events",
          List.of(
              "involvedObject.kind",
              "involvedObject.namespace",
              "involvedObject.name",
              "involvedObject.uid",
              "involvedObject.apiVersion",
              "involvedObject.resourceVersion",
              "involvedObject.fieldPath",
              "reason",
              "reportingComponent",
              "source",
              "type"),
          "nodes",
          List.of("spec.unschedulable"),
          "namespaces",
          List.of("status.phase"),
          "secrets",
          List.of("type"),
          "services",
          List.of("spec.clusterIP", "spec.type"),
          "replicasets.apps",
          List.of("status.replicas"));

  /** The values of an object's selectable fields; absent ones are "". */
  static Map<String, String> values(String resource, ObjectNode tree) {
    List<String> fields = FIELDS.getOrDefault(resource, List.of());
    if (fields.isEmpty()) {
      return Map.of();
    }
    Map<String, String> values = new LinkedHashMap<>();
    for (String field : fields) {
      String value = Json.text(tree, field);
      values.put(field, value.isEmpty() ? absent(field) : value);
    }
    if (resource.equals("events")) {
      values.put("source", Json.text(tree, "source.component"));
    }
    return values;
  }

  private static String absent(String field) {
    return field.equals("spec.unschedulable") || field.equals("spec.hostNetwork") ? "false" : "";
  }

  /**
   * Parses a selector.
   *
   * @throws ApiException 400 for a field that the resource can't be selected by
   */
  static FieldSelector parse(String resource, String text) {
    if (text.isBlank()) {
      return ALL;
    }
    List<Term> terms = new ArrayList<>();
    for (String part : text.split(",", -1)) {
      int at = part.indexOf('=');
      if (at <= 0) {
        throw ApiException.badRequest(
            "invalid selector: '" + text + "'; can't understand '" + part + "'");
      }
      boolean not = part.charAt(at - 1) == '!';
      boolean twice = at + 1 < part.length() && part.charAt(at + 1) == '=';
      String field = part.substring(0, not ? at - 1 : at).trim();
      if (!field.equals("metadata.name")
          && !field.equals("metadata.namespace")
          && !FIELDS.getOrDefault(resource, List.of()).contains(field)) {
        throw ApiException.badRequest("field label not supported: " + field);
      }
      terms.add(new Term(field, !not, part.substring(at + (twice ? 2 : 1)).trim()));
    }
    return new FieldSelector(List.copyOf(terms));
  }

  boolean matches(Stored object) {
    for (Term term : terms) {
      String value =
          switch (term.field()) {
            case "metadata.name" -> object.key().name();
            case "metadata.namespace" -> object.key().namespace();
            default -> object.fields().getOrDefault(term.field(), "");
          };
      if (value.equals(term.value()) != term.equal()) {
        return false;
      }
    }
    return true;
  }
}
