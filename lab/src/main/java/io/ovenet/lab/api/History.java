package io.ovenet.lab.api;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The latest changes of one resource, oldest first, bounded in number. The store's writer appends;
 * any number of cursors read without locks, each at its own pace.
 *
 * <p>The changes are a linked list, so what no cursor can reach any more is garbage. A cursor that
 * falls behind the window is told so instead of missing changes.
 */
final class History {
  private static final class Node {
    final @Nullable Event event;
    volatile @Nullable Node next;

    Node(@Nullable Event event) {
      this.event = event;
    }
  }

  private final int window;
  private final LongSupplier published;
  private final Set<Cursor> cursors = ConcurrentHashMap.newKeySet();
  private Node oldest = new Node(null);
  private Node newest = oldest;
  private long newestVersion;
  private int size;

  /** Changes up to this version are forgotten. */
  private volatile long floor;

  /**
   * @param floor the version before which nothing is known
   * @param published the latest version whose changes are all appended
   */
  History(int window, long floor, LongSupplier published) {
    this.window = window;
    this.floor = floor;
    this.newestVersion = floor;
    this.published = published;
  }

  /** Appends a change. Called by the store's writer, which excludes {@link #from} meanwhile. */
  void append(Event event) {
    Node node = new Node(event);
    newest.next = node;
    newest = node;
    newestVersion = event.version();
    if (++size > window) {
      Node dropped = oldest.next;
      if (dropped == null || dropped.event == null) {
        throw new IllegalStateException("a full history without its oldest change");
      }
      floor = dropped.event.version();
      oldest = dropped;
      size--;
    }
  }

  /** Wakes who waits for a change. */
  void wake() {
    for (Cursor cursor : cursors) {
      LockSupport.unpark(cursor.reader);
    }
  }

  /**
   * A cursor that gives the changes after a version, to be read by the calling thread.
   *
   * @throws ApiException 410 if some of them are forgotten
   */
  Cursor from(long version) {
    if (version < floor) {
      throw ApiException.expired(version, floor);
    }
    Node at = newest;
    if (version < newestVersion) {
      at = oldest;
      for (Node next = at.next;
          next != null && next.event != null && next.event.version() <= version;
          next = at.next) {
        at = next;
      }
    }
    Cursor cursor = new Cursor(at);
    cursors.add(cursor);
    return cursor;
  }

  /** A place in the history. One thread reads it, the one that made it. */
  final class Cursor implements AutoCloseable {
    private final Thread reader = Thread.currentThread();
    private Node at;

    private Cursor(Node at) {
      this.at = at;
    }

    /**
     * The next change, or null if none came in time.
     *
     * @throws ApiException 410 if this cursor fell behind the window
     */
    @Nullable Event next(Duration timeout) throws InterruptedException {
      long deadline = System.nanoTime() + timeout.toNanos();
      while (true) {
        Node next = at.next;
        if (next != null) {
          Event event = next.event;
          if (event == null) {
            throw new IllegalStateException("a change without content");
          }
          if (event.version() <= floor) {
            throw ApiException.expired(event.version(), floor);
          }
          at = next;
          return event;
        }
        long left = deadline - System.nanoTime();
        if (left <= 0) {
          return null;
        }
        if (Thread.interrupted()) {
          throw new InterruptedException();
        }
        LockSupport.parkNanos(this, left);
      }
    }

    /**
     * A version up to which this cursor has given everything, or -1 if it has a change to give.
     *
     * <p>The writer appends a version's changes before it publishes it, so the order of the two
     * reads here matters.
     */
    long caughtUp() {
      long version = published.getAsLong();
      return at.next == null ? version : -1;
    }

    @Override
    public void close() {
      cursors.remove(this);
    }
  }
}
