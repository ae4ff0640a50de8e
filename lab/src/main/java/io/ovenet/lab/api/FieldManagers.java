package io.ovenet.lab.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Who manages which fields of an object: {@code metadata.managedFields}, and server-side apply,
 * which rests on it. An object has them from its first server-side apply on; what it had before is
 * then of {@code before-first-apply}, as of an object that is older than managed fields on any
 * cluster. So those who never apply so don't pay for it. Thread-safe.
 */
final class FieldManagers {
  private static final String MANAGED = "managedFields";
  private static final String APPLY = "Apply";
  private static final String UPDATE = "Update";

  /** What a server sets is nobody's. */
  private static final Set<String> OF_SERVER =
      Set.of(
          "name",
          "namespace",
          "uid",
          "resourceVersion",
          "generation",
          "creationTimestamp",
          "deletionTimestamp",
          "deletionGracePeriodSeconds",
          "selfLink",
          MANAGED);

  private final Schema metadata;

  /**
   * @param metadata the schema of every object's metadata
   */
  FieldManagers(Schema metadata) {
    this.metadata = metadata;
  }

  /** One manager by one way of writing. */
  private record Entry(
      String manager, String operation, String version, String subresource, FieldSet fields) {
    boolean is(Entry other) {
      return manager.equals(other.manager)
          && operation.equals(other.operation)
          && subresource.equals(other.subresource)
          && (operation.equals(APPLY) || version.equals(other.version));
    }

    /** As in the message of a conflict. */
    String described() {
      return "\""
          + manager
          + "\""
          + (subresource.isEmpty() ? "" : " with subresource \"" + subresource + "\"")
          + (operation.equals(UPDATE) ? " using " + version : "");
    }
  }

  /** What an apply makes of an object. */
  record Applied(ObjectNode object, List<Entry> entries) {}

  private static List<Entry> read(ObjectNode object) {
    List<Entry> entries = new ArrayList<>();
    for (JsonNode entry : Json.items(object, "metadata." + MANAGED)) {
      entries.add(
          new Entry(
              Json.text(entry, "manager"),
              Json.text(entry, "operation"),
              Json.text(entry, "apiVersion"),
              Json.text(entry, "subresource"),
              FieldSet.parse(entry.path("fieldsV1"))));
    }
    return entries;
  }

  /** Writes the managers; who manages as before keeps the time at which that began. */
  private static void write(List<Entry> entries, ObjectNode current, ObjectNode object) {
    ArrayNode list = Json.array();
    List<Entry> old = read(current);
    for (Entry entry : entries) {
      if (entry.fields().isEmpty()) {
        continue;
      }
      String time = Verbs.now();
      for (int i = 0; i < old.size(); i++) {
        if (old.get(i).is(entry) && old.get(i).fields().equals(entry.fields())) {
          time = Json.text(current.path("metadata").path(MANAGED).get(i), "time");
        }
      }
      ObjectNode one = list.addObject();
      one.put("manager", entry.manager()).put("operation", entry.operation());
      one.put("apiVersion", entry.version()).put("time", time).put("fieldsType", "FieldsV1");
      one.set("fieldsV1", entry.fields().write());
      if (!entry.subresource().isEmpty()) {
        one.put("subresource", entry.subresource());
      }
    }
    if (!list.isEmpty()) {
      Json.child(object, "metadata").set(MANAGED, list);
    }
  }

  private Fields fields(Resource resource) {
    return new Fields(resource.schema().schema(), metadata);
  }

  /** An object without what no manager has. */
  private static ObjectNode managed(Resource resource, ObjectNode object, boolean status) {
    ObjectNode copy = object.deepCopy();
    if (resource.status()) {
      if (status) {
        copy.retain("status");
      } else {
        copy.remove("status");
      }
    }
    if (copy.get("metadata") instanceof ObjectNode meta) {
      meta.remove(OF_SERVER);
      if (meta.isEmpty()) {
        copy.remove("metadata");
      }
    }
    return copy;
  }

