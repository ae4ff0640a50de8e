package io.ovenet.bpf;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;

/**
 * A map's operations on many entries, by the kernel's batch commands (5.6 for hashes, later for
 * others) and one by one where it answers ENOTSUPP. Thread-safe: each call has its own memory.
 */
final class MapBatch {
  private static final int CHUNK_BYTES = 256 * 1024;
  private static final int MAX_CHUNK = 4096;

  private final BpfMap map;

  MapBatch(BpfMap map) {
    this.map = map;
  }

  private static boolean unsupported(int result) {
    return result == -Errno.ENOTSUPP || result == -Errno.EOPNOTSUPP;
  }

  void update(MemorySegment keys, MemorySegment values, int count) {
    int keySize = map.keySize();
    int valueSize = map.transferSize();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment k = toNative(arena, keys, (long) count * keySize);
      MemorySegment v = toNative(arena, values, (long) count * valueSize);
      BpfCall call = new BpfCall(arena).setInt(36, map.fd());
      int done = 0;
      while (done < count) {
        call.setLong(16, k.address() + (long) done * keySize);
        call.setLong(24, v.address() + (long) done * valueSize);
        int result = call.setInt(32, count - done).run(BpfCall.MAP_UPDATE_BATCH);
        if (unsupported(result)) {
          for (; done < count; done++) {
            map.update(slice(k, done, keySize), slice(v, done, valueSize));
          }
        } else if (result == -Errno.EINTR) {
          done += call.getInt(32);
        } else if (result < 0) {
          int failed = done + Math.min(call.getInt(32), count - done);
          throw new BpfException("update entry " + failed + " of " + count + " in " + map, -result);
        } else {
          done = count;
        }
      }
    } finally {
      Reference.reachabilityFence(keys);
      Reference.reachabilityFence(values);
    }
  }

  int delete(MemorySegment keys, int count) {
    int keySize = map.keySize();
    int deleted = 0;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment k = toNative(arena, keys, (long) count * keySize);
      BpfCall call = new BpfCall(arena).setInt(36, map.fd());
      int done = 0;
      while (done < count) {
        call.setLong(16, k.address() + (long) done * keySize);
        int result = call.setInt(32, count - done).run(BpfCall.MAP_DELETE_BATCH);
        if (unsupported(result)) {
          for (; done < count; done++) {
            deleted += map.delete(slice(k, done, keySize)) ? 1 : 0;
          }
          break;
        }
        int now = Math.min(call.getInt(32), count - done);
        deleted += now;
        if (result == -Errno.ENOENT) {
          done += now + 1; // the kernel stops at a key that isn't there
        } else if (result == -Errno.EINTR || result >= 0) {
          done += now;
        } else {
          throw new BpfException(
              "delete entry " + (done + now) + " of " + count + " in " + map, -result);
        }
      }
    } finally {
      Reference.reachabilityFence(keys);
    }
    return deleted;
  }

  void forEach(BpfMap.EntryConsumer consumer) {
    int keySize = map.keySize();
    int valueSize = map.transferSize();
    int chunk =
        Math.clamp(
            CHUNK_BYTES / (keySize + valueSize), 64, Math.clamp(map.maxEntries(), 64, MAX_CHUNK));
    boolean first = true;
    MemorySegment position = MemorySegment.ofArray(new byte[Math.max(4, keySize)]);
    while (true) {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment keys = arena.allocate((long) chunk * keySize, 8);
        MemorySegment values = arena.allocate((long) chunk * valueSize, 8);
        MemorySegment in = arena.allocate(position.byteSize(), 8).copyFrom(position);
        MemorySegment out = arena.allocate(position.byteSize(), 8);
        BpfCall call =
            new BpfCall(arena)
                .setPointer(8, out)
                .setPointer(16, keys)
                .setPointer(24, values)
                .setInt(36, map.fd());
        while (true) {
          call.setLong(0, first ? 0 : in.address()).setInt(32, chunk);
          int result = call.run(BpfCall.MAP_LOOKUP_BATCH);
          if (unsupported(result)) {
            forEachByKey(consumer);
            return;
          }
          if (result == -Errno.ENOSPC) {
            break; // one bucket holds more than a chunk
          }
          if (result < 0 && result != -Errno.ENOENT && result != -Errno.EINTR) {
            throw new BpfException("read the entries of " + map, -result);
          }
          int count = call.getInt(32);
          for (int i = 0; i < count; i++) {
            consumer.accept(
                slice(keys, i, keySize).asReadOnly(), slice(values, i, valueSize).asReadOnly());
          }
          if (result == -Errno.ENOENT) {
            return;
          }
          if (result != -Errno.EINTR || count > 0) {
            in.copyFrom(out);
            first = false;
          }
        }
        position.copyFrom(in);
      }
      chunk *= 2;
    }
  }

  private void forEachByKey(BpfMap.EntryConsumer consumer) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment key = arena.allocate(map.keySize(), 8);
      MemorySegment value = arena.allocate(map.transferSize(), 8);
      boolean more = map.nextKey(null, key);
      while (more) {
        if (map.lookup(key, value)) {
          consumer.accept(key.asReadOnly(), value.asReadOnly());
        }
        more = map.nextKey(key, key);
      }
    }
  }

  private static MemorySegment slice(MemorySegment segment, int index, int size) {
    return segment.asSlice((long) index * size, size);
  }

  private static MemorySegment toNative(Arena arena, MemorySegment segment, long size) {
    MemorySegment exact = segment.asSlice(0, size);
    return exact.isNative() ? exact : arena.allocate(Math.max(size, 1), 8).copyFrom(exact);
  }
}
