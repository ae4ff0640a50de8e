package io.ovenet.datapath;

import io.ovenet.bpf.BpfMap;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Collection;
import java.util.Map;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * A map in the kernel by its keys' and values' types. Thread-safe as {@link BpfMap} is. An
 * operation that the kernel refuses throws its {@link io.ovenet.bpf.BpfException}; E2BIG, ENOSPC or
 * ENOMEM: the map is full.
 */
public final class MapTable<K, V> {
  private static final int BATCH = 4096;

  private final BpfMap map;
  private final Codec<K> keys;
  private final Codec<V> values;
  private final Runnable written;

  /** The map stays the caller's, who closes it. */
  MapTable(BpfMap map, Codec<K> keys, Codec<V> values) {
    this(map, keys, values, () -> {});
  }

  /**
   * The same, where somebody remembers what is read in it.
   *
   * @param written called after each write, before its method returns or throws
   */
  MapTable(BpfMap map, Codec<K> keys, Codec<V> values, Runnable written) {
    if (map.keySize() != keys.size() || map.valueSize() != values.size()) {
      throw new IllegalStateException(
          map + " has keys and values of another size than this program");
    }
    this.map = map;
    this.keys = keys;
    this.values = values;
    this.written = written;
  }

  /** Sets a key's value, whether it was there or not. */
  public void upsert(K key, V value) {
    byte[] bytes = new byte[values.size()];
    values.write(value, MemorySegment.ofArray(bytes), 0);
    try {
      map.update(keyBytes(key), bytes);
    } finally {
      written.run();
    }
  }

  /** False if the key wasn't there. */
  public boolean delete(K key) {
    try {
      return map.delete(keyBytes(key));
    } finally {
      written.run();
    }
  }

  /** Null if the key isn't there. Of an LPM trie: the value of the longest prefix that matches. */
  public @Nullable V get(K key) {
    byte[] bytes = map.lookup(keyBytes(key));
    return bytes == null ? null : values.read(MemorySegment.ofArray(bytes), 0);
  }

  /** Sets many. Not atomic: an error leaves those before it set. */
  public void upsertAll(Map<K, V> entries) {
    if (entries.isEmpty()) {
      return;
    }
    try (Arena arena = Arena.ofConfined()) {
      int most = Math.min(BATCH, entries.size());
      MemorySegment keyBytes = arena.allocate((long) most * keys.size(), 8);
      MemorySegment valueBytes = arena.allocate((long) most * values.size(), 8);
      int count = 0;
      for (var entry : entries.entrySet()) {
        keys.write(entry.getKey(), keyBytes, (long) count * keys.size());
        values.write(entry.getValue(), valueBytes, (long) count * values.size());
        if (++count == most) {
          map.updateBatch(keyBytes, valueBytes, count);
          count = 0;
        }
      }
      if (count > 0) {
        map.updateBatch(keyBytes, valueBytes, count);
      }
    } finally {
      written.run();
    }
  }

  /** Removes many, whether they are there or not; how many were. */
  public int deleteAll(Collection<K> all) {
    if (all.isEmpty()) {
      return 0;
    }
    int deleted = 0;
    try (Arena arena = Arena.ofConfined()) {
      int most = Math.min(BATCH, all.size());
      MemorySegment keyBytes = arena.allocate((long) most * keys.size(), 8);
      int count = 0;
      for (K key : all) {
        keys.write(key, keyBytes, (long) count * keys.size());
        if (++count == most) {
          deleted += map.deleteBatch(keyBytes, count);
          count = 0;
        }
      }
      if (count > 0) {
        deleted += map.deleteBatch(keyBytes, count);
      }
    } finally {
      written.run();
    }
    return deleted;
  }

  /**
   * Gives every entry, in no order; see {@link BpfMap#forEach} for what others change meanwhile.
   */
  public void forEach(BiConsumer<K, V> consumer) {
    map.forEach((key, value) -> consumer.accept(keys.read(key, 0), values.read(value, 0)));
  }

  /** How many entries fit. */
  public int capacity() {
    return map.maxEntries();
  }

  private byte[] keyBytes(K key) {
    byte[] bytes = new byte[keys.size()];
    keys.write(key, MemorySegment.ofArray(bytes), 0);
    return bytes;
  }
}
