package io.ovenet.journeys;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** What a lab could leave behind on the machine, to be compared before and after. */
final class Traces {
  private Traces() {}

  private static final Path LABS = Path.of("/sys/fs/cgroup/unified/ovenet-lab");

  /**
   * Links, mounts, control groups and processes of labs in {@code directory}. Other tests' labs are
   * at work meanwhile.
   */
  static SortedSet<String> of(Path directory) throws IOException {
    return of(directory, group -> false);
  }

  /** With those of benchmarks, of which one test at a time has any. */
  static SortedSet<String> withBenchmarks(Path directory) throws IOException {
    return of(directory, group -> group.startsWith("ovt-"));
  }

  private static SortedSet<String> of(Path directory, Predicate<String> more) throws IOException {
    SortedSet<String> found = new TreeSet<>();
    try (Stream<Path> links = Files.list(Path.of("/sys/class/net"))) {
      links.forEach(link -> found.add("link " + link.getFileName()));
    }
    for (String mount : Files.readAllLines(Path.of("/proc/self/mounts"))) {
      if (mount.contains(directory.toString())) {
        found.add("mount " + mount);
      }
    }
    if (Files.exists(LABS)) {
      String own = directory.getFileName().toString();
      try (Stream<Path> groups = Files.list(LABS)) {
        groups
            .map(group -> group.getFileName().toString())
            .filter(group -> group.equals(own) || more.test(group))
            .forEach(group -> found.add("cgroup " + group));
      }
    }
    ProcessHandle.allProcesses()
        .filter(process -> speaksOf(process.pid(), directory))
        .forEach(
            process ->
                found.add(
                    "process " + process.pid() + " " + process.info().commandLine().orElse("")));
    if (Files.exists(directory)) {
      try (Stream<Path> files = Files.walk(directory)) {
        files.filter(file -> !file.equals(directory)).forEach(file -> found.add("file " + file));
      }
    }
    return found;
  }

  /** Whether a process has the directory among its arguments or in its environment. */
  private static boolean speaksOf(long pid, Path directory) {
    Path process = Path.of("/proc", Long.toString(pid));
    for (String file : new String[] {"cmdline", "environ"}) {
      try {
        if (Files.readString(process.resolve(file), StandardCharsets.ISO_8859_1)
            .contains(directory.toString())) {
          return true;
        }
      } catch (IOException gone) {
        return false;
      }
    }
    return false;
  }
}
