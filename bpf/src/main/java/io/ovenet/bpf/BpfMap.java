package io.ovenet.bpf;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * A map in the kernel. Keys and values are their exact bytes, in native or heap segments; a per-CPU
 * map's value is all processors' values, {@link #transferSize} bytes.
 *
 * <p>Thread-safe, but for {@link #close}: no other thread may use the map then. Single operations
 * allocate nothing once warm.
 */
public final class BpfMap implements AutoCloseable {
  private final Descriptor descriptor;
  private final MapSpec spec;
  private final String name;
  private final int id;
  private final int transferSize;
  private final AtomicReference<@Nullable Scratch> idle = new AtomicReference<>();
  private final MapBatch batch;

  /** Takes over the descriptor. */
  BpfMap(int fd) {
    descriptor = new Descriptor(fd, "map");
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment info = BpfCall.info(arena, fd, "read a map's description");
      name = BpfCall.name(info, 24);
      id = info.get(JAVA_INT, 4);
      spec =
          new MapSpec(
              MapType.of(info.get(JAVA_INT, 0)),
              info.get(JAVA_INT, 8),
              info.get(JAVA_INT, 12),
              info.get(JAVA_INT, 16),
              info.get(JAVA_INT, 20));
    } catch (RuntimeException e) {
      descriptor.close();
      throw e;
    }
    transferSize =
        spec.type().perCpu() ? align8(spec.valueSize()) * Cpus.possible() : spec.valueSize();
    batch = new MapBatch(this);
  }

  /** Makes a map of its own, which lives until closed unless it is pinned. */
  public static BpfMap create(String name, MapSpec spec) {
    try (Arena arena = Arena.ofConfined()) {
      int fd =
          new BpfCall(arena)
              .setInt(0, spec.type().number)
              .setInt(4, spec.keySize())
              .setInt(8, spec.valueSize())
              .setInt(12, spec.maxEntries())
              .setInt(16, spec.flags())
              .setName(28, name)
              .check(BpfCall.MAP_CREATE, "create map " + name + " " + spec);
      return new BpfMap(fd);
    }
  }

  /** Opens what is pinned there; ENOENT if nothing is. */
  public static BpfMap openPinned(Path path) {
    return new BpfMap(Pins.open(path, Pins.Kind.MAP));
  }

  /** Opens what is pinned there, or null if nothing is. */
  public static @Nullable BpfMap openPinnedIfPresent(Path path) {
    int fd = Pins.openIfPresent(path, Pins.Kind.MAP);
    return fd < 0 ? null : new BpfMap(fd);
  }

  /** The map's own name, which the kernel cuts to 15 characters. */
  public String name() {
    return name;
  }

  /** The kernel's number for it. */
  public int id() {
    return id;
  }

  public MapSpec spec() {
    return spec;
  }

  public MapType type() {
    return spec.type();
  }

  /** Bytes of a key. */
  public int keySize() {
    return spec.keySize();
  }

  /** Bytes of a value; of one processor's where the map is per-CPU. */
  public int valueSize() {
    return spec.valueSize();
  }

  public int maxEntries() {
    return spec.maxEntries();
  }

  /**
   * Bytes of a value as operations take and give it: for a per-CPU map {@link Cpus#possible} values
   * at {@link #valueStride} from each other.
   */
  public int transferSize() {
    return transferSize;
  }

  /** Bytes from one processor's value to the next, or from an element of an array to the next. */
  public int valueStride() {
    return align8(spec.valueSize());
  }

  /** The open descriptor, which the map keeps owning. */
  public int fd() {
    return descriptor.fd();
  }

  /** Copies the value of a key; false (nothing copied) if it isn't there. */
  public boolean lookup(MemorySegment key, MemorySegment value) {
    Scratch scratch = acquire();
    try {
      scratch.key(key);
      int result = scratch.run(BpfCall.MAP_LOOKUP, scratch.value.address(), 0);
      if (result == -Errno.ENOENT) {
        return false;
      }
      check(result, "look up a key");
      MemorySegment.copy(scratch.value, 0, value, 0, transferSize);
      return true;
    } finally {
      idle.set(scratch);
    }
  }

  /** The value of a key, or null. */
  public byte @Nullable [] lookup(byte[] key) {
    byte[] value = new byte[transferSize];
    return lookup(MemorySegment.ofArray(key), MemorySegment.ofArray(value)) ? value : null;
  }

  /** Sets a key's value, whether it was there or not. E2BIG or ENOMEM: the map is full. */
  public void update(MemorySegment key, MemorySegment value) {
    update(key, value, UpdateMode.ANY);
  }

  /** Sets a key's value; false (nothing changed) if the mode's condition does not hold. */
  public boolean update(MemorySegment key, MemorySegment value, UpdateMode mode) {
    Scratch scratch = acquire();
    try {
      scratch.key(key);
      MemorySegment.copy(value, 0, scratch.value, 0, transferSize);
      int result = scratch.run(BpfCall.MAP_UPDATE, scratch.value.address(), mode.flag);
      if ((mode == UpdateMode.NO_EXIST && result == -Errno.EEXIST)
          || (mode == UpdateMode.EXIST && result == -Errno.ENOENT)) {
        return false;
      }
      check(result, "update a key");
      return true;
    } finally {
      idle.set(scratch);
    }
  }

  /** Sets a key's value, whether it was there or not. */
  public void update(byte[] key, byte[] value) {
    update(MemorySegment.ofArray(key), MemorySegment.ofArray(value), UpdateMode.ANY);
  }

  /** Sets a key's value; false (nothing changed) if the mode's condition does not hold. */
  public boolean update(byte[] key, byte[] value, UpdateMode mode) {
    return update(MemorySegment.ofArray(key), MemorySegment.ofArray(value), mode);
  }

  /** Removes a key; false if it wasn't there. */
  public boolean delete(MemorySegment key) {
    Scratch scratch = acquire();
    try {
      scratch.key(key);
      int result = scratch.run(BpfCall.MAP_DELETE, 0, 0);
      if (result == -Errno.ENOENT) {
        return false;
      }
      check(result, "delete a key");
      return true;
    } finally {
      idle.set(scratch);
    }
  }

  /** Removes a key; false if it wasn't there. */
  public boolean delete(byte[] key) {
    return delete(MemorySegment.ofArray(key));
  }

  /**
   * The key after this one in the map's own order, or the first (null); false at the end. A key
   * that was removed meanwhile begins again at the first.
   */
  boolean nextKey(@Nullable MemorySegment key, MemorySegment next) {
    Scratch scratch = acquire();
    try {
      if (key != null) {
        scratch.key(key);
      }
      int result = scratch.nextKey(key != null);
      if (result == -Errno.ENOENT) {
        return false;
      }
      check(result, "find the next key");
      MemorySegment.copy(scratch.value, 0, next, 0, spec.keySize());
      return true;
    } finally {
      idle.set(scratch);
    }
  }

  /**
   * Gives each entry to the consumer, in no order, by batches where the kernel has them. The
   * segments are good only during the call. An entry that is there all the time is given at least
   * once; a map that others change meanwhile may give one twice.
   */
  public void forEach(EntryConsumer consumer) {
    batch.forEach(consumer);
  }

  /**
   * Sets {@code count} keys, packed one after the other, to their values, likewise packed. Not
   * atomic: an error (thrown, with how far it came) leaves those before it changed.
   */
  public void updateBatch(MemorySegment keys, MemorySegment values, int count) {
    batch.update(keys, values, count);
  }

  /** Removes {@code count} packed keys, whether they are there or not; how many were. */
  public int deleteBatch(MemorySegment keys, int count) {
    return batch.delete(keys, count);
  }

  /**
   * Maps an array made with {@link MapSpec#MMAPABLE} into this process: elements at multiples of
   * {@link #valueStride}. Any thread may use it until the arena closes.
   */
  public MemorySegment mapInto(Arena arena) {
    if (type() != MapType.ARRAY || (spec.flags() & MapSpec.MMAPABLE) == 0) {
      throw new IllegalStateException(this + " is no array made with BPF_F_MMAPABLE");
    }
    long size = (long) valueStride() * maxEntries();
    return Mapping.map(arena, fd(), 0, size, true, "map " + this + " into memory");
  }

  /** Pins the map, which then outlives this process. The path is on a bpffs; EEXIST if taken. */
  public void pin(Path path) {
    BpfCall.pin(fd(), path, toString());
  }

  @Override
  public void close() {
    descriptor.close();
  }

  @Override
  public String toString() {
    return "map " + name + " (" + spec.type() + ", id " + id + ")";
  }

  private void check(int result, String operation) {
    if (result < 0) {
      throw new BpfException(operation + " in " + this, -result);
    }
  }

  static int align8(int size) {
    return (size + 7) & ~7;
  }

  private Scratch acquire() {
    Scratch scratch = idle.getAndSet(null);
    return scratch != null ? scratch : new Scratch(fd(), spec.keySize(), transferSize);
  }

  /** Entries, one by one. */
  @FunctionalInterface
  public interface EntryConsumer {
    void accept(MemorySegment key, MemorySegment value);
  }

  /** Memory of one operation at a time; one set is kept between operations. */
  private final class Scratch {
    private final MemorySegment key;
    private final MemorySegment value;
    private final BpfCall call;

    Scratch(int fd, int keySize, int transferSize) {
      Arena arena = Arena.ofAuto();
      key = arena.allocate(Math.max(keySize, 1), 8);
      value = arena.allocate(Math.max(Math.max(transferSize, keySize), 1), 8);
      call = new BpfCall(arena).setInt(0, fd);
    }

    void key(MemorySegment from) {
      MemorySegment.copy(from, JAVA_BYTE, 0, key, JAVA_BYTE, 0, spec.keySize());
    }

    int run(int command, long valueAddress, long flags) {
      descriptor.fd();
      call.setLong(8, key.address()).setLong(16, valueAddress).setLong(24, flags);
      return call.run(command);
    }

    int nextKey(boolean from) {
      descriptor.fd();
      call.setLong(8, from ? key.address() : 0).setLong(16, value.address()).setLong(24, 0);
      return call.run(BpfCall.MAP_NEXT_KEY);
    }
  }
}
