package io.ovenet.lab.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes resources of CustomResourceDefinitions, and judges those. */
final class CustomResources {
  private static final Logger LOG = LoggerFactory.getLogger(CustomResources.class);
  static final String ID = "customresourcedefinitions." + BuiltIns.EXTENSIONS;

  private final Registry registry;
  private final BuiltInSchemas schemas;

  CustomResources(Registry registry, BuiltInSchemas schemas) {
    this.registry = registry;
    this.schemas = schemas;
  }

  /** Serves what a stored CRD defines, from the moment that its write is answered. */
  void observe(Event event) {
    if (event.object().key().resource().equals(ID)) {
      if (event.type() == Event.Type.DELETED) {
        registry.put(event.object().key().name(), List.of());
      } else {
        register(event.object());
      }
    }
  }

  void register(Stored crd) {
    try {
      registry.put(crd.key().name(), resources(crd.tree()));
    } catch (IllegalArgumentException e) {
      LOG.error("serve {}: {}", crd.key().name(), e.getMessage());
    }
  }

  private List<Resource> resources(ObjectNode crd) {
    JsonNode spec = crd.path("spec");
    JsonNode names = spec.path("names");
    String storage = "";
    for (JsonNode version : spec.path("versions")) {
      if (version.path("storage").asBoolean()) {
        storage = version.path("name").asText();
      }
    }
    List<Resource> resources = new ArrayList<>();
    for (JsonNode version : spec.path("versions")) {
      if (!version.path("served").asBoolean()) {
        continue;
      }
      String group = spec.path("group").asText();
      String name = version.path("name").asText();
      String kind = names.path("kind").asText();
      JsonNode schema = version.path("schema").path("openAPIV3Schema");
      resources.add(
          new Resource(
              group,
              name,
              kind,
              names.path("listKind").asText(kind + "List"),
              names.path("plural").asText(),
              names.path("singular").asText(kind.toLowerCase(Locale.ROOT)),
              Json.strings(names.get("shortNames")),
              Json.strings(names.get("categories")),
              spec.path("scope").asText().equals("Namespaced"),
              version.path("subresources").has("status"),
              true,
              storage,
              columns(version.path("additionalPrinterColumns")),
              source(group, name, kind, schema)));
    }
    return resources;
  }

  private Schemas.Source source(String group, String version, String kind, JsonNode schema) {
    List<String> reversed = new ArrayList<>(List.of(group.split("\\.", -1))).reversed();
    String component = String.join(".", reversed) + "." + version + "." + kind;
    Supplier<Schema> compiled = Schemas.once(() -> compile(schema));
    return new Schemas.Source() {
      @Override
      public Schema schema() {
        return compiled.get();
      }

      @Override
      public String component() {
        return component;
      }

      @Override
      public Map<String, ObjectNode> components() {
        Map<String, ObjectNode> all = new TreeMap<>(schemas.reachable(BuiltInSchemas.OBJECT_META));
        ObjectNode top = schema instanceof ObjectNode object ? object.deepCopy() : Json.object();
        top.put("type", "object");
        ObjectNode properties = Json.child(top, "properties");
        properties.putObject("apiVersion").put("type", "string");
        properties.putObject("kind").put("type", "string");
        properties
            .putObject("metadata")
            .put("$ref", "#/components/schemas/" + BuiltInSchemas.OBJECT_META);
        OpenApi.groupVersionKind(
            top.putArray("x-kubernetes-group-version-kind").addObject(), group, version, kind);
        all.put(component, top);
        return all;
      }
    };
  }

  private static Schema compile(JsonNode schema) {
    return Schema.compile(
        schema,
        ref -> {
          throw new IllegalArgumentException("$ref " + ref + ": not allowed in a CRD");
        });
  }

  private static List<Column> columns(JsonNode list) {
    List<Column> columns = new ArrayList<>();
    for (JsonNode column : list) {
      columns.add(
          new Column(
              column.path("name").asText(),
              column.path("type").asText("string"),
              column.path("description").asText(""),
              column.path("priority").asInt(),
              JsonPath.parse(column.path("jsonPath").asText())));
    }
    return List.copyOf(columns);
  }

