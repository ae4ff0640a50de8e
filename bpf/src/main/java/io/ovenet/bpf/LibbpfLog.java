package io.ovenet.bpf;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.IntSupplier;

/**
 * Keeps what libbpf says while it opens or loads an object. libbpf has one print function for the
 * process, so what may print runs here one at a time.
 */
final class LibbpfLog {
  private static final int LIBBPF_WARN = 0;

  /** No verifier's log is longer: the kernel takes buffers up to 16 MiB. */
  private static final long LONGEST = 16L << 20;

  /** A va_list passed to a function is a pointer to this on x86-64 (24) and aarch64 (32 bytes). */
  private static final int VA_LIST_BYTES = 32;

  private static final ReentrantLock LOCK = new ReentrantLock();
  private static final StringBuilder TEXT = new StringBuilder();
  private static final Linker LINKER = Linker.nativeLinker();
  private static final MethodHandle VSNPRINTF =
      LINKER.downcallHandle(
          LINKER.defaultLookup().findOrThrow("vsnprintf"),
          FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG, ADDRESS, ADDRESS));

  static {
    try {
      MethodHandle print =
          MethodHandles.lookup()
              .findStatic(
                  LibbpfLog.class,
                  "print",
                  MethodType.methodType(
                      int.class, int.class, MemorySegment.class, MemorySegment.class));
      Libbpf.setPrint(
          LINKER.upcallStub(
              print, FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, ADDRESS), Arena.global()));
    } catch (ReflectiveOperationException e) {
      throw new LinkageError("libbpf's print function", e);
    }
  }

  private LibbpfLog() {}

  /** Runs what returns a negated errno when it fails: that is thrown, with all that was said. */
  static void check(String operation, IntSupplier action) {
    LOCK.lock();
    try {
      TEXT.setLength(0);
      int result = action.getAsInt();
      if (result < 0) {
        throw new BpfException(operation, -result, TEXT.toString());
      }
    } finally {
      TEXT.setLength(0);
      TEXT.trimToSize();
      LOCK.unlock();
    }
  }

  /** Called by libbpf, on the thread that called it. Nothing may be thrown through it. */
  @SuppressWarnings("UnusedMethod") // libbpf calls it
  private static int print(int level, MemorySegment format, MemorySegment arguments) {
    if (level != LIBBPF_WARN || !LOCK.isHeldByCurrentThread()) {
      return 0;
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment list = arguments.reinterpret(VA_LIST_BYTES);
      // Formatting consumes the list: measure with a copy.
      MemorySegment copy = arena.allocate(VA_LIST_BYTES, 16).copyFrom(list);
      int length = (int) VSNPRINTF.invokeExact(MemorySegment.NULL, 0L, format, copy);
      long size = Math.min(LONGEST, Math.max(0, length)) + 1;
      MemorySegment buffer = arena.allocate(size);
      int ignored = (int) VSNPRINTF.invokeExact(buffer, size, format, list);
      assert ignored >= 0;
      TEXT.append(buffer.getString(0));
      return length;
    } catch (Throwable t) {
      TEXT.append("(a message of libbpf's could not be kept: ").append(t).append(")\n");
      return 0;
    }
  }
}
