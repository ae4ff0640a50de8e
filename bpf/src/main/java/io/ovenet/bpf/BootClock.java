package io.ovenet.bpf;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.TimeUnit;

/**
 * The kernel's clock that also counts while the machine sleeps (CLOCK_BOOTTIME), as {@code
 * bpf_ktime_get_boot_ns} has it: for deadlines that must hold after a machine was suspended.
 */
public final class BootClock {
  private static final int CLOCK_BOOTTIME = 7;

  private BootClock() {}

  public static long nanos() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment time = arena.allocate(16, 8); // struct timespec: seconds, nanoseconds
      long result =
          Syscall.call(
              Syscall.capture(arena), Syscall.CLOCK_GETTIME, CLOCK_BOOTTIME, time.address(), 0);
      if (result < 0) {
        throw new KernelException("read CLOCK_BOOTTIME", (int) -result);
      }
      return TimeUnit.SECONDS.toNanos(time.get(JAVA_LONG, 0)) + time.get(JAVA_LONG, 8);
    }
  }
}
