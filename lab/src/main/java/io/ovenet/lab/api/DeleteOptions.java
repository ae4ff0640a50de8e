package io.ovenet.lab.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What a deletion may depend on and how it goes about what the object owns. */
record DeleteOptions(
    @Nullable Long graceSeconds, boolean orphan, String uid, String resourceVersion) {
  static DeleteOptions of(Call call) {
    ObjectNode body = call.objectIfAny();
    ObjectNode options = body == null ? Json.object() : body;
    JsonNode seconds = options.get("gracePeriodSeconds");
    Long grace = seconds != null && seconds.isNumber() ? Long.valueOf(seconds.asLong()) : null;
    if (!call.parameter("gracePeriodSeconds").isEmpty()) {
      grace = call.number("gracePeriodSeconds", 0);
    }
    String policy = Json.text(options, "propagationPolicy");
    if (!call.parameter("propagationPolicy").isEmpty()) {
      policy = call.parameter("propagationPolicy");
    }
    if (!Set.of("", "Background", "Foreground", "Orphan").contains(policy)) {
      throw ApiException.badRequest("propagationPolicy: Unsupported value: \"" + policy + "\"");
    }
    boolean orphan = policy.equals("Orphan") || options.path("orphanDependents").asBoolean();
    return new DeleteOptions(
        grace,
        orphan,
        Json.text(options, "preconditions.uid"),
        Json.text(options, "preconditions.resourceVersion"));
  }

  void check(Resource resource, Stored stored) {
    if (!uid.isEmpty() && !uid.equals(stored.uid())) {
      throw ApiException.conflict(
          resource,
          stored.key().name(),
          "Precondition failed: UID in precondition: "
              + uid
              + ", UID in object meta: "
              + stored.uid());
    }
    String version = Long.toString(stored.version());
    if (!resourceVersion.isEmpty() && !resourceVersion.equals(version)) {
      throw ApiException.conflict(
          resource,
          stored.key().name(),
          "Precondition failed: ResourceVersion in precondition: "
              + resourceVersion
              + ", ResourceVersion in object meta: "
              + version);
    }
  }
}