  /**
   * What applying a configuration makes of an object.
   *
   * @param current an object without any field for one that is to be made
   * @throws ApiException 409 if another manager has a field that this changes, unless it is forced
   */
  Applied apply(
      Resource resource, ObjectNode current, ObjectNode configuration, boolean status, Call call) {
    String manager = call.parameter("fieldManager");
    if (manager.isEmpty()) {
      throw ApiException.badRequest(
          "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for"
              + " apply patch");
    }
    Fields fields = fields(resource);
    ObjectNode wanted = managed(resource, configuration, status);
    Entry mine =
        new Entry(manager, APPLY, resource.apiVersion(), status ? "status" : "", fields.of(wanted));
    List<Entry> others = new ArrayList<>(read(current));
    if (others.isEmpty() && !current.isEmpty()) {
      FieldSet all = fields.of(managed(resource, current, false));
      others.add(new Entry("before-first-apply", UPDATE, resource.apiVersion(), "", all));
    }
    FieldSet former = new FieldSet();
    others.stream().filter(mine::is).forEach(entry -> former.add(entry.fields()));
    others.removeIf(mine::is);
    ObjectNode merged = fields.merge(current, wanted);
    settleConflicts(resource, configuration, others, fields.changed(current, merged), call);
    List<List<String>> dropped = new ArrayList<>(former.members());
    // What is below goes first, so that an entry of a list is judged without it.
    for (List<String> path : dropped.reversed()) {
      if (!mine.fields().touches(path)
          && others.stream().noneMatch(other -> other.fields().touches(path))) {
        Fields.remove(merged, path);
      }
    }
    others.add(mine);
    return new Applied(merged, others);
  }

  private static void settleConflicts(
      Resource resource,
      ObjectNode configuration,
      List<Entry> others,
      FieldSet changed,
      Call call) {
    List<ApiException.Cause> conflicts = new ArrayList<>();
    for (Entry other : others) {
      for (List<String> path : changed.members()) {
        if (!other.fields().has(path)) {
          continue;
        }
        if (call.flag("force")) {
          other.fields().remove(path);
        } else {
          conflicts.add(
              new ApiException.Cause(
                  "FieldManagerConflict",
                  "conflict with " + other.described(),
                  FieldSet.describe(path)));
        }
      }
    }
    if (!conflicts.isEmpty()) {
      throw ApiException.applyConflict(
          resource, Json.text(configuration, "metadata.name"), conflicts);
    }
  }

  /** Writes down who manages what after an apply. */
  void applied(Applied applied, ObjectNode current, ObjectNode next) {
    write(applied.entries(), current, next);
  }

  /** Writes down who manages what after any other write, on an object that has managers. */
  void updated(Resource resource, ObjectNode current, ObjectNode next, boolean status, Call call) {
    List<Entry> entries = read(current);
    if (entries.isEmpty()) {
      return;
    }
    Fields fields = fields(resource);
    ObjectNode before = managed(resource, current, status);
    ObjectNode after = managed(resource, next, status);
    FieldSet changed = fields.changed(before, after);
    FieldSet gone = new FieldSet();
    fields.changed(after, before).members().stream()
        .filter(path -> !fields.of(after).touches(path))
        .forEach(gone::add);
    String named = call.parameter("fieldManager");
    Entry mine =
        new Entry(
            named.isEmpty() ? "unknown" : named,
            UPDATE,
            resource.apiVersion(),
            status ? "status" : "",
            new FieldSet());
    entries.stream().filter(mine::is).forEach(entry -> mine.fields().add(entry.fields()));
    entries.removeIf(mine::is);
    for (Entry entry : entries) {
      changed.members().forEach(path -> entry.fields().remove(path));
      gone.members().forEach(path -> entry.fields().remove(path));
    }
    gone.members().forEach(path -> mine.fields().remove(path));
    mine.fields().add(changed);
    entries.add(mine);
    write(entries, current, next);
  }
}
