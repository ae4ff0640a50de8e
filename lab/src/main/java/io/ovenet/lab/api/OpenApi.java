package io.ovenet.lab.api;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * OpenAPI documents, as far as {@code kubectl apply} and {@code explain} read them: the schemas and
 * the paths with their kinds, and the word that the server validates fields itself.
 */
final class OpenApi {
  private final Registry registry;

  OpenApi(Registry registry) {
    this.registry = registry;
  }

  static void groupVersionKind(ObjectNode into, String group, String version, String kind) {
    into.put("group", group).put("kind", kind).put("version", version);
  }

  /** {@code /openapi/v3}: where each group's and version's document is. */
  Answer index() {
    ObjectNode root = Json.object();
    ObjectNode paths = root.putObject("paths");
    for (Map.Entry<String, List<String>> group : registry.groups().entrySet()) {
      for (String version : group.getValue()) {
        String path = path(group.getKey(), version);
        int state = document(group.getKey(), version).hashCode();
        paths
            .putObject(path)
            .put(
                "serverRelativeURL", "/openapi/v3/" + path + "?hash=" + Integer.toHexString(state));
      }
    }
    return Answer.json(200, root);
  }

  private static String path(String group, String version) {
    return group.isEmpty() ? "api/" + version : "apis/" + group + "/" + version;
  }

  /** {@code /openapi/v3/api/v1} and {@code /openapi/v3/apis/group/version}. */
  Answer document(String path) {
    String[] parts = path.split("/", -1);
    boolean core = parts.length == 2 && parts[0].equals("api");
    boolean grouped = parts.length == 3 && parts[0].equals("apis");
    if (!core && !grouped) {
      throw ApiException.noSuchPath();
    }
    String group = core ? "" : parts[1];
    String version = parts[parts.length - 1];
    if (!registry.groups().getOrDefault(group, List.of()).contains(version)) {
      throw ApiException.noSuchPath();
    }
    return Answer.json(200, document(group, version));
  }

  private ObjectNode document(String group, String version) {
    ObjectNode document = Json.object().put("openapi", "3.0.0");
    document.putObject("info").put("title", "Kubernetes").put("version", "unversioned");
    ObjectNode paths = document.putObject("paths");
    ObjectNode schemas = document.putObject("components").putObject("schemas");
    for (Resource resource : registry.all()) {
      if (resource.group().equals(group) && resource.version().equals(version)) {
        resource.schema().components().forEach(schemas::set);
        String base = "/" + path(group, version) + "/";
        String all = base + (resource.namespaced() ? "namespaces/{namespace}/" : "");
        collection(paths.putObject(all + resource.plural()), resource);
        object(paths.putObject(all + resource.plural() + "/{name}"), resource);
      }
    }
    return document;
  }

  private static void collection(ObjectNode path, Resource resource) {
    operation(path.putObject("get"), resource, "list", List.of());
    operation(path.putObject("post"), resource, "post", List.of("fieldValidation", "fieldManager"));
  }

  private static void object(ObjectNode path, Resource resource) {
    operation(path.putObject("get"), resource, "get", List.of());
    operation(path.putObject("put"), resource, "put", List.of("fieldValidation", "fieldManager"));
    operation(
        path.putObject("patch"),
        resource,
        "patch",
        List.of("dryRun", "fieldManager", "fieldValidation", "force"));
    operation(path.putObject("delete"), resource, "delete", List.of("dryRun"));
  }

  private static void operation(
      ObjectNode operation, Resource resource, String action, List<String> parameters) {
    operation.put("x-kubernetes-action", action);
    ArrayNode list = operation.putArray("parameters");
    for (String parameter : new TreeSet<>(parameters)) {
      ObjectNode one = list.addObject().put("name", parameter).put("in", "query");
      one.putObject("schema").put("type", parameter.equals("force") ? "boolean" : "string");
    }
    ObjectNode response = operation.putObject("responses").putObject("200");
    response
        .put("description", "OK")
        .putObject("content")
        .putObject("application/json")
        .putObject("schema")
        .put("$ref", "#/components/schemas/" + resource.schema().component());
    groupVersionKind(
        operation.putObject("x-kubernetes-group-version-kind"),
        resource.group(),
        resource.version(),
        resource.kind());
  }
}
