package io.ovenet.bpf;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BOOLEAN;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * The few functions of libbpf that load an object: ELF, relocation and BTF are its work, everything
 * after that is plain bpf(2). Functions that return int return the negated errno; those that return
 * a pointer leave errno, taken here in the same downcall. libbpf's objects are not thread-safe.
 */
final class Libbpf {
  private static final Linker LINKER = Linker.nativeLinker();
  private static final SymbolLookup LIBRARY = open();
  private static final Linker.Option CAPTURE = Linker.Option.captureCallState("errno");
  private static final long ERRNO_OFFSET =
      Linker.Option.captureStateLayout().byteOffset(MemoryLayout.PathElement.groupElement("errno"));

  private static final FunctionDescriptor INT_OF_POINTER = FunctionDescriptor.of(JAVA_INT, ADDRESS);
  private static final FunctionDescriptor POINTER_OF_TWO =
      FunctionDescriptor.of(ADDRESS, ADDRESS, ADDRESS);
  private static final FunctionDescriptor INT_OF_TWO =
      FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS);

  private static final MethodHandle OPEN_MEM =
      LINKER.downcallHandle(
          LIBRARY.findOrThrow("bpf_object__open_mem"),
          FunctionDescriptor.of(ADDRESS, ADDRESS, JAVA_LONG, ADDRESS),
          CAPTURE);
  private static final MethodHandle LOAD = handle("bpf_object__load", INT_OF_POINTER);
  private static final MethodHandle CLOSE =
      handle("bpf_object__close", FunctionDescriptor.ofVoid(ADDRESS));
  private static final MethodHandle FIND_MAP =
      handle("bpf_object__find_map_by_name", POINTER_OF_TWO);
  private static final MethodHandle FIND_PROGRAM =
      handle("bpf_object__find_program_by_name", POINTER_OF_TWO);
  private static final MethodHandle NEXT_MAP = handle("bpf_object__next_map", POINTER_OF_TWO);
  private static final MethodHandle NEXT_PROGRAM =
      handle("bpf_object__next_program", POINTER_OF_TWO);
  private static final MethodHandle INITIAL_VALUE =
      handle("bpf_map__initial_value", POINTER_OF_TWO);
  private static final MethodHandle SET_PIN_PATH = handle("bpf_map__set_pin_path", INT_OF_TWO);
  private static final MethodHandle SET_MAX_ENTRIES =
      handle("bpf_map__set_max_entries", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT));
  private static final MethodHandle SET_AUTOLOAD =
      handle("bpf_program__set_autoload", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_BOOLEAN));
  private static final MethodHandle SET_PRINT =
      handle("libbpf_set_print", FunctionDescriptor.of(ADDRESS, ADDRESS));

  private Libbpf() {}

  private static SymbolLookup open() {
    try {
      return SymbolLookup.libraryLookup("libbpf.so.1", Arena.global());
    } catch (IllegalArgumentException e) {
      throw new UnsupportedOperationException(
          "libbpf.so.1 is missing (Debian: apt-get install libbpf1; Fedora: dnf install libbpf)",
          e);
    }
  }

  private static MethodHandle handle(String name, FunctionDescriptor descriptor) {
    return LINKER.downcallHandle(LIBRARY.findOrThrow(name), descriptor);
  }

  private static LinkageError impossible(Throwable cause) {
    return new LinkageError("libbpf could not be called", cause);
  }

  /** An opened object; the buffer must stay until it is closed. */
  static MemorySegment open(Arena arena, String name, MemorySegment object) {
    // struct bpf_object_open_opts: its own size, then the object's name; what follows is unset.
    MemorySegment options = arena.allocate(16, 8);
    options.set(JAVA_LONG, 0, 16);
    options.set(ADDRESS, 8, arena.allocateFrom(name));
    MemorySegment capture = arena.allocate(Linker.Option.captureStateLayout());
    MemorySegment opened;
    try {
      opened = (MemorySegment) OPEN_MEM.invokeExact(capture, object, object.byteSize(), options);
    } catch (Throwable t) {
      throw impossible(t);
    }
    if (opened.address() == 0) {
      throw new BpfException("open object " + name, capture.get(JAVA_INT, ERRNO_OFFSET));
    }
    return opened;
  }

  static int load(MemorySegment object) {
    try {
      return (int) LOAD.invokeExact(object);
    } catch (Throwable t) {
      throw impossible(t);
    }
  }

  static void close(MemorySegment object) {
    try {
      CLOSE.invokeExact(object);
    } catch (Throwable t) {
      throw impossible(t);
    }
  }

  /** NULL if there is none. */
  static MemorySegment findMap(MemorySegment object, String name) {
    return find(FIND_MAP, object, name);
  }

  /** NULL if there is none. */
  static MemorySegment findProgram(MemorySegment object, String name) {
    return find(FIND_PROGRAM, object, name);
  }

  private static MemorySegment find(MethodHandle handle, MemorySegment object, String name) {
    try (Arena arena = Arena.ofConfined()) {
      return (MemorySegment) handle.invokeExact(object, arena.allocateFrom(name));
    } catch (Throwable t) {
      throw impossible(t);
    }
  }

  static MemorySegment nextMap(MemorySegment object, MemorySegment previous) {
    try {
      return (MemorySegment) NEXT_MAP.invokeExact(object, previous);
    } catch (Throwable t) {
      throw impossible(t);
    }
  }

  static MemorySegment nextProgram(MemorySegment object, MemorySegment previous) {
    try {
      return (MemorySegment) NEXT_PROGRAM.invokeExact(object, previous);
    } catch (Throwable t) {
      throw impossible(t);
    }
  }

  /** The bytes that a map of variables will have when loaded. */
  static MemorySegment initialValue(MemorySegment map) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment size = arena.allocate(JAVA_LONG);
      MemorySegment value = (MemorySegment) INITIAL_VALUE.invokeExact(map, size);
      return value.reinterpret(size.get(JAVA_LONG, 0));
    } catch (Throwable t) {
      throw impossible(t);
    }
  }

  static int setPinPath(MemorySegment map, String path) {
    try (Arena arena = Arena.ofConfined()) {
      return (int) SET_PIN_PATH.invokeExact(map, arena.allocateFrom(path));
    } catch (Throwable t) {
      throw impossible(t);
    }
  }

  static int setMaxEntries(MemorySegment map, int entries) {
    try {
      return (int) SET_MAX_ENTRIES.invokeExact(map, entries);
    } catch (Throwable t) {
      throw impossible(t);
    }
  }

  static int setAutoload(MemorySegment program, boolean autoload) {
    try {
      return (int) SET_AUTOLOAD.invokeExact(program, autoload);
    } catch (Throwable t) {
      throw impossible(t);
    }
  }

  /** One of libbpf's int getters of one pointer. */
  static int getInt(Getter getter, MemorySegment of) {
    try {
      return (int) getter.handle.invokeExact(of);
    } catch (Throwable t) {
      throw impossible(t);
    }
  }

  static String getName(NameGetter getter, MemorySegment of) {
    try {
      MemorySegment name = (MemorySegment) getter.handle.invokeExact(of);
      return name.reinterpret(256).getString(0);
    } catch (Throwable t) {
      throw impossible(t);
    }
  }

  static void setPrint(MemorySegment function) {
    try {
      MemorySegment before = (MemorySegment) SET_PRINT.invokeExact(function);
      assert before != null;
    } catch (Throwable t) {
      throw impossible(t);
    }
  }

  /** Getters of an int, by what they return. */
  enum Getter {
    MAP_FD("bpf_map__fd"),
    MAP_TYPE("bpf_map__type"),
    MAP_KEY_SIZE("bpf_map__key_size"),
    MAP_VALUE_SIZE("bpf_map__value_size"),
    MAP_MAX_ENTRIES("bpf_map__max_entries"),
    MAP_FLAGS("bpf_map__map_flags"),
    PROGRAM_FD("bpf_program__fd");

    private final MethodHandle handle;

    Getter(String function) {
      handle = Libbpf.handle(function, FunctionDescriptor.of(ValueLayout.JAVA_INT, ADDRESS));
    }
  }

  /** Getters of a name, which lives as long as the object. */
  enum NameGetter {
    MAP("bpf_map__name"),
    PROGRAM("bpf_program__name");

    private final MethodHandle handle;

    NameGetter(String function) {
      handle = Libbpf.handle(function, FunctionDescriptor.of(ADDRESS, ADDRESS));
    }
  }
}
