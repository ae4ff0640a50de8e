package io.ovenet.lab.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.Set;
import java.util.UUID;

/** Reads and writes of single objects, with the meaning that they have on Kubernetes. */
final class Verbs {
  private static final int ATTEMPTS = 20;
  private static final Set<String> KEPT_NAMESPACES =
      Set.of("default", "kube-system", "kube-public", "kube-node-lease");

  private final Store store;
  private final Admission admission;
  private final boolean gracefulPods;

  /**
   * @param gracefulPods whether a pod on a node is only marked by a deletion, for the node to end
   *     it
   */
  Verbs(Store store, Admission admission, boolean gracefulPods) {
    this.store = store;
    this.admission = admission;
    this.gracefulPods = gracefulPods;
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

  byte[] create(Resource resource, String namespace, ObjectNode object, Call call) {
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
    return change(resource, namespace, name, status, call, current -> sent.deepCopy());
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
          case "application/apply-patch+yaml", "application/apply-patch+cbor" ->
              throw new ApiException(
                  415,
                  "UnsupportedMediaType",
                  "server-side apply is not supported by this API server; use client-side apply"
                      + " (kubectl apply without --server-side) or a JSON, merge or strategic merge"
                      + " patch");
          default ->
              throw new ApiException(
                  415,
                  "UnsupportedMediaType",
                  "the body of the request was in an unknown format - accepted media types include:"
                      + " application/json-patch+json, application/merge-patch+json,"
                      + " application/strategic-merge-patch+json");
        };
    return change(resource, namespace, name, status, call, edit);
  }

  /** Reads, edits and writes an object; starts over if somebody else wrote it meanwhile. */
  private byte[] change(
      Resource resource, String namespace, String name, boolean status, Call call, Edit edit) {
    for (int attempt = 0; ; attempt++) {
      Stored stored = get(resource, namespace, name);
      ObjectNode current = tree(resource, stored);
      if (!(edit.apply(current.deepCopy()) instanceof ObjectNode wanted)) {
        throw ApiException.badRequest("the patched object is none");
      }
      Admission.checkKind(resource, wanted);
      checkIdentity(resource, stored, wanted);
      ObjectNode next = status ? withStatus(current, wanted) : wanted;
      settle(resource, current, next, status);
      admission.admit(resource, next, current, call);
      if (!body(current).equals(body(next))) {
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
      boolean last = endsLife(next);
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

  /** Whether an object that is being deleted has nothing left to wait for. */
  private static boolean endsLife(ObjectNode object) {
    JsonNode metadata = object.path("metadata");
    return metadata.has("deletionTimestamp")
        && metadata.path("finalizers").isEmpty()
        && metadata.path("deletionGracePeriodSeconds").asLong() == 0
        && Json.at(object, "spec.finalizers") == null;
  }

  /** Checks the version, uid and name that a client means. */
  private static void checkIdentity(Resource resource, Stored stored, ObjectNode wanted) {
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
          java.util.List.of(
              new ApiException.Cause(
                  "FieldValueInvalid",
                  "Invalid value: \"" + named + "\": field is immutable",
                  "metadata.name")));
    }
  }

  private static ObjectNode withStatus(ObjectNode current, ObjectNode wanted) {
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
  private static void settle(
      Resource resource, ObjectNode current, ObjectNode next, boolean status) {
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
  private static ObjectNode body(ObjectNode object) {
    ObjectNode body = Json.object();
    for (Map.Entry<String, JsonNode> field : object.properties()) {
      if (!field.getKey().equals("metadata") && !field.getKey().equals("status")) {
        body.set(field.getKey(), field.getValue());
      }
    }
    return body;
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
      boolean now = !mark(resource, next, options);
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

  /** Writes into an object that it is to go; false if nothing keeps it. */
  private boolean mark(Resource resource, ObjectNode object, DeleteOptions options) {
    ObjectNode metadata = Json.child(object, "metadata");
    boolean namespace = resource.is("", "namespaces");
    boolean held = !metadata.path("finalizers").isEmpty() || namespace;
    long grace = grace(resource, object, options);
    if (options.orphan()) {
      metadata.withArray("finalizers");
      if (!Json.strings(metadata.get("finalizers")).contains(Collector.ORPHAN)) {
        metadata.withArray("finalizers").add(Collector.ORPHAN);
      }
      held = true;
    }
    if (!held && grace == 0) {
      return false;
    }
    if (!metadata.has("deletionTimestamp")) {
      metadata.put(
          "deletionTimestamp",
          Instant.now().plusSeconds(grace).truncatedTo(ChronoUnit.SECONDS).toString());
      metadata.put("generation", metadata.path("generation").asLong() + 1);
      metadata.put("deletionGracePeriodSeconds", grace);
    } else if (grace < metadata.path("deletionGracePeriodSeconds").asLong()) {
      metadata.put("deletionGracePeriodSeconds", grace);
    }
    if (namespace) {
      Json.child(object, "status").put("phase", "Terminating");
    }
    return true;
  }

  private long grace(Resource resource, ObjectNode pod, DeleteOptions options) {
    boolean runs =
        gracefulPods
            && resource.is("", "pods")
            && !Json.text(pod, "spec.nodeName").isEmpty()
            && !Set.of("Succeeded", "Failed").contains(Json.text(pod, "status.phase"));
    if (!runs) {
      return 0;
    }
    Long asked = options.graceSeconds();
    JsonNode own = Json.at(pod, "spec.terminationGracePeriodSeconds");
    return asked != null ? Math.max(0, asked) : own == null ? 30 : own.asLong();
  }
}
