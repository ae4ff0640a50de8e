package io.ovenet.bpf;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A compiled eBPF object on its way into the kernel: open it, say what is to differ, load it, take
 * its maps and programs, close it. Those live on by themselves; closing the object gives back the
 * memory that loading needed. Not thread-safe; several objects may be loaded at once.
 */
public final class BpfObject implements AutoCloseable {
  private static final ValueLayout.OfLong LITTLE =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final String name;
  private final Arena arena = Arena.ofShared();
  private final ElfObject elf;
  private final MemorySegment object;
  private final SortedMap<String, Path> pins = new TreeMap<>();
  private State state = State.OPEN;

  private enum State {
    OPEN,
    LOADED,
    FAILED,
    CLOSED
  }

  private BpfObject(String name, byte[] bytes) {
    this.name = name;
    elf = new ElfObject(name, bytes);
    try {
      MemorySegment copy = arena.allocate(bytes.length, 8).copyFrom(MemorySegment.ofArray(bytes));
      MemorySegment[] opened = new MemorySegment[1];
      LibbpfLog.check(
          "open object " + name,
          () -> {
            opened[0] = Libbpf.open(arena, name, copy);
            return 0;
          });
      object = opened[0];
    } catch (RuntimeException e) {
      arena.close();
      throw e;
    }
  }

  /** Opens an object's bytes; the name is for messages and for its sections' maps. */
  public static BpfObject open(String name, byte[] bytes) {
    return new BpfObject(name, bytes);
  }

  /** Sets a {@code const volatile} variable of 1, 2, 4 or 8 bytes before loading. */
  public BpfObject setConstant(String variable, long value) {
    int size = constant(variable).size();
    boolean fits =
        switch (size) {
          case 1, 2, 4 -> {
            int unused = 64 - 8 * size;
            yield (value << unused) >> unused == value || (value << unused) >>> unused == value;
          }
          case 8 -> true;
          default ->
              throw new IllegalArgumentException(
                  "constant "
                      + variable
                      + " of "
                      + name
                      + " has "
                      + size
                      + " bytes: set its bytes");
        };
    if (!fits) {
      throw new IllegalArgumentException(
          "constant " + variable + " of " + name + " has " + size + " bytes, too few for " + value);
    }
    try (Arena scratch = Arena.ofConfined()) {
      MemorySegment bytes = scratch.allocate(8);
      bytes.set(LITTLE, 0, value);
      write(variable, bytes.asSlice(0, size));
    }
    return this;
  }

  /** Sets a {@code const volatile} variable to exactly these bytes before loading. */
  public BpfObject setConstant(String variable, byte[] value) {
    int size = constant(variable).size();
    if (size != value.length) {
      throw new IllegalArgumentException(
          "constant " + variable + " of " + name + " has " + size + " bytes, not " + value.length);
    }
    write(variable, MemorySegment.ofArray(value));
    return this;
  }

  private ElfObject.Variable constant(String variable) {
    requireOpen();
    ElfObject.Variable found = elf.variables().get(variable);
    if (found == null || !found.section().startsWith(".rodata")) {
      throw new IllegalArgumentException(
          "object " + name + " has no constant " + variable + " (const volatile) in .rodata");
    }
    return found;
  }

  private void write(String variable, MemorySegment bytes) {
    ElfObject.Variable at = constant(variable);
    MemorySegment section = Libbpf.initialValue(findMap(at.section()));
    MemorySegment.copy(bytes, 0, section, at.offset(), bytes.byteSize());
  }

  /** Whether the object has such a constant. */
  public boolean hasConstant(String variable) {
    ElfObject.Variable found = elf.variables().get(variable);
    return found != null && found.section().startsWith(".rodata");
  }

  /** Makes a map larger or smaller than the object says. */
  public BpfObject setMaxEntries(String map, int entries) {
    requireOpen();
    check("set max entries of map " + map, Libbpf.setMaxEntries(findMap(map), entries));
    return this;
  }

  /**
   * Lets a map be the one that is pinned there, or be pinned there when loaded. Missing directories
   * are made. A pinned map of another shape makes {@link #load} fail.
   */
  public BpfObject setPin(String map, Path path) {
    requireOpen();
    check("set the pin of map " + map, Libbpf.setPinPath(findMap(map), path.toString()));
    pins.put(map, path);
    return this;
  }

  /** Whether a program is loaded; all are unless told otherwise. */
  public BpfObject setAutoload(String program, boolean autoload) {
    requireOpen();
    check("set autoload of program " + program, Libbpf.setAutoload(findProgram(program), autoload));
    return this;
  }

