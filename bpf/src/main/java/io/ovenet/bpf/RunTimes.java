package io.ovenet.bpf;

import java.lang.foreign.Arena;

/**
 * While it is open the kernel counts how often and how long programs run, all of the machine's
 * (BPF_ENABLE_STATS, Linux 5.8): {@link BpfProgram#statistics}. A run costs some 30 ns more
 * meanwhile. Several may be open at once. Thread-safe.
 */
public final class RunTimes implements AutoCloseable {
  private static final int BPF_STATS_RUN_TIME = 0;

  private final Descriptor descriptor;

  private RunTimes(int fd) {
    descriptor = new Descriptor(fd, "statistics of programs");
  }

  /**
   * Begins to count.
   *
   * @throws BpfException if the kernel cannot, or may not
   */
  public static RunTimes open() {
    try (Arena arena = Arena.ofConfined()) {
      return new RunTimes(
          new BpfCall(arena)
              .setInt(0, BPF_STATS_RUN_TIME)
              .check(BpfCall.ENABLE_STATS, "enable the statistics of programs"));
    }
  }

  @Override
  public void close() {
    descriptor.close();
  }
}
