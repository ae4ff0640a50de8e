package io.ovenet.lab.api;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Tells clients what there is: groups, versions, resources; aggregated and plain. */
final class Discovery {
  private static final String AGGREGATED = "g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
  private static final String AGGREGATED_TYPE = "application/json;" + AGGREGATED;

  private final Registry registry;
  private final List<String> logResources;

  Discovery(Registry registry, boolean logs) {
    this.registry = registry;
    this.logResources = logs ? List.of("pods/log") : List.of();
  }

  /** {@code /api} and {@code /apis}. */
  Answer root(boolean core, Call call) {
    if (call.accept().replace(" ", "").contains(AGGREGATED)) {
      return new Answer.Body(200, AGGREGATED_TYPE, Json.bytes(aggregated(core)));
    }
    if (core) {
      ObjectNode versions = Json.object().put("kind", "APIVersions");
      versions.putArray("versions").add("v1");
      versions.putArray("serverAddressByClientCIDRs");
      return Answer.json(200, versions);
    }
    ObjectNode list = Json.object().put("kind", "APIGroupList").put("apiVersion", "v1");
    ArrayNode groups = list.putArray("groups");
    registry
        .groups()
        .forEach(
            (group, versions) -> {
              if (!group.isEmpty()) {
                groups.add(group(group, versions));
              }
            });
    return Answer.json(200, list);
  }

  private static ObjectNode group(String name, List<String> versions) {
    ObjectNode group = Json.object().put("name", name);
    ArrayNode list = group.putArray("versions");
    for (String version : versions) {
      list.addObject().put("groupVersion", name + "/" + version).put("version", version);
    }
    group.set("preferredVersion", list.get(0).deepCopy());
    return group;
  }

  /** {@code /apis/group}. */
  Answer group(String name) {
    List<String> versions = registry.groups().get(name);
    if (name.isEmpty() || versions == null) {
      throw ApiException.noSuchPath();
    }
    ObjectNode group = group(name, versions);
    return Answer.json(200, group.put("kind", "APIGroup").put("apiVersion", "v1"));
  }

  /** {@code /api/v1} and {@code /apis/group/version}. */
  Answer resources(String group, String version) {
    ObjectNode list = Json.object().put("kind", "APIResourceList").put("apiVersion", "v1");
    list.put("groupVersion", group.isEmpty() ? version : group + "/" + version);
    ArrayNode resources = list.putArray("resources");
    for (Resource resource : registry.all()) {
      if (resource.group().equals(group) && resource.version().equals(version)) {
        ObjectNode one =
            resources
                .addObject()
                .put("name", resource.plural())
                .put("singularName", resource.singular())
                .put("namespaced", resource.namespaced())
                .put("kind", resource.kind());
        one.set("verbs", Json.array(new TreeSet<>(Resource.VERBS)));
        one.set("shortNames", Json.array(resource.shortNames()));
        one.set("categories", Json.array(resource.categories()));
        for (Subresource sub : subresources(resource)) {
          ObjectNode below =
              resources
                  .addObject()
                  .put("name", resource.plural() + "/" + sub.name())
                  .put("singularName", "")
                  .put("namespaced", resource.namespaced())
                  .put("kind", sub.kind());
          if (!sub.group().equals(group)) {
            below.put("group", sub.group()).put("version", sub.version());
          }
          below.set("verbs", Json.array(sub.verbs()));
        }
      }
    }
    if (REVIEWS.containsKey(group)) {
      REVIEWS
          .get(group)
          .forEach(kind -> review(resources.addObject().put("name", plural(kind)), kind));
    } else if (resources.isEmpty()) {
      throw ApiException.noSuchPath();
    }
    return Answer.json(200, list);
  }

  /** What is asked and not kept: kinds by group. */
  private static final Map<String, List<String>> REVIEWS =
      new TreeMap<>(
          Map.of(
              AccessReviews.AUTHENTICATION,
              List.of("TokenReview"),
              AccessReviews.AUTHORIZATION,
              List.of("SelfSubjectAccessReview", "SubjectAccessReview")));

  private static String plural(String kind) {
    return kind.toLowerCase(Locale.ROOT) + "s";
  }

