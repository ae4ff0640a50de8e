package io.ovenet.lab.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * One version of an object as it is kept: its bytes, and of its tree only what selectors and the
 * collector need. Immutable; nobody writes into {@code json}.
 *
 * @param row the row in the journal
 * @param version its resourceVersion
 * @param fields values for the field selectors that its resource knows, beside name and namespace
 * @param owners uids of the objects that own it
 */
@SuppressWarnings("ArrayRecordComponent") // never compared, and nobody writes into the bytes
record Stored(
    Key key,
    long row,
    long version,
    String apiVersion,
    String uid,
    Map<String, String> labels,
    Map<String, String> fields,
    List<String> owners,
    byte[] json) {

  /** Gives the tree its resourceVersion and takes its bytes. */
  static Stored of(Key key, long row, long version, ObjectNode tree) {
    Json.child(tree, "metadata").put("resourceVersion", Long.toString(version));
    return read(key, row, version, tree, Json.bytes(tree));
  }

  static Stored read(Key key, long row, long version, ObjectNode tree, byte[] json) {
    JsonNode metadata = tree.path("metadata");
    List<String> owners = new ArrayList<>(0);
    for (JsonNode owner : Json.items(metadata, "ownerReferences")) {
      owners.add(owner.path("uid").asText());
    }
    return new Stored(
        key,
        row,
        version,
        tree.path("apiVersion").asText(),
        metadata.path("uid").asText(),
        Json.stringMap(metadata.get("labels")),
        FieldSelector.values(key.resource(), tree),
        List.copyOf(owners),
        json);
  }

  /** A fresh tree that the caller may change. */
  ObjectNode tree() {
    return Json.parse(json);
  }
}
