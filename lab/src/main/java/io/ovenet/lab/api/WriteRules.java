package io.ovenet.lab.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;

/** What of an object a write can't change, and what it has to have right. */
final class WriteRules {
  private WriteRules() {}

  /** Whether an object that is being deleted has nothing left to wait for. */
  static boolean endsLife(ObjectNode object) {
    JsonNode metadata = object.path("metadata");
    return metadata.has("deletionTimestamp")
        && metadata.path("finalizers").isEmpty()
        && metadata.path("deletionGracePeriodSeconds").asLong() == 0
        && Json.at(object, "spec.finalizers") == null;
  }

  /** Checks the version, uid and name that a client means. */
  static void checkIdentity(Resource resource, Stored stored, ObjectNode wanted) {
    String name = stored.key().name();
    ObjectNode metadata = Json.child(wanted, "metadata");
    String version = Json.text(metadata, "resourceVersion");
    if (!version.isEmpty()
        && !version.equals("0")
        && !version.equals(Long.toString(stored.version()))) {
      throw ApiException.modified(resource, name);
    }
    String uid = Json.text(metadata, "uid");
    if (!uid.isEmpty() && !uid.equals(stored.uid())) {
      throw ApiException.conflict(
          resource,
          name,
          "Precondition failed: UID in precondition: "
              + uid
              + ", UID in object meta: "
              + stored.uid());
    }
    String named = Json.text(metadata, "name");
    if (!named.isEmpty() && !named.equals(name)) {
      throw ApiException.invalid(
          resource.group(),
          resource.kind(),
          name,
          List.of(
              new ApiException.Cause(
                  "FieldValueInvalid",
                  "Invalid value: \"" + named + "\": field is immutable",
                  "metadata.name")));
    }
  }

  static ObjectNode withStatus(ObjectNode current, ObjectNode wanted) {
    ObjectNode next = current.deepCopy();
    JsonNode status = wanted.get("status");
    if (status == null) {
      next.remove("status");
    } else {
      next.set("status", status);
    }
    return next;
  }

  /** Gives the next object what its writer can't change. */
  static void settle(Resource resource, ObjectNode current, ObjectNode next, boolean status) {
    ObjectNode metadata = Json.child(next, "metadata");
    JsonNode old = current.path("metadata");
    for (String field :
        new String[] {
          "name",
          "namespace",
          "uid",
          "creationTimestamp",
          "deletionTimestamp",
          "deletionGracePeriodSeconds",
          "generation",
          "resourceVersion",
        }) {
      JsonNode value = old.get(field);
      if (value == null) {
        metadata.remove(field);
      } else {
        metadata.set(field, value);
      }
    }
    if (resource.status() && !status) {
      JsonNode kept = current.get("status");
      if (kept == null) {
        next.remove("status");
      } else {
        next.set("status", kept.deepCopy());
      }
    }
  }

  /** All of an object but its metadata and status. */
  static ObjectNode body(ObjectNode object) {
    ObjectNode body = Json.object();
    for (Map.Entry<String, JsonNode> field : object.properties()) {
      if (!field.getKey().equals("metadata") && !field.getKey().equals("status")) {
        body.set(field.getKey(), field.getValue());
      }
    }
    return body;
  }
}
