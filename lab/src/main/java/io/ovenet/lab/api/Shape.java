package io.ovenet.lab.api;

import com.fasterxml.jackson.databind.node.ObjectNode;

/** In what form objects are answered, as the {@code Accept} header asks. */
enum Shape {
  OBJECT,
  TABLE,
  METADATA;

  /**
   * The first form in the header that is served.
   *
   * @throws ApiException 406 if none is
   */
  static Shape of(Call call) {
    if (call.accept().isBlank()) {
      return OBJECT;
    }
    for (String choice : call.accept().split(",", -1)) {
      String type = choice.trim();
      if (type.startsWith("application/json") && type.contains("as=Table")) {
        if (type.contains("v=v1;") || type.endsWith("v=v1")) {
          return TABLE;
        }
      } else if (type.startsWith("application/json") && type.contains("as=PartialObjectMetadata")) {
        return METADATA;
      } else if (type.startsWith("application/json")
          || type.startsWith("*/*")
          || type.startsWith("application/*")) {
        return OBJECT;
      }
    }
    throw new ApiException(
        406,
        "NotAcceptable",
        "only the following media types are accepted: application/json (given: "
            + call.accept()
            + ")");
  }

  static ObjectNode metadataOnly(ObjectNode object) {
    ObjectNode partial = Json.object();
    partial.put("kind", "PartialObjectMetadata").put("apiVersion", "meta.k8s.io/v1");
    partial.set("metadata", object.path("metadata"));
    return partial;
  }
}
