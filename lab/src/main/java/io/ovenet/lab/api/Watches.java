package io.ovenet.lab.api;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/** Answers watches: one thread each, which sends every change as soon as it is durable. */
final class Watches {
  private static final Duration BOOKMARKS = Duration.ofSeconds(30);
  private static final long SHORTEST = 1800;

  private final Store store;
  private final Tables tables;

  Watches(Store store, Tables tables) {
    this.store = store;
    this.tables = tables;
  }

  Answer watch(Selection selection, Call call) {
    Shape shape = Shape.of(call);
    String asked = call.parameter("resourceVersion");
    boolean initial = call.flag("sendInitialEvents");
    boolean fromNow = asked.isEmpty() || asked.equals("0") || initial;
    long version = call.number("resourceVersion", 0);
    long seconds = call.number("timeoutSeconds", 0);
    Duration lasts =
        Duration.ofSeconds(
            seconds > 0 ? seconds : SHORTEST + ThreadLocalRandom.current().nextLong(SHORTEST));
    boolean bookmarks = call.flag("allowWatchBookmarks");
    if (!fromNow && version > store.version()) {
      throw ApiException.expired(version, store.version());
    }
    return new Answer.Stream(
        "application/json",
        out -> {
          Session session = new Session(selection, shape, call, bookmarks, out);
          if (fromNow) {
            Store.Opening opening =
                store.listAndWatch(selection.resource().id(), selection.namespace());
            try (History.Cursor cursor = opening.cursor()) {
              session.initial(opening.listing(), initial);
              session.follow(cursor, lasts);
            }
          } else {
            session.resume(version, lasts);
          }
        });
  }

  /** One watch. */
  private final class Session {
    private final Selection selection;
    private final Shape shape;
    private final Call call;
    private final boolean bookmarks;
    private final OutputStream out;
    private boolean headed;

    Session(Selection selection, Shape shape, Call call, boolean bookmarks, OutputStream out) {
      this.selection = selection;
      this.shape = shape;
      this.call = call;
      this.bookmarks = bookmarks;
      this.out = out;
    }

    void initial(Store.Listing listing, boolean marked) throws IOException {
      for (Stored object : listing.items()) {
        if (selection.matches(object)) {
          send("ADDED", object);
        }
      }
      if (marked) {
        bookmark(listing.version(), true);
      }
    }

    void resume(long version, Duration lasts) throws IOException, InterruptedException {
      try (History.Cursor cursor = store.watch(selection.resource().id(), version)) {
        follow(cursor, lasts);
      } catch (ApiException e) {
        send("ERROR", Json.bytes(e.status()));
      }
    }

    void follow(History.Cursor cursor, Duration lasts) throws IOException, InterruptedException {
      long end = System.nanoTime() + lasts.toNanos();
      try {
        while (true) {
          long left = end - System.nanoTime();
          Event event = left <= 0 ? null : cursor.next(min(left));
          if (event != null) {
            change(event);
            continue;
          }
          long version = bookmarks ? cursor.caughtUp() : -1;
          if (version >= 0) {
            bookmark(version, false);
          }
          if (left <= 0 || end - System.nanoTime() <= 0) {
            return;
          }
        }
      } catch (ApiException e) {
        send("ERROR", Json.bytes(e.status()));
      }
    }

    private static Duration min(long nanos) {
      return nanos < BOOKMARKS.toNanos() ? Duration.ofNanos(nanos) : BOOKMARKS;
    }

    /** A change as this watch sees it: an object may come into its selection, or leave it. */
    private void change(Event event) throws IOException {
      Stored previous = event.previous();
      // What an object was before the server's start isn't known: a deletion too many is harmless.
      boolean was =
          previous == null
              ? event.type() == Event.Type.MODIFIED && selection.mayHaveMatched(event.object())
              : selection.matches(previous);
      boolean is = event.type() != Event.Type.DELETED && selection.matches(event.object());
      if (is) {
        send(was ? "MODIFIED" : "ADDED", event.object());
      } else if (was) {
        send("DELETED", event.object());
      }
    }

    private void send(String type, Stored object) throws IOException {
      Resource resource = selection.resource();
      switch (shape) {
        case OBJECT -> send(type, Verbs.bytes(resource, object));
        case METADATA -> send(type, Json.bytes(Shape.metadataOnly(Verbs.tree(resource, object))));
        case TABLE -> {
          ObjectNode metadata = Json.object();
          metadata.put("resourceVersion", Long.toString(object.version()));
          send(type, Json.bytes(tables.table(resource, List.of(object), metadata, !headed, call)));
          headed = true;
        }
      }
    }

    private void bookmark(long version, boolean initialEnd) throws IOException {
      Resource resource = selection.resource();
      ObjectNode object = Json.object();
      ObjectNode mark = object;
      if (shape == Shape.TABLE) {
        ObjectNode metadata = Json.object().put("resourceVersion", Long.toString(version));
        object = tables.table(resource, List.of(), metadata, !headed, call);
        mark = object.withArray("rows").addObject();
        mark.putArray("cells");
        mark = mark.putObject("object");
      }
      @Nullable String kind = shape == Shape.OBJECT ? resource.kind() : "PartialObjectMetadata";
      mark.put("kind", kind);
      mark.put("apiVersion", shape == Shape.OBJECT ? resource.apiVersion() : "meta.k8s.io/v1");
      ObjectNode metadata = mark.putObject("metadata");
      metadata.put("resourceVersion", Long.toString(version)).putNull("creationTimestamp");
      if (initialEnd) {
        metadata.putObject("annotations").put("k8s.io/initial-events-end", "true");
      }
      send("BOOKMARK", Json.bytes(object));
    }

    /** One line, written at once. */
    private void send(String type, byte[] object) throws IOException {
      ByteArrayOutputStream line = new ByteArrayOutputStream(object.length + 40);
      line.writeBytes(("{\"type\":\"" + type + "\",\"object\":").getBytes(StandardCharsets.UTF_8));
      line.writeBytes(object);
      line.write('}');
      line.write('\n');
      out.write(line.toByteArray());
      out.flush();
    }
  }
}
