package io.ovenet.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * A memory control group: counts what the kernel charges to its processes, BPF maps included. Of
 * version 2 where that has the memory controller, else of version 1.
 */
final class MemoryGroup implements AutoCloseable {
  private final Path directory;
  private final boolean unified;

  private MemoryGroup(Path directory, boolean unified) {
    this.directory = directory;
    this.unified = unified;
  }

  static MemoryGroup make(String name) throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/self/mountinfo"))) {
      int separator = line.indexOf(" - ");
      Path mount = Path.of(line.split(" ", -1)[4]);
      String kind = line.substring(separator + 3);
      boolean second = kind.startsWith("cgroup2 ");
      if (second
          ? Files.readString(mount.resolve("cgroup.subtree_control")).contains("memory")
          : kind.startsWith("cgroup ") && List.of(kind.split("[ ,]", -1)).contains("memory")) {
        return new MemoryGroup(Files.createDirectory(mount.resolve(name)), second);
      }
    }
    throw new IOException("no memory controller is mounted: mount -t cgroup -o memory ...");
  }

  /** The file that a process joins by. */
  Path procs() {
    return directory.resolve("cgroup.procs");
  }

  /** All that is charged, file cache included; bytes. */
  long charged() throws IOException {
    return Long.parseLong(
        Files.readString(directory.resolve(unified ? "memory.current" : "memory.usage_in_bytes"))
            .strip());
  }

  /** A count of memory.stat; bytes. */
  long stat(String name) throws IOException {
    for (String line : Files.readAllLines(directory.resolve("memory.stat"))) {
      if (line.startsWith(name + " ")) {
        return Long.parseLong(line.substring(name.length() + 1));
      }
    }
    throw new IOException(directory + "/memory.stat has no " + name);
  }

  /** File cache that the kernel would give up first; bytes. */
  long inactiveFile() throws IOException {
    return stat(unified ? "inactive_file" : "total_inactive_file");
  }

  /** Its processes have to be gone. */
  @Override
  public void close() throws IOException {
    IOException last = null;
    for (int i = 0; i < 200; i++) {
      try {
        Files.deleteIfExists(directory);
        return;
      } catch (IOException busy) {
        last = busy;
        LockSupport.parkNanos(10_000_000);
      }
    }
    if (last != null) {
      throw last;
    }
  }
}
