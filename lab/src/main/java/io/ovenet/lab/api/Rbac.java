package io.ovenet.lab.api;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;

/**
 * Who may do what by the Roles and bindings that there are. This server itself asks about service
 * accounts alone, by their tokens, and answers others that ask. Thread-safe.
 *
 * @see <a href="https://kubernetes.io/docs/reference/access-authn-authz/rbac/">RBAC</a>
 */
final class Rbac {
  private static final String GROUP = "rbac.authorization.k8s.io";

  private final Store store;

  Rbac(Store store) {
    this.store = store;
  }

  /**
   * What somebody wants to do.
   *
   * @param namespace empty: in all namespaces, or with what is in none
   * @param name of the object; empty: any
   */
  record Attributes(
      String verb,
      String group,
      String resource,
      String subresource,
      String namespace,
      String name) {
    String whole() {
      return subresource.isEmpty() ? resource : resource + "/" + subresource;
    }
  }

  boolean allows(String user, List<String> groups, Attributes wanted) {
    for (Stored binding : store.list("clusterrolebindings." + GROUP, "").items()) {
      if (grants(binding.tree(), "", user, groups, wanted)) {
        return true;
      }
    }
    if (!wanted.namespace().isEmpty()) {
      for (Stored binding : store.list("rolebindings." + GROUP, wanted.namespace()).items()) {
        if (grants(binding.tree(), wanted.namespace(), user, groups, wanted)) {
          return true;
        }
      }
    }
    return false;
  }

  private boolean grants(
      JsonNode binding, String namespace, String user, List<String> groups, Attributes wanted) {
    for (JsonNode subject : Json.items(binding, "subjects")) {
      if (isMeant(subject, namespace, user, groups)) {
        return roleAllows(binding.path("roleRef"), namespace, wanted);
      }
    }
    return false;
  }

  private static boolean isMeant(
      JsonNode subject, String namespace, String user, List<String> groups) {
    String name = subject.path("name").asText();
    return switch (subject.path("kind").asText()) {
      case "User" -> name.equals(user);
      case "Group" -> groups.contains(name);
      case "ServiceAccount" ->
          user.equals(
              "system:serviceaccount:" + subject.path("namespace").asText(namespace) + ":" + name);
      default -> false;
    };
  }

  private boolean roleAllows(JsonNode reference, String namespace, Attributes wanted) {
    boolean cluster = reference.path("kind").asText().equals("ClusterRole");
    String resource = (cluster ? "clusterroles." : "roles.") + GROUP;
    String name = reference.path("name").asText();
    for (Stored role : store.list(resource, cluster ? "" : namespace).items()) {
      if (role.key().name().equals(name)) {
        for (JsonNode rule : Json.items(role.tree(), "rules")) {
          if (ruleAllows(rule, wanted)) {
            return true;
          }
        }
      }
    }
    return false;
  }

  private static boolean ruleAllows(JsonNode rule, Attributes wanted) {
    List<String> names = Json.strings(rule.get("resourceNames"));
    return has(rule, "verbs", wanted.verb())
        && has(rule, "apiGroups", wanted.group())
        && (has(rule, "resources", wanted.whole())
            || (!wanted.subresource().isEmpty()
                && has(rule, "resources", "*/" + wanted.subresource())))
        && (names.isEmpty() || names.contains(wanted.name()));
  }

  private static boolean has(JsonNode rule, String list, String value) {
    List<String> values = Json.strings(rule.get(list));
    return values.contains("*") || values.contains(value);
  }
}
