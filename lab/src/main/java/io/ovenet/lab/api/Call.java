package io.ovenet.lab.api;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One request. Used by one thread.
 *
 * @param query the first value of each parameter
 * @param contentType without parameters, in lower case, "" if none was given
 * @param token of the caller, "" if he shows none
 * @param warnings what the answer's {@code Warning} headers will say
 */
@SuppressWarnings("ArrayRecordComponent") // never compared, and nobody writes into the bytes
record Call(
    String method,
    String path,
    Map<String, String> query,
    String accept,
    String contentType,
    byte[] body,
    String token,
    List<String> warnings) {

  Call(
      String method,
      String path,
      Map<String, String> query,
      String accept,
      String contentType,
      byte[] body,
      String token) {
    this(method, path, query, accept, contentType, body, token, new ArrayList<>());
  }

  String parameter(String name) {
    return query.getOrDefault(name, "");
  }

  boolean flag(String name) {
    String value = query.get(name);
    return value != null && (value.isEmpty() || value.equals("true") || value.equals("1"));
  }

  /**
   * A whole number.
   *
   * @throws ApiException 400 if the parameter is something else
   */
  long number(String name, long otherwise) {
    String value = parameter(name);
    if (value.isEmpty()) {
      return otherwise;
    }
    try {
      return Long.parseLong(value);
    } catch (NumberFormatException e) {
      throw ApiException.badRequest(
          name + ": Invalid value: \"" + value + "\": must be a whole number");
    }
  }

  boolean dryRun() {
    String value = parameter("dryRun");
    if (!value.isEmpty() && !value.equals("All")) {
      throw ApiException.badRequest("dryRun: Unsupported value: \"" + value + "\"; supported: All");
    }
    return value.equals("All");
  }

  /**
   * The body as an object.
   *
   * @throws ApiException 400 if it is none, 415 if its type can't be read
   */
  ObjectNode object() {
    if (readBody() instanceof ObjectNode object) {
      return object;
    }
    throw ApiException.badRequest("the request's body is not an object");
  }

  /** The body as an object, or null if there is none. */
  @Nullable ObjectNode objectIfAny() {
    return body.length == 0 ? null : object();
  }

  JsonNode readBody() {
    boolean yaml = contentType.endsWith("yaml");
    if (contentType.equals("application/vnd.kubernetes.protobuf")) {
      return ProtobufBody.parse(body);
    }
    if (contentType.contains("protobuf") || contentType.contains("cbor")) {
      throw new ApiException(
          415,
          "UnsupportedMediaType",
          "the body's type "
              + contentType
              + " is not supported; send application/json or application/yaml");
    }
    ObjectMapper mapper = yaml ? Json.YAML : Json.MAPPER;
    try {
      JsonNode node = mapper.readTree(body);
      if (node == null || node.isMissingNode()) {
        throw ApiException.badRequest("the request has no body");
      }
      return node;
    } catch (JsonProcessingException e) {
      throw ApiException.badRequest(
          "the body is not valid " + (yaml ? "YAML" : "JSON") + ": " + e.getOriginalMessage());
    } catch (IOException e) {
      throw ApiException.badRequest("the body can't be read: " + e.getMessage());
    }
  }
}
