package io.ovenet.bpf;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.Arrays;

/**
 * System calls, all through libc's syscall(2), so that one linked handle serves every one of them.
 * A result below zero is the negated errno, taken in the same downcall. Pointers are passed as
 * numbers: the caller keeps what they point to alive until the call has returned. Thread-safe.
 */
final class Syscall {
  private static final boolean ARM = isArm();

  static final int BPF = number(321, 280);
  static final int MMAP = number(9, 222);
  static final int MUNMAP = number(11, 215);
  static final int CLOSE = number(3, 57);
  static final int FCNTL = number(72, 25);
  static final int OPENAT = number(257, 56);
  static final int SETNS = number(308, 268);
  static final int UNSHARE = number(272, 97);
  static final int MOUNT = number(165, 40);
  static final int UMOUNT2 = number(166, 39);
  static final int STATFS = number(137, 43);
  static final int SOCKET = number(41, 198);
  static final int BIND = number(49, 200);
  static final int SENDTO = number(44, 206);
  static final int RECVFROM = number(45, 207);
  static final int SETSOCKOPT = number(54, 208);
  static final int GETSOCKOPT = number(55, 209);
  static final int PPOLL = number(271, 73);
  static final int IOCTL = number(16, 29);
  static final int CLOCK_GETTIME = number(228, 113);

  static final int AT_FDCWD = -100;
  static final int O_RDONLY = 0;
  static final int O_CLOEXEC = 0x80000;
  private static final int F_DUPFD_CLOEXEC = 1030;

  private static final Linker.Option CAPTURE = Linker.Option.captureCallState("errno");
  private static final long ERRNO_OFFSET =
      Linker.Option.captureStateLayout().byteOffset(MemoryLayout.PathElement.groupElement("errno"));
  private static final MethodHandle SYSCALL =
      Linker.nativeLinker()
          .downcallHandle(
              Linker.nativeLinker().defaultLookup().findOrThrow("syscall"),
              FunctionDescriptor.of(
                  JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG,
                  JAVA_LONG),
              CAPTURE,
              Linker.Option.firstVariadicArg(1));

  private Syscall() {}

  private static boolean isArm() {
    return switch (System.getProperty("os.arch")) {
      case "amd64", "x86_64" -> false;
      case "aarch64" -> true;
      default ->
          throw new UnsupportedOperationException(
              "Ovenet knows the system calls of x86-64 and aarch64, not of "
                  + System.getProperty("os.arch"));
    };
  }

  private static int number(int x86, int arm) {
    return ARM ? arm : x86;
  }

  /** What a call leaves its errno in: allocate once, use for one call at a time. */
  static MemorySegment capture(Arena arena) {
    return arena.allocate(Linker.Option.captureStateLayout());
  }

  /** Result of the call, or its negated errno. */
  static long call(
      MemorySegment capture, int number, long a, long b, long c, long d, long e, long f) {
    long result;
    try {
      result = (long) SYSCALL.invokeExact(capture, (long) number, a, b, c, d, e, f);
    } catch (Throwable impossible) {
      throw new LinkageError("syscall(2) could not be called", impossible);
    }
    return result == -1 ? -capture.get(JAVA_INT, ERRNO_OFFSET) : result;
  }

  static long call(MemorySegment capture, int number, long a, long b, long c) {
    return call(capture, number, a, b, c, 0, 0, 0);
  }

  /** For calls that are rare: takes its own memory. */
  static long call(int number, long... arguments) {
    long[] six = Arrays.copyOf(arguments, 6);
    try (Arena arena = Arena.ofConfined()) {
      return call(capture(arena), number, six[0], six[1], six[2], six[3], six[4], six[5]);
    }
  }

  /** A duplicate of the descriptor that is closed on exec. */
  static int duplicate(int fd) {
    long copy = call(FCNTL, fd, F_DUPFD_CLOEXEC, 0);
    if (copy < 0) {
      throw new KernelException("duplicate file descriptor " + fd, (int) -copy);
    }
    return (int) copy;
  }

  static long open(String path, int flags) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment name = arena.allocateFrom(path);
      return call(capture(arena), OPENAT, AT_FDCWD, name.address(), flags | O_CLOEXEC);
    }
  }

  /** Linux frees a descriptor whatever close(2) returns, so there is nothing to do on error. */
  static void close(int fd) {
    call(CLOSE, fd);
  }

  static long address(MemorySegment segment) {
    if (!segment.isNative()) {
      throw new IllegalArgumentException("the kernel can't read the Java heap");
    }
    return segment.address();
  }
}