  private static void review(ObjectNode resource, String kind) {
    resource
        .put("singularName", kind.toLowerCase(Locale.ROOT))
        .put("namespaced", false)
        .put("kind", kind)
        .putArray("verbs")
        .add("create");
  }

  /** What is reached below an object. */
  private record Subresource(
      String name, String group, String version, String kind, List<String> verbs) {}

  private List<Subresource> subresources(Resource resource) {
    List<Subresource> all = new java.util.ArrayList<>();
    if (resource.status()) {
      all.add(below(resource, "status", resource.kind(), "get", "patch", "update"));
    }
    for (String path : logResources) {
      if (path.equals(resource.id() + "/log")) {
        all.add(below(resource, "log", "Pod", "get"));
      }
    }
    if (resource.is("", "serviceaccounts")) {
      List<String> verbs = List.of("create");
      String group = AccessReviews.AUTHENTICATION;
      all.add(new Subresource("token", group, "v1", "TokenRequest", verbs));
    }
    if (resource.is("", "pods")) {
      all.add(below(resource, "exec", "PodExecOptions", "create", "get"));
      all.add(below(resource, "portforward", "PodPortForwardOptions", "create", "get"));
      all.add(below(resource, "binding", "Binding", "create"));
    }
    if (Scale.has(resource)) {
      List<String> verbs = List.of("get", "patch", "update");
      all.add(new Subresource("scale", "autoscaling", "v1", "Scale", verbs));
    }
    return all;
  }

  private static Subresource below(Resource resource, String name, String kind, String... verbs) {
    return new Subresource(name, resource.group(), resource.version(), kind, List.of(verbs));
  }

  private ObjectNode aggregated(boolean core) {
    ObjectNode list = Json.object();
    list.put("kind", "APIGroupDiscoveryList").put("apiVersion", "apidiscovery.k8s.io/v2");
    list.putObject("metadata");
    ArrayNode items = list.putArray("items");
    for (Map.Entry<String, List<String>> group : registry.groups().entrySet()) {
      if (group.getKey().isEmpty() == core) {
        ObjectNode item = items.addObject();
        ObjectNode metadata = item.putObject("metadata");
        if (!core) {
          metadata.put("name", group.getKey());
        }
        ArrayNode versions = item.putArray("versions");
        for (String version : group.getValue()) {
          ObjectNode one = versions.addObject().put("version", version);
          one.put("freshness", "Current").set("resources", discovered(group.getKey(), version));
        }
      }
    }
    if (!core) {
      REVIEWS.forEach(
          (group, kinds) -> {
            ObjectNode item = items.addObject();
            item.putObject("metadata").put("name", group);
            ObjectNode version = item.putArray("versions").addObject().put("version", "v1");
            version.put("freshness", "Current");
            ArrayNode resources = version.putArray("resources");
            for (String kind : kinds) {
              ObjectNode review = resources.addObject();
              review
                  .put("resource", plural(kind))
                  .put("scope", "Cluster")
                  .put("singularResource", kind.toLowerCase(Locale.ROOT));
              review.putArray("verbs").add("create");
              kind(review, group, "v1", kind);
            }
          });
    }
    return list;
  }

  private ArrayNode discovered(String group, String version) {
    ArrayNode resources = Json.array();
    for (Resource resource : registry.all()) {
      if (!resource.group().equals(group) || !resource.version().equals(version)) {
        continue;
      }
      ObjectNode one = resources.addObject().put("resource", resource.plural());
      kind(one, group, version, resource.kind());
      one.put("scope", resource.namespaced() ? "Namespaced" : "Cluster");
      one.put("singularResource", resource.singular());
      one.set("verbs", Json.array(new TreeSet<>(Resource.VERBS)));
      one.set("shortNames", Json.array(resource.shortNames()));
      one.set("categories", Json.array(resource.categories()));
      ArrayNode below = one.putArray("subresources");
      for (Subresource sub : subresources(resource)) {
        ObjectNode entry = below.addObject().put("subresource", sub.name());
        kind(entry, sub.group(), sub.version(), sub.kind());
        entry.set("verbs", Json.array(sub.verbs()));
      }
    }
    return resources;
  }

  private static void kind(ObjectNode into, String group, String version, @Nullable String kind) {
    into.putObject("responseKind").put("group", group).put("version", version).put("kind", kind);
  }
}
