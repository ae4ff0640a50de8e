package io.ovenet.bpf;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** A few instructions, loaded without an object, to find out what the kernel accepts. */
final class RawProgram {
  static final int SOCKET_FILTER = 1;
  static final int SCHED_CLS = 3;
  static final int CGROUP_SOCK_ADDR = 18;
  static final int SK_LOOKUP = 30;

  static final long EXIT = 0x95;

  private static final int LOG_SIZE = 64 * 1024;

  /** The (negated) errno or descriptor of a load, and the verifier's words. */
  record Loaded(int result, String log) {}

  private RawProgram() {}

  /** {@code r = value}. */
  static long move(int register, int value) {
    return 0xb7L | (long) register << 8 | (long) value << 32;
  }

  /** Calls a helper by its number in {@code enum bpf_func_id}. */
  static long call(int helper) {
    return 0x85L | (long) helper << 32;
  }

  static Loaded load(int type, int attachType, long... instructions) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment code = arena.allocateFrom(JAVA_LONG, instructions);
      MemorySegment log = arena.allocate(LOG_SIZE, 8);
      int result =
          new BpfCall(arena)
              .setInt(0, type)
              .setInt(4, instructions.length)
              .setPointer(8, code)
              .setPointer(16, arena.allocateFrom("Dual BSD/GPL"))
              .setInt(24, 1)
              .setInt(28, LOG_SIZE)
              .setPointer(32, log)
              .setName(48, "ovenet_probe")
              .setInt(68, attachType)
              .run(BpfCall.PROG_LOAD);
      return new Loaded(result, log.getString(0));
    }
  }

  /** A loaded program that returns a number; it has to be closed. */
  static BpfProgram returning(int type, int attachType, int value) {
    Loaded loaded = load(type, attachType, move(0, value), EXIT);
    if (loaded.result < 0) {
      throw new BpfException("load a program of type " + type, -loaded.result, loaded.log);
    }
    return new BpfProgram(loaded.result, "ovenet_probe");
  }
}
