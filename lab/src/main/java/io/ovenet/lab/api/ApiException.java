package io.ovenet.lab.api;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A request that is answered with a failure: HTTP code, reason and details of a Kubernetes {@code
 * Status}. Carries no stack trace, since it is an answer rather than a defect.
 */
public final class ApiException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /**
   * One reason why an object is invalid.
   *
   * @param reason such as {@code FieldValueInvalid}
   * @param field its path, such as {@code spec.ports[0].port}
   */
  public record Cause(String reason, String message, String field) {}

  private final int code;
  private final String reason;
  private final transient @Nullable ObjectNode details;

  public ApiException(int code, String reason, String message) {
    this(code, reason, message, null);
  }

  private ApiException(int code, String reason, String message, @Nullable ObjectNode details) {
    super(message, null, false, false);
    this.code = code;
    this.reason = reason;
    this.details = details;
  }

  public int code() {
    return code;
  }

  public String reason() {
    return reason;
  }

  /** The {@code Status} object that a client is given. */
  ObjectNode status() {
    ObjectNode status = Json.object();
    status.put("kind", "Status").put("apiVersion", "v1").putObject("metadata");
    status.put("status", "Failure").put("message", getMessage()).put("reason", reason);
    if (details != null) {
      status.set("details", details);
    }
    return status.put("code", code);
  }

  private static ObjectNode details(String kind, String group, String name) {
    ObjectNode details = Json.object();
    if (!name.isEmpty()) {
      details.put("name", name);
    }
    if (!group.isEmpty()) {
      details.put("group", group);
    }
    return details.put("kind", kind);
  }

  static ApiException notFound(Resource resource, String name) {
    return new ApiException(
        404,
        "NotFound",
        resource.id() + " \"" + name + "\" not found",
        details(resource.plural(), resource.group(), name));
  }

  static ApiException noSuchPath() {
    return new ApiException(
        404, "NotFound", "the server could not find the requested resource", Json.object());
  }

  static ApiException alreadyExists(Resource resource, String name) {
    return new ApiException(
        409,
        "AlreadyExists",
        resource.id() + " \"" + name + "\" already exists",
        details(resource.plural(), resource.group(), name));
  }

  static ApiException modified(Resource resource, String name) {
    return conflict(
        resource,
        name,
        "the object has been modified; please apply your changes to the latest version and try"
            + " again");
  }

  static ApiException conflict(Resource resource, String name, String why) {
    return new ApiException(
        409,
        "Conflict",
        "Operation cannot be fulfilled on " + resource.id() + " \"" + name + "\": " + why,
        details(resource.plural(), resource.group(), name));
  }

  /** A server-side apply that would take fields from other managers. */
  static ApiException applyConflict(Resource resource, String name, List<Cause> conflicts) {
    StringBuilder message = new StringBuilder("Apply failed with " + conflicts.size());
    message.append(conflicts.size() == 1 ? " conflict: " : " conflicts: ");
    String last = "";
    ObjectNode details = details(resource.plural(), resource.group(), name);
    ArrayNode list = details.putArray("causes");
    for (Cause cause : conflicts) {
      if (conflicts.size() == 1) {
        message.append(cause.message()).append(": ").append(cause.field());
      } else {
        if (!cause.message().equals(last)) {
          message.append(last.isEmpty() ? "" : "\n");
          message.append(cause.message().replaceFirst("^conflict", "conflicts")).append(':');
        }
        message.append("\n- ").append(cause.field());
      }
      last = cause.message();
      add(list, cause);
    }
    return new ApiException(409, "Conflict", message.toString(), details);
  }

  private static void add(ArrayNode list, Cause cause) {
    list.addObject()
        .put("reason", cause.reason())
        .put("message", cause.message())
        .put("field", cause.field());
  }

  static ApiException forbidden(Resource resource, String name, String why) {
    return new ApiException(
        403,
        "Forbidden",
        resource.id() + " \"" + name + "\" is forbidden: " + why,
        details(resource.plural(), resource.group(), name));
  }

  /** An object that breaks its kind's rules. */
  public static ApiException invalid(String group, String kind, String name, List<Cause> causes) {
    StringBuilder message = new StringBuilder(kind);
    if (!group.isEmpty()) {
      message.append('.').append(group);
    }
    message.append(" \"").append(name).append("\" is invalid: ");
    if (causes.size() > 1) {
      message.append('[');
    }
    ObjectNode details = details(kind, group, name);
    ArrayNode list = details.putArray("causes");
    for (int i = 0; i < causes.size(); i++) {
      Cause cause = causes.get(i);
      message.append(i == 0 ? "" : ", ").append(cause.field()).append(": ");
      message.append(cause.message());
      add(list, cause);
    }
    if (causes.size() > 1) {
      message.append(']');
    }
    return new ApiException(422, "Invalid", message.toString(), details);
  }

  static ApiException badRequest(String message) {
    return new ApiException(400, "BadRequest", message);
  }

  /** A watch or list from a version whose history is gone; the client lists again. */
  static ApiException expired(long asked, long oldest) {
    return new ApiException(
        410, "Expired", "too old resource version: " + asked + " (" + oldest + ")");
  }
}
