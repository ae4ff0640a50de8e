package io.ovenet.lab.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Set;
import java.util.UUID;

/** Reads and writes of single objects, with the meaning that they have on Kubernetes. */
final class Verbs {
  private static final int ATTEMPTS = 20;
  private static final Set<String> KEPT_NAMESPACES =
      Set.of("default", "kube-system", "kube-public", "kube-node-lease");

  private final Store store;
  private final Admission admission;
  private final FieldManagers managers;
  private final Deletion deletion;

  Verbs(Store store, Admission admission, FieldManagers managers, Deletion deletion) {
    this.store = store;
    this.admission = admission;
    this.managers = managers;
    this.deletion = deletion;
  }

  static String now() {
    return Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
  }

  /** The object's bytes in the version that was asked for. */
  static byte[] bytes(Resource resource, Stored stored) {
    if (stored.apiVersion().equals(resource.apiVersion())) {
      return stored.json();
    }
    return Json.bytes(tree(resource, stored));
  }

  /** The object's tree in the version that was asked for. */
  static ObjectNode tree(Resource resource, Stored stored) {
    return stored.tree().put("apiVersion", resource.apiVersion());
  }

  Stored get(Resource resource, String namespace, String name) {
    Stored stored = store.get(resource.key(namespace, name));
    if (stored == null) {
      throw ApiException.notFound(resource, name);
    }
    return stored;
  }

  /** What a write leaves: an object, and whether it is still there. */
  @SuppressWarnings("ArrayRecordComponent") // never compared, and nobody writes into the bytes
  record Written(byte[] json, boolean gone) {}

  /** Writes into the next object who manages its fields. */
  @FunctionalInterface
  private interface Ownership {
    void tell(ObjectNode current, ObjectNode next);
  }

  byte[] create(Resource resource, String namespace, ObjectNode object, Call call) {
    return create(resource, namespace, object, call, (current, next) -> {});
  }

  private byte[] create(
      Resource resource, String namespace, ObjectNode object, Call call, Ownership ownership) {
    Admission.checkKind(resource, object);
    ObjectNode metadata = Json.child(object, "metadata");
    checkNamespace(resource, namespace, metadata);
    String version = Json.text(metadata, "resourceVersion");
    if (!version.isEmpty() && !version.equals("0")) {
      throw ApiException.badRequest("resourceVersion should not be set on objects to be created");
    }
    if (resource.namespaced()) {
      metadata.put("namespace", namespace);
      checkLiving(resource, namespace, Json.text(metadata, "name"));
    } else {
      metadata.remove("namespace");
    }
    String base = Json.text(metadata, "generateName");
    boolean generated = Json.text(metadata, "name").isEmpty();
    if (generated && base.isEmpty()) {
      throw ApiException.invalid(
          resource.group(),
          resource.kind(),
          "",
          java.util.List.of(
              new ApiException.Cause(
                  "FieldValueRequired",
                  "Required value: name or generateName is required",
                  "metadata.name")));
    }
    metadata.put("uid", UUID.randomUUID().toString());
    metadata.put("creationTimestamp", now());
    metadata.put("generation", 1);
    metadata.remove(
        Set.of(
            "resourceVersion",
            "deletionTimestamp",
            "deletionGracePeriodSeconds",
            "managedFields",
            "selfLink"));
    if (resource.status() && !resource.is("", "nodes")) {
      object.remove("status");
    }
    for (int attempt = 0; ; attempt++) {
      if (generated) {
        metadata.put("name", Names.generate(base));
      }
      String name = Json.text(metadata, "name");
      admission.admit(resource, object, null, call);
      ownership.tell(Json.object(), object);
      ObjectNode kept = object.deepCopy().put("apiVersion", resource.storageApiVersion());
      Key key = resource.key(namespace, name);
      if (call.dryRun()) {
        if (store.get(key) != null) {
          throw ApiException.alreadyExists(resource, name);
        }
        return Json.bytes(object);
      }
      switch (store.create(key, kept)) {
        case Store.Outcome.Done(Stored stored) -> {
          return bytes(resource, stored);
        }
        case Store.Outcome.Conflict() -> {
          if (!generated || attempt >= ATTEMPTS) {
            throw ApiException.alreadyExists(resource, name);
          }
        }
      }
    }
  }

