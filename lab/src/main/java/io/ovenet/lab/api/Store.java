package io.ovenet.lab.api;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Queue;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All objects: in memory for reading, in a {@link Journal} for keeping, with a {@link History} for
 * each resource. Thread-safe.
 *
 * <p>One writer at a time commits, for itself and for all who wait meanwhile: it judges their
 * writes in order, keeps them in one transaction, and only then shows them to readers, watchers and
 * the callers. So nobody sees what a crash could take back, writers that come together share one
 * flush to disk, and one that comes alone wakes no other thread for it.
 */
final class Store implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Store.class);

  /** How a write ended. */
  sealed interface Outcome {
    /** It is durable; for a deletion the last state. */
    record Done(Stored object) implements Outcome {}

    /** The object is not in the version that the write was made for (or there already is one). */
    record Conflict() implements Outcome {}
  }

  /** Objects of a resource, sorted by namespace and name, and the version they were read at. */
  record Listing(long version, List<Stored> items) {}

  /** A write; expected is the version it was made for, 0 for a new object. */
  private record Write(
      Key key, @Nullable ObjectNode after, long expected, CompletableFuture<Outcome> answer) {}

  private static final class Shelf {
    final NavigableMap<String, Stored> objects = new TreeMap<>();
    final History history;

    Shelf(History history) {
      this.history = history;
    }
  }

  private final Journal journal;
  private final int window;
  private final long floor;
  private final ReadWriteLock lock = new ReentrantReadWriteLock();
  private final Map<String, Shelf> shelves = new HashMap<>();
  private final List<Consumer<Event>> listeners = new CopyOnWriteArrayList<>();
  private final Queue<Write> queue = new ConcurrentLinkedQueue<>();
  private final ReentrantLock committing = new ReentrantLock();
  private volatile long published;
  private volatile boolean closed;
  private long latest;
  private long lastRow;

  /**
   * @param window how many changes of a resource are remembered for watchers
   */
  Store(Path file, int window) throws IOException {
    try {
      Files.createDirectories(file.toAbsolutePath().getParent());
      journal = Journal.open(file, window);
      latest = journal.latestVersion();
      floor = journal.floor();
      published = latest;
      this.window = window;
      restore();
    } catch (SQLException e) {
      throw new IOException(
          "open " + file + ": " + e.getMessage() + " (is another server using it?)", e);
    }
  }

  /**
   * Reads what there is and, for those who watched before, what has come to it since: of each
   * object the last change, whatever was before it.
   */
  private void restore() throws SQLException {
    List<Event> events = new ArrayList<>();
    journal.loadDeletions(
        last -> events.add(new Event(last.version(), Event.Type.DELETED, last, last)));
    journal.load(
        stored -> {
          shelf(stored.key().resource()).objects.put(stored.key().order(), stored);
          lastRow = Math.max(lastRow, stored.row());
          if (stored.version() > floor) {
            events.add(new Event(stored.version(), Event.Type.MODIFIED, stored, null));
          }
        });
    events.sort(Comparator.comparingLong(Event::version));
    for (Event event : events) {
      shelf(event.object().key().resource()).history.append(event);
    }
  }

  private Shelf shelf(String resource) {
    return shelves.computeIfAbsent(
        resource, name -> new Shelf(new History(window, floor, () -> published)));
  }

  /** The latest version. */
  long version() {
    return published;
  }

  @Nullable Stored get(Key key) {
    lock.readLock().lock();
    try {
      Shelf shelf = shelves.get(key.resource());
      return shelf == null ? null : shelf.objects.get(key.order());
    } finally {
      lock.readLock().unlock();
    }
  }

  /**
   * The objects of a resource.
   *
   * @param namespace "" for all
   */
  Listing list(String resource, String namespace) {
    lock.readLock().lock();
    try {
      return listLocked(resource, namespace);
    } finally {
      lock.readLock().unlock();
    }
  }

  private Listing listLocked(String resource, String namespace) {
    Shelf shelf = shelves.get(resource);
    if (shelf == null) {
      return new Listing(published, List.of());
    }
    Collection<Stored> items =
        namespace.isEmpty()
            ? shelf.objects.values()
            : shelf.objects.subMap(namespace + '\0', namespace + '\1').values();
    return new Listing(published, new ArrayList<>(items));
  }

  /** A listing and a cursor that continues exactly after it. */
  record Opening(Listing listing, History.Cursor cursor) {}

  Opening listAndWatch(String resource, String namespace) {
    lock.writeLock().lock();
    try {
      Listing listing = listLocked(resource, namespace);
      return new Opening(listing, shelf(resource).history.from(listing.version()));
    } finally {
      lock.writeLock().unlock();
    }
  }

  /**
   * A cursor over the changes after a version.
   *
   * @throws ApiException 410 if that history is gone, or if the version is none of this store's
   */
  History.Cursor watch(String resource, long version) {
    lock.writeLock().lock();
    try {
      if (version > published) {
        throw ApiException.expired(version, published);
      }
      return shelf(resource).history.from(version);
    } finally {
      lock.writeLock().unlock();
    }
  }

  /** Calls back with every change from now on, in order, before who wrote is answered. */
  void listen(Consumer<Event> listener) {
    listeners.add(listener);
  }

  Outcome create(Key key, ObjectNode object) {
    return submit(new Write(key, object, 0, new CompletableFuture<>()));
  }

  Outcome replace(Key key, ObjectNode object, long expected) {
    return submit(new Write(key, object, expected, new CompletableFuture<>()));
  }

  Outcome delete(Key key, long expected) {
    return submit(new Write(key, null, expected, new CompletableFuture<>()));
  }

  private Outcome submit(Write write) {
    queue.add(write);
    committing.lock();
    try {
      // Who had the lock before may have committed this one too.
      if (!write.answer().isDone()) {
        commitWaiting();
      }
    } finally {
      committing.unlock();
    }
    try {
      return write.answer().join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof ApiException answer) {
        throw answer;
      }
      throw new IllegalStateException("write " + write.key(), e.getCause());
    }
  }

  private static ApiException stopping() {
    return new ApiException(503, "ServiceUnavailable", "the API server is stopping");
  }

  /** INVARIANT: all writes that it takes from the queue have an answer when it ends. */
  private void commitWaiting() {
    List<Write> batch = new ArrayList<>();
    for (Write write = queue.poll(); write != null; write = queue.poll()) {
      batch.add(write);
    }
    if (closed) {
      batch.forEach(write -> write.answer().completeExceptionally(stopping()));
      return;
    }
    try {
      commit(batch);
    } catch (RuntimeException | Error e) {
      LOG.error("judge {} writes; none of them is kept", batch.size(), e);
      batch.forEach(write -> write.answer().completeExceptionally(e));
    }
  }

  /** Judges a batch in order, commits what holds, publishes it, and answers. */
  private void commit(List<Write> batch) {
    Map<Key, Journal.Change> changes = new HashMap<>();
    List<Event> events = new ArrayList<>(batch.size());
    Map<Write, Stored> done = new HashMap<>();
    for (Write write : batch) {
      Journal.Change pending = changes.get(write.key());
      Stored current = pending == null ? get(write.key()) : pending.after();
      if (write.expected() != (current == null ? 0 : current.version())) {
        write.answer().complete(new Outcome.Conflict());
        continue;
      }
      long version = ++latest;
      // A name taken again within the batch keeps the row, so one change a name says it all.
      long row = current != null ? current.row() : pending != null ? pending.row() : ++lastRow;
      if (current != null && write.after() == null) {
        Stored last = Stored.of(write.key(), row, version, current.tree());
        changes.put(write.key(), new Journal.Change(row, write.key(), null));
        events.add(new Event(version, Event.Type.DELETED, last, current));
        done.put(write, last);
      } else if (write.after() != null) {
        Stored after = Stored.of(write.key(), row, version, write.after());
        changes.put(write.key(), new Journal.Change(row, write.key(), after));
        Event.Type type = current == null ? Event.Type.ADDED : Event.Type.MODIFIED;
        events.add(new Event(version, type, after, current));
        done.put(write, after);
      }
    }
    if (events.isEmpty()) {
      return;
    }
    try {
      List<Stored> deleted =
          events.stream()
              .filter(event -> event.type() == Event.Type.DELETED)
              .map(Event::object)
              .toList();
      journal.commit(changes.values(), deleted, latest);
    } catch (SQLException e) {
      LOG.error("commit {} writes: {}; none of them is kept", done.size(), e.getMessage(), e);
      ApiException failed =
          new ApiException(500, "InternalError", "the write could not be kept: " + e.getMessage());
      done.keySet().forEach(write -> write.answer().completeExceptionally(failed));
      return;
    }
    publish(events);
    done.forEach((write, stored) -> write.answer().complete(new Outcome.Done(stored)));
  }

  private void publish(List<Event> events) {
    lock.writeLock().lock();
    try {
      for (Event event : events) {
        Stored object = event.object();
        Shelf shelf = shelf(object.key().resource());
        if (event.type() == Event.Type.DELETED) {
          shelf.objects.remove(object.key().order());
        } else {
          shelf.objects.put(object.key().order(), object);
        }
        shelf.history.append(event);
      }
      published = latest;
      for (Event event : events) {
        shelf(event.object().key().resource()).history.wake();
      }
    } finally {
      lock.writeLock().unlock();
    }
    for (Event event : events) {
      for (Consumer<Event> listener : listeners) {
        try {
          listener.accept(event);
        } catch (RuntimeException e) {
          LOG.error("{} after {}", event.type(), event.object().key(), e);
        }
      }
    }
  }

  @Override
  public void close() throws IOException {
    committing.lock();
    try {
      if (!closed) {
        closed = true;
        journal.close();
      }
    } catch (SQLException e) {
      throw new IOException("close the store: " + e.getMessage(), e);
    } finally {
      committing.unlock();
    }
  }
}
