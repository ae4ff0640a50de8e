package io.ovenet.bpf;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** How many processors per-CPU maps have values for. */
public final class Cpus {
  private static final Path POSSIBLE = Path.of("/sys/devices/system/cpu/possible");

  private Cpus() {}

  /** Processors that may ever be there: what per-CPU maps count, more than are online. */
  public static int possible() {
    return Once.POSSIBLE_CPUS;
  }

  private static final class Once {
    private static final int POSSIBLE_CPUS = read();

    private static int read() {
      try {
        return count(Files.readString(POSSIBLE).strip());
      } catch (IOException e) {
        throw new UncheckedIOException("read " + POSSIBLE + " (is /sys mounted?)", e);
      }
    }
  }

  /** Counts a list such as {@code 0-3,8}. */
  static int count(String list) {
    int highest = -1;
    for (String range : list.split(",", -1)) {
      int dash = range.indexOf('-');
      highest = Math.max(highest, Integer.parseInt(range.substring(dash + 1)));
    }
    // The kernel sizes per-CPU values by the highest number, as libbpf does by the list's bits.
    return highest + 1;
  }
}
