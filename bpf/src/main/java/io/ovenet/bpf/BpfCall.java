package io.ovenet.bpf;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * One bpf(2) call: a zeroed {@code union bpf_attr} (offsets are those of linux/bpf.h), its command
 * and the place for errno. May be run again after changing fields. Not thread-safe.
 */
final class BpfCall {
  static final int MAP_CREATE = 0;
  static final int MAP_LOOKUP = 1;
  static final int MAP_UPDATE = 2;
  static final int MAP_DELETE = 3;
  static final int MAP_NEXT_KEY = 4;
  static final int PROG_LOAD = 5;
  static final int OBJ_PIN = 6;
  static final int OBJ_GET = 7;
  static final int PROG_TEST_RUN = 10;
  static final int OBJ_INFO = 15;
  static final int BTF_LOAD = 18;
  static final int MAP_LOOKUP_BATCH = 24;
  static final int MAP_UPDATE_BATCH = 26;
  static final int MAP_DELETE_BATCH = 27;
  static final int LINK_CREATE = 28;
  static final int LINK_UPDATE = 29;
  static final int ENABLE_STATS = 32;
  static final int LINK_DETACH = 34;

  /** Reaches over every field used here; kernels that know fewer accept zeros in the rest. */
  private static final int ATTR_SIZE = 128;

  private static final int INFO_SIZE = 256;

  private final MemorySegment attr;
  private final MemorySegment capture;

  BpfCall(Arena arena) {
    attr = arena.allocate(ATTR_SIZE, 8);
    capture = Syscall.capture(arena);
  }

  BpfCall setInt(int offset, int value) {
    attr.set(JAVA_INT, offset, value);
    return this;
  }

  BpfCall setLong(int offset, long value) {
    attr.set(JAVA_LONG, offset, value);
    return this;
  }

  BpfCall setPointer(int offset, MemorySegment segment) {
    return setLong(offset, Syscall.address(segment));
  }

  BpfCall setName(int offset, String name) {
    MemorySegment.copy(
        MemorySegment.ofArray(name.getBytes(StandardCharsets.US_ASCII)),
        0,
        attr,
        offset,
        Math.min(15, name.length()));
    return this;
  }

  int getInt(int offset) {
    return attr.get(JAVA_INT, offset);
  }

  /** The result, or the negated errno. */
  int run(int command) {
    return (int) Syscall.call(capture, Syscall.BPF, command, attr.address(), ATTR_SIZE);
  }

  /** The result; a failure is thrown with what was tried. */
  int check(int command, String operation) {
    int result = run(command);
    if (result < 0) {
      throw new BpfException(operation, -result);
    }
    return result;
  }

  /** The kernel's description of a map, program or link (bpf_map_info and so on). */
  static MemorySegment info(Arena arena, int fd, String operation) {
    MemorySegment info = arena.allocate(INFO_SIZE, 8);
    new BpfCall(arena)
        .setInt(0, fd)
        .setInt(4, INFO_SIZE)
        .setPointer(8, info)
        .check(OBJ_INFO, operation);
    return info;
  }

  static void pin(int fd, Path path, String what) {
    try (Arena arena = Arena.ofConfined()) {
      new BpfCall(arena)
          .setPointer(0, arena.allocateFrom(path.toString()))
          .setInt(8, fd)
          .check(OBJ_PIN, "pin " + what + " at " + path);
    }
  }

  /** A descriptor of what is pinned there, or the negated errno. */
  static int openPinned(Path path) {
    try (Arena arena = Arena.ofConfined()) {
      return new BpfCall(arena).setPointer(0, arena.allocateFrom(path.toString())).run(OBJ_GET);
    }
  }

  /** A NUL-padded name as it stands in the kernel's description. */
  static String name(MemorySegment info, long offset) {
    int length = 0;
    while (length < 16 && info.get(JAVA_BYTE, offset + length) != 0) {
      length++;
    }
    byte[] bytes = info.asSlice(offset, length).toArray(JAVA_BYTE);
    return new String(bytes, StandardCharsets.US_ASCII);
  }
}
