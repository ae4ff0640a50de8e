package io.ovenet.lab.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Deletes, in the background, what has lost its reason to be: objects whose owners are all gone,
 * the contents of namespaces that are being deleted and then these, and the objects of a deleted
 * CRD.
 */
final class Collector implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Collector.class);

  /** Asks that what the object owns shall live on without it. */
  static final String ORPHAN = "orphan";

  private static final DeleteOptions AT_ONCE = new DeleteOptions(null, false, "", "");

  private final Store store;
  private final Registry registry;
  private final Verbs verbs;
  private final BlockingQueue<Event> events = new LinkedBlockingQueue<>();

  /** Owner's uid → what names it as owner. */
  private final Map<String, Set<Key>> owned = new HashMap<>();

  /** The uids of all objects. */
  private final Set<String> living = new HashSet<>();

  private final Thread thread;

  Collector(Store store, Registry registry, Verbs verbs) {
    this.store = store;
    this.registry = registry;
    this.verbs = verbs;
    this.thread = Thread.ofVirtual().name("api-collector").unstarted(this::run);
  }

  /** Starts with what the store holds; the store must not be written to yet. */
  void start() {
    store.listen(events::add);
    for (Resource resource : registry.all()) {
      if (resource.version().equals(resource.storageVersion())) {
        for (Stored object : store.list(resource.id(), "").items()) {
          events.add(new Event(object.version(), Event.Type.ADDED, object, null));
        }
      }
    }
    thread.start();
  }

  private void run() {
    try {
      // What is there at the start is learnt whole before any of it is judged.
      Set<Stored> first = new HashSet<>();
      for (Event event = events.poll(); event != null; event = events.poll()) {
        learn(event);
        first.add(event.object());
      }
      for (Stored object : first) {
        judge(new Event(object.version(), Event.Type.MODIFIED, object, null));
      }
      while (true) {
        Event event = events.take();
        learn(event);
        judge(event);
      }
    } catch (InterruptedException e) {
      LOG.debug("collector ends");
    }
  }

  private void learn(Event event) {
    Stored object = event.object();
    Stored previous = event.previous();
    if (previous != null) {
      for (String owner : previous.owners()) {
        Set<Key> keys = owned.get(owner);
        if (keys != null && keys.remove(object.key()) && keys.isEmpty()) {
          owned.remove(owner);
        }
      }
    }
    if (event.type() == Event.Type.DELETED) {
      living.remove(object.uid());
    } else {
      living.add(object.uid());
      for (String owner : object.owners()) {
        owned.computeIfAbsent(owner, uid -> new HashSet<>()).add(object.key());
      }
    }
  }

  private void judge(Event event) {
    try {
      Stored object = event.object();
      boolean deleted = event.type() == Event.Type.DELETED;
      if (deleted) {
        for (Key key : Set.copyOf(owned.getOrDefault(object.uid(), Set.of()))) {
          collect(key);
        }
        if (object.key().resource().equals(CustomResources.ID)) {
          deleteOf(object);
        }
      } else {
        if (!object.owners().isEmpty()) {
          collect(object.key());
        }
        if (object.key().resource().equals("namespaces")) {
          empty(object);
        }
        release(object);
      }
      // The last object of a namespace that is going takes it along.
      if (deleted && !object.key().namespace().isEmpty()) {
        Stored namespace = store.get(new Key("namespaces", "", object.key().namespace()));
        if (namespace != null) {
          empty(namespace);
        }
      }
    } catch (RuntimeException e) {
      LOG.error("collect after {} of {}", event.type(), event.object().key(), e);
    }
  }

  /** Deletes an object none of whose owners is left; takes lost owners off one that has others. */
  private void collect(Key key) {
    Stored object = store.get(key);
    if (object == null || object.owners().isEmpty()) {
      return;
    }
    List<String> left = object.owners().stream().filter(living::contains).toList();
    if (left.isEmpty()) {
      delete(object);
    } else if (left.size() < object.owners().size()) {
      ObjectNode tree = object.tree();
      ArrayNode owners = Json.array();
      for (JsonNode owner : Json.items(tree, "metadata.ownerReferences")) {
        if (living.contains(Json.text(owner, "uid"))) {
          owners.add(owner);
        }
      }
      Json.child(tree, "metadata").set("ownerReferences", owners);
      store.replace(key, tree, object.version());
    }
  }

  /** An object that waits only for its dependents to be released from it. */
  private void release(Stored object) {
    ObjectNode tree = object.tree();
    JsonNode metadata = tree.path("metadata");
    if (!metadata.has("deletionTimestamp")
        || !Json.strings(metadata.get("finalizers")).contains(ORPHAN)) {
      return;
    }
    for (Key key : Set.copyOf(owned.getOrDefault(object.uid(), Set.of()))) {
      Stored dependent = store.get(key);
      if (dependent != null) {
        ObjectNode freed = dependent.tree();
        ArrayNode owners = Json.array();
        for (JsonNode owner : Json.items(freed, "metadata.ownerReferences")) {
          if (!Json.text(owner, "uid").equals(object.uid())) {
            owners.add(owner);
          }
        }
        Json.child(freed, "metadata").set("ownerReferences", owners);
        if (store.replace(key, freed, dependent.version()) instanceof Store.Outcome.Conflict) {
          // Somebody wrote it meanwhile; that change comes by here and this is tried again.
          events.add(new Event(object.version(), Event.Type.MODIFIED, object, null));
          return;
        }
      }
    }
    ArrayNode finalizers = Json.array();
    for (String finalizer : Json.strings(metadata.get("finalizers"))) {
      if (!finalizer.equals(ORPHAN)) {
        finalizers.add(finalizer);
      }
    }
    if (finalizers.isEmpty()) {
      store.delete(object.key(), object.version());
    } else {
      Json.child(tree, "metadata").set("finalizers", finalizers);
      store.replace(object.key(), tree, object.version());
    }
  }

  private void empty(Stored namespace) {
    if (!"Terminating".equals(namespace.fields().get("status.phase"))) {
      return;
    }
    String name = namespace.key().name();
    boolean left = false;
    for (Resource resource : registry.all()) {
      if (!resource.namespaced() || !resource.version().equals(resource.storageVersion())) {
        continue;
      }
      for (Stored object : store.list(resource.id(), name).items()) {
        delete(object);
        left |= store.get(object.key()) != null;
      }
    }
    if (!left) {
      Stored latest = store.get(namespace.key());
      if (latest != null && latest.tree().path("metadata").path("finalizers").isEmpty()) {
        store.delete(latest.key(), latest.version());
      }
    }
  }

  private void deleteOf(Stored crd) {
    for (Stored object : store.list(crd.key().name(), "").items()) {
      // Its kind is gone, so there is nobody to wait for.
      store.delete(object.key(), object.version());
    }
  }

  private void delete(Stored object) {
    Resource resource = registry.byId(object.key().resource());
    if (resource == null) {
      return;
    }
    try {
      Key key = object.key();
      DeleteOptions same =
          new DeleteOptions(AT_ONCE.graceSeconds(), AT_ONCE.orphan(), object.uid(), "");
      verbs.delete(resource, key.namespace(), key.name(), same, false);
    } catch (ApiException e) {
      if (e.code() != 404 && e.code() != 409) {
        throw e;
      }
    }
  }

  @Override
  public void close() {
    thread.interrupt();
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