  private static void checkNamespace(Resource resource, String namespace, ObjectNode metadata) {
    String named = Json.text(metadata, "namespace");
    if (resource.namespaced() && !named.isEmpty() && !named.equals(namespace)) {
      throw ApiException.badRequest(
          "the namespace of the provided object does not match the namespace sent on the request");
    }
  }

  private void checkLiving(Resource resource, String namespace, String name) {
    Stored owner = store.get(new Key("namespaces", "", namespace));
    if (owner == null) {
      throw new ApiException(404, "NotFound", "namespaces \"" + namespace + "\" not found");
    }
    if ("Terminating".equals(owner.fields().get("status.phase"))) {
      throw ApiException.forbidden(
          resource,
          name,
          "unable to create new content in namespace "
              + namespace
              + " because it is being terminated");
    }
  }

  byte[] update(
      Resource resource,
      String namespace,
      String name,
      boolean status,
      ObjectNode sent,
      Call call) {
    Admission.checkKind(resource, sent);
    ObjectNode metadata = Json.child(sent, "metadata");
    checkNamespace(resource, namespace, metadata);
    String named = Json.text(metadata, "name");
    if (!named.isEmpty() && !named.equals(name)) {
      throw ApiException.badRequest(
          "the name of the object ("
              + named
              + ") does not match the name on the URL ("
              + name
              + ")");
    }
    String version = Json.text(metadata, "resourceVersion");
    if (version.isEmpty() && resource.custom()) {
      throw ApiException.invalid(
          resource.group(),
          resource.kind(),
          name,
          java.util.List.of(
              new ApiException.Cause(
                  "FieldValueInvalid",
                  "Invalid value: 0: must be specified for an update",
                  "metadata.resourceVersion")));
    }
    return change(
        resource,
        namespace,
        name,
        status,
        call,
        current -> sent.deepCopy(),
        updated(resource, status, call));
  }

  /** Makes the wanted object of the current one. */
  @FunctionalInterface
  interface Edit {
    JsonNode apply(ObjectNode current);
  }

  byte[] patch(Resource resource, String namespace, String name, boolean status, Call call) {
    JsonNode patch = call.readBody();
    Edit edit =
        switch (call.contentType()) {
          case "application/json-patch+json" -> current -> JsonPatch.apply(current, patch);
          case "application/merge-patch+json" -> current -> JsonPatch.merge(current, patch);
          case "application/strategic-merge-patch+json" -> {
            if (resource.custom()) {
              throw new ApiException(
                  415,
                  "UnsupportedMediaType",
                  "the body of the request was in an unknown format - accepted media types for"
                      + " custom resources include: application/json-patch+json,"
                      + " application/merge-patch+json");
            }
            Schema schema = resource.schema().schema();
            ObjectNode changes = call.object();
            yield current -> StrategicMerge.apply(current, changes, schema);
          }
          default ->
              throw new ApiException(
                  415,
                  "UnsupportedMediaType",
                  "the body of the request was in an unknown format - accepted media types include:"
                      + " application/json-patch+json, application/merge-patch+json,"
                      + " application/strategic-merge-patch+json, application/apply-patch+yaml");
        };
    return change(resource, namespace, name, status, call, edit, updated(resource, status, call));
  }

  private Ownership updated(Resource resource, boolean status, Call call) {
    return (current, next) -> managers.updated(resource, current, next, status, call);
  }

  boolean exists(Resource resource, String namespace, String name) {
    return store.get(resource.key(namespace, name)) != null;
  }

