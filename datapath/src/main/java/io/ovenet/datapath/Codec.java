package io.ovenet.datapath;

import java.lang.foreign.MemorySegment;

/**
 * How a value lies in a map: a fixed number of bytes.
 *
 * <p>Implementations have no state and may be used by any thread.
 */
public interface Codec<T> {
  /** Bytes that a value takes. */
  int size();

  /** Writes every byte of the value, padding included, which is zero. */
  void write(T value, MemorySegment to, long offset);

  T read(MemorySegment from, long offset);
}