  /** Loads maps and programs. On failure the object is only good for closing. */
  public BpfObject load() {
    requireOpen();
    state = State.FAILED;
    for (Map.Entry<String, Path> pin : pins.entrySet()) {
      requireSameShape(pin.getKey(), pin.getValue());
    }
    LibbpfLog.check("load object " + name, () -> Libbpf.load(object));
    state = State.LOADED;
    return this;
  }

  private void requireSameShape(String map, Path path) {
    try {
      Path directory = path.getParent();
      if (directory != null) {
        Files.createDirectories(directory);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("make the directory of pin " + path, e);
    }
    MapSpec wanted = spec(map);
    try (BpfMap pinned = BpfMap.openPinnedIfPresent(path)) {
      if (pinned == null) {
        return;
      }
      String differences = pinned.spec().differences(wanted);
      if (!differences.isEmpty()) {
        throw new BpfException(
            "reuse map "
                + map
                + " pinned at "
                + path
                + " by another version: it has "
                + differences
                + "; remove the pin (its entries are lost) to let it be made anew",
            Errno.EINVAL);
      }
    }
  }

  /** The shape that a map will have, or has. */
  public MapSpec spec(String map) {
    MemorySegment found = findMap(map);
    return new MapSpec(
        MapType.of(Libbpf.getInt(Libbpf.Getter.MAP_TYPE, found)),
        Libbpf.getInt(Libbpf.Getter.MAP_KEY_SIZE, found),
        Libbpf.getInt(Libbpf.Getter.MAP_VALUE_SIZE, found),
        Libbpf.getInt(Libbpf.Getter.MAP_MAX_ENTRIES, found),
        Libbpf.getInt(Libbpf.Getter.MAP_FLAGS, found));
  }

  /** A loaded map, of its own: close it apart from the object. */
  public BpfMap map(String map) {
    requireLoaded();
    return new BpfMap(Syscall.duplicate(Libbpf.getInt(Libbpf.Getter.MAP_FD, findMap(map))));
  }

  /** A loaded program, of its own: close it apart from the object. */
  public BpfProgram program(String program) {
    requireLoaded();
    int fd = Libbpf.getInt(Libbpf.Getter.PROGRAM_FD, findProgram(program));
    if (fd < 0) {
      throw new IllegalStateException("program " + program + " of " + name + " was not loaded");
    }
    return new BpfProgram(Syscall.duplicate(fd), program);
  }

  /** The object's maps with their shapes; without those that hold its variables. */
  public SortedMap<String, MapSpec> maps() {
    SortedMap<String, MapSpec> found = new TreeMap<>();
    MemorySegment map = Libbpf.nextMap(handle(), MemorySegment.NULL);
    while (map.address() != 0) {
      String mapName = Libbpf.getName(Libbpf.NameGetter.MAP, map);
      if (mapName.indexOf('.') < 0) {
        found.put(mapName, spec(mapName));
      }
      map = Libbpf.nextMap(object, map);
    }
    return found;
  }

  /** The names of the object's programs, in the object's order. */
  public List<String> programs() {
    List<String> found = new ArrayList<>();
    MemorySegment program = Libbpf.nextProgram(handle(), MemorySegment.NULL);
    while (program.address() != 0) {
      found.add(Libbpf.getName(Libbpf.NameGetter.PROGRAM, program));
      program = Libbpf.nextProgram(object, program);
    }
    return found;
  }

  @Override
  public void close() {
    if (state != State.CLOSED) {
      state = State.CLOSED;
      Libbpf.close(object);
      arena.close();
    }
  }

  private MemorySegment findMap(String map) {
    MemorySegment found = Libbpf.findMap(handle(), map);
    if (found.address() == 0) {
      throw new IllegalArgumentException("object " + name + " has no map " + map);
    }
    return found;
  }

  private MemorySegment findProgram(String program) {
    MemorySegment found = Libbpf.findProgram(handle(), program);
    if (found.address() == 0) {
      throw new IllegalArgumentException("object " + name + " has no program " + program);
    }
    return found;
  }

  private MemorySegment handle() {
    if (state == State.CLOSED) {
      throw new IllegalStateException("object " + name + " is closed");
    }
    return object;
  }

  private void requireOpen() {
    if (state != State.OPEN) {
      throw new IllegalStateException("object " + name + " is " + state + ", no longer to be set");
    }
  }

  private void requireLoaded() {
    if (state != State.LOADED) {
      throw new IllegalStateException("object " + name + " is " + state + ", not loaded");
    }
  }

  private void check(String operation, int result) {
    if (result < 0) {
      throw new BpfException(operation + " of object " + name, -result);
    }
  }
}