  /** Server-side apply: makes the object if there is none. */
  byte[] apply(Resource resource, String namespace, String name, boolean status, Call call) {
    ObjectNode configuration = call.object();
    Admission.checkKind(resource, configuration);
    ObjectNode metadata = Json.child(configuration, "metadata");
    checkNamespace(resource, namespace, metadata);
    if (metadata.has("managedFields")) {
      throw ApiException.badRequest("metadata.managedFields must be nil");
    }
    if (!status && !exists(resource, namespace, name)) {
      FieldManagers.Applied made =
          managers.apply(resource, Json.object(), configuration, false, call);
      ObjectNode object = made.object();
      Json.child(object, "metadata").put("name", name);
      return create(
          resource,
          namespace,
          object,
          call,
          (current, next) -> managers.applied(made, current, next));
    }
    FieldManagers.Applied[] last = new FieldManagers.Applied[1];
    Edit edit =
        current -> {
          last[0] = managers.apply(resource, current, configuration, status, call);
          ObjectNode merged = last[0].object();
          for (String given : new String[] {"resourceVersion", "uid", "name"}) {
            if (metadata.has(given)) {
              Json.child(merged, "metadata").set(given, metadata.get(given));
            }
          }
          return merged;
        };
    return change(
        resource,
        namespace,
        name,
        status,
        call,
        edit,
        (current, next) -> managers.applied(last[0], current, next));
  }

  /** Reads, edits and writes an object; starts over if somebody else wrote it meanwhile. */
  private byte[] change(
      Resource resource,
      String namespace,
      String name,
      boolean status,
      Call call,
      Edit edit,
      Ownership ownership) {
    for (int attempt = 0; ; attempt++) {
      Stored stored = get(resource, namespace, name);
      ObjectNode current = tree(resource, stored);
      if (!(edit.apply(current.deepCopy()) instanceof ObjectNode wanted)) {
        throw ApiException.badRequest("the patched object is none");
      }
      Admission.checkKind(resource, wanted);
      WriteRules.checkIdentity(resource, stored, wanted);
      ObjectNode next = status ? WriteRules.withStatus(current, wanted) : wanted;
      WriteRules.settle(resource, current, next, status);
      admission.admit(resource, next, current, call);
      ownership.tell(current, next);
      if (!WriteRules.body(current).equals(WriteRules.body(next))) {
        long generation = Json.child(current, "metadata").path("generation").asLong();
        Json.child(next, "metadata").put("generation", generation + 1);
      }
      if (next.equals(current)) {
        return bytes(resource, stored);
      }
      if (call.dryRun()) {
        return Json.bytes(next);
      }
      next.put("apiVersion", resource.storageApiVersion());
      boolean last = WriteRules.endsLife(next);
      Store.Outcome outcome =
          last
              ? store.delete(stored.key(), stored.version())
              : store.replace(stored.key(), next, stored.version());
      switch (outcome) {
        case Store.Outcome.Done(Stored done) -> {
          return bytes(resource, done);
        }
        case Store.Outcome.Conflict() -> {
          if (attempt >= ATTEMPTS) {
            throw ApiException.modified(resource, name);
          }
        }
      }
    }
  }

  /** Deletes an object, or marks it if somebody has to finish it first. */
  Written delete(
      Resource resource, String namespace, String name, DeleteOptions options, boolean dryRun) {
    while (true) {
      Stored stored = get(resource, namespace, name);
      options.check(resource, stored);
      if (resource.is("", "namespaces") && KEPT_NAMESPACES.contains(name)) {
        throw ApiException.forbidden(resource, name, "this namespace may not be deleted");
      }
      ObjectNode next = stored.tree();
      boolean now = !deletion.mark(resource, next, options);
      if (dryRun || (!now && next.equals(stored.tree()))) {
        return new Written(bytes(resource, stored), now);
      }
      Store.Outcome outcome =
          now
              ? store.delete(stored.key(), stored.version())
              : store.replace(stored.key(), next, stored.version());
      if (outcome instanceof Store.Outcome.Done(Stored done)) {
        return new Written(bytes(resource, done), now);
      }
    }
  }
}