  /** Fills in what a CRD leaves out, checks what its schema can't say, and writes its status. */
  static void complete(
      ObjectNode crd, @Nullable ObjectNode before, List<ApiException.Cause> causes) {
    ObjectNode spec = Json.child(crd, "spec");
    ObjectNode names = Json.child(spec, "names");
    String kind = Json.text(names, "kind");
    absent(names, "singular", kind.toLowerCase(Locale.ROOT));
    absent(names, "listKind", kind + "List");
    if (!spec.has("conversion")) {
      spec.putObject("conversion").put("strategy", "None");
    }
    for (String field : List.of("names.plural", "names.kind", "group", "scope")) {
      if (Json.text(spec, field).isEmpty()) {
        causes.add(required("spec." + field));
      }
    }
    String wanted = Json.text(names, "plural") + "." + Json.text(spec, "group");
    if (!Json.text(crd, "metadata.name").equals(wanted)) {
      causes.add(
          invalid(
              "metadata.name",
              Json.text(crd, "metadata.name"),
              "must be spec.names.plural+\".\"+spec.group"));
    }
    String scope = Json.text(spec, "scope");
    if (!scope.equals("Namespaced") && !scope.equals("Cluster")) {
      causes.add(
          new ApiException.Cause(
              "FieldValueNotSupported",
              "Unsupported value: \"" + scope + "\": supported values: \"Cluster\", \"Namespaced\"",
              "spec.scope"));
    }
    if (before != null && !scope.equals(Json.text(before, "spec.scope"))) {
      causes.add(invalid("spec.scope", scope, "field is immutable"));
    }
    if (!Json.text(spec, "conversion.strategy").equals("None")) {
      causes.add(
          invalid(
              "spec.conversion.strategy",
              Json.text(spec, "conversion.strategy"),
              "this API server converts by strategy None only"));
    }
    versions(spec, causes);
    if (causes.isEmpty()) {
      status(crd, before);
    }
  }

  private static void versions(ObjectNode spec, List<ApiException.Cause> causes) {
    int stored = 0;
    int index = 0;
    for (JsonNode version : spec.path("versions")) {
      String at = "spec.versions[" + index++ + "]";
      stored += version.path("storage").asBoolean() ? 1 : 0;
      if (Json.text(version, "name").isEmpty()) {
        causes.add(required(at + ".name"));
      }
      JsonNode schema = Json.at(version, "schema.openAPIV3Schema");
      if (schema == null) {
        causes.add(required(at + ".schema.openAPIV3Schema"));
        continue;
      }
      try {
        compile(schema);
      } catch (IllegalArgumentException e) {
        causes.add(invalid(at + ".schema.openAPIV3Schema", "", String.valueOf(e.getMessage())));
      }
      try {
        columns(version.path("additionalPrinterColumns"));
      } catch (IllegalArgumentException e) {
        causes.add(invalid(at + ".additionalPrinterColumns", "", String.valueOf(e.getMessage())));
      }
    }
    if (stored != 1) {
      causes.add(
          invalid("spec.versions", "", "must have exactly one version marked as storage version"));
    }
  }

  private static void status(ObjectNode crd, @Nullable ObjectNode before) {
    ObjectNode status = Json.object();
    ArrayNode conditions = status.putArray("conditions");
    String now = Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
    for (JsonNode condition : Json.items(before, "status.conditions")) {
      now = Json.text(condition, "lastTransitionTime");
    }
    condition(conditions, "NamesAccepted", "NoConflicts", "no conflicts found", now);
    condition(
        conditions,
        "Established",
        "InitialNamesAccepted",
        "the initial names have been accepted",
        now);
    status.set("acceptedNames", crd.path("spec").path("names").deepCopy());
    ArrayNode versions = status.putArray("storedVersions");
    List<String> stored = new ArrayList<>();
    if (before != null) {
      stored.addAll(Json.strings(before.path("status").get("storedVersions")));
    }
    for (JsonNode version : crd.path("spec").path("versions")) {
      String name = version.path("name").asText();
      if (version.path("storage").asBoolean() && !stored.contains(name)) {
        stored.add(name);
      }
    }
    stored.forEach(versions::add);
    crd.set("status", status);
  }

  private static void condition(
      ArrayNode into, String type, String reason, String message, String time) {
    into.addObject()
        .put("type", type)
        .put("status", "True")
        .put("lastTransitionTime", time)
        .put("reason", reason)
        .put("message", message);
  }

  private static void absent(ObjectNode object, String field, String value) {
    if (Json.text(object, field).isEmpty()) {
      object.put(field, value);
    }
  }

  private static ApiException.Cause required(String at) {
    return new ApiException.Cause("FieldValueRequired", "Required value", at);
  }

  private static ApiException.Cause invalid(String at, String value, String why) {
    return new ApiException.Cause(
        "FieldValueInvalid", "Invalid value: \"" + value + "\": " + why, at);
  }
}
