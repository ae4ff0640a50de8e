package io.ovenet.agent;

import java.util.Collection;
import java.util.Map;

/**
 * A table of the packet path, of which this process is the only writer. What was put is seen by the
 * next packet. Used by one thread at a time.
 */
public interface Table<K, V> {
  /** All that is in it. */
  Map<K, V> dump();

  /**
   * Puts every entry, replacing those of the same key. When there is no room, or anything else
   * fails, some may have been put: the caller takes back what it needs to.
   *
   * @throws TableException naming the table and the remedy
   */
  void put(Map<K, V> entries);

  /** Deletes entries; those that aren't there are no error. */
  void delete(Collection<K> keys);

  /** A table that could not be changed. */
  final class TableException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public TableException(String message, Throwable cause) {
      super(message, cause);
    }
  }
}
