package io.ovenet.agent;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** This machine's cgroup2, and where this process is in it. */
final class ControlGroups {
  private ControlGroups() {}

  static Path root() throws IOException {
    for (var line : Files.readAllLines(Path.of("/proc/self/mountinfo"))) {
      int separator = line.indexOf(" - ");
      if (separator > 0 && line.startsWith("cgroup2 ", separator + 3)) {
        return Path.of(line.split(" ", 6)[4]);
      }
    }
    throw new AssertionError("no cgroup2 is mounted");
  }

  /** Beginning with a slash. */
  static String own() throws IOException {
    return Files.readAllLines(Path.of("/proc/self/cgroup")).stream()
        .filter(line -> line.startsWith("0::"))
        .findFirst()
        .orElseThrow()
        .substring(3);
  }
}
