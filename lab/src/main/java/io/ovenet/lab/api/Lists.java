package io.ovenet.lab.api;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/** Answers lists, page by page where a client wants it so. */
final class Lists {
  private final Store store;
  private final Tables tables;

  Lists(Store store, Tables tables) {
    this.store = store;
    this.tables = tables;
  }

  /** Where a list goes on: behind a key, at the version of its first page. */
  private record Page(long version, String after) {
    static Page of(String token) {
      try {
        String text = new String(Base64.getUrlDecoder().decode(token), StandardCharsets.UTF_8);
        int at = text.indexOf('\0');
        if (at > 0) {
          return new Page(Long.parseLong(text.substring(0, at)), text.substring(at + 1));
        }
      } catch (IllegalArgumentException e) {
        throw ApiException.badRequest("continue key is not valid: " + e.getMessage());
      }
      throw ApiException.badRequest("continue key is not valid");
    }

    String token() {
      byte[] bytes = (version + "\0" + after).getBytes(StandardCharsets.UTF_8);
      return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }
  }

  Answer list(Selection selection, Call call) {
    Resource resource = selection.resource();
    long limit = call.number("limit", 0);
    String token = call.parameter("continue");
    Store.Listing listing = store.list(resource.id(), selection.namespace());
    Page page = token.isEmpty() ? new Page(listing.version(), "") : Page.of(token);
    List<Stored> found = new ArrayList<>();
    long left = 0;
    for (Stored object : listing.items()) {
      if (object.key().order().compareTo(page.after()) > 0 && selection.matches(object)) {
        if (limit > 0 && found.size() >= limit) {
          left++;
        } else {
          found.add(object);
        }
      }
    }
    ObjectNode metadata = Json.object();
    // The first page's version: who watches from it sees what changed between the pages.
    metadata.put("resourceVersion", Long.toString(page.version()));
    if (left > 0) {
      metadata.put("continue", new Page(page.version(), found.getLast().key().order()).token());
      if (selection.everything()) {
        metadata.put("remainingItemCount", left);
      }
    }
    return switch (Shape.of(call)) {
      case TABLE -> Answer.json(200, tables.table(resource, found, metadata, true, call));
      case METADATA -> Answer.json(200, partial(resource, found, metadata));
      case OBJECT -> new Answer.Body(200, Answer.JSON, bytes(resource, found, metadata));
    };
  }

  private static ObjectNode partial(Resource resource, List<Stored> found, ObjectNode metadata) {
    ObjectNode list = Json.object();
    list.put("kind", "PartialObjectMetadataList").put("apiVersion", "meta.k8s.io/v1");
    list.set("metadata", metadata);
    list.putArray("items");
    found.forEach(
        one -> list.withArray("items").add(Shape.metadataOnly(Verbs.tree(resource, one))));
    return list;
  }

  /** The list's JSON, put together from the objects' own bytes. */
  private static byte[] bytes(Resource resource, List<Stored> found, ObjectNode metadata) {
    ByteArrayOutputStream out = new ByteArrayOutputStream(256 + found.size() * 1024);
    ObjectNode head = Json.object();
    head.put("kind", resource.listKind()).put("apiVersion", resource.apiVersion());
    head.set("metadata", metadata);
    byte[] start = Json.bytes(head);
    out.write(start, 0, start.length - 1);
    out.writeBytes(",\"items\":[".getBytes(StandardCharsets.UTF_8));
    for (int i = 0; i < found.size(); i++) {
      if (i > 0) {
        out.write(',');
      }
      out.writeBytes(Verbs.bytes(resource, found.get(i)));
    }
    out.writeBytes("]}".getBytes(StandardCharsets.UTF_8));
    return out.toByteArray();
  }
}
