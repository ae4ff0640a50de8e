package io.ovenet.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Control groups for one process: of memory, which counts what the kernel charges to it, BPF maps
 * included, and optionally of processor time. Of version 2 where that has the memory controller,
 * else of version 1.
 */
final class ControlGroups implements AutoCloseable {
  private static final long PERIOD_MICROS = 100_000;

  private final List<Path> directories = new ArrayList<>();
  private final Path memory;
  private final boolean unified;

  /**
   * Makes them.
   *
   * @param processors how many it may use; 0: as many as there are
   * @param bytes of memory that it may use; 0: as much as there is
   */
  ControlGroups(String name, double processors, long bytes) throws IOException {
    unified = controllers(mounted("cgroup2", "")).contains("memory");
    try {
      memory = make(name, "memory");
      if (bytes > 0) {
        limit(bytes);
      }
      if (processors > 0) {
        Path cpu = unified ? memory : make(name, "cpu");
        long quota = Math.round(processors * PERIOD_MICROS);
        if (unified) {
          write(cpu, "cpu.max", quota + " " + PERIOD_MICROS);
        } else {
          write(cpu, "cpu.cfs_period_us", Long.toString(PERIOD_MICROS));
          write(cpu, "cpu.cfs_quota_us", Long.toString(quota));
        }
      }
    } catch (IOException e) {
      close();
      throw e;
    }
  }

  /** Bytes of memory from now on. */
  void limit(long bytes) throws IOException {
    write(memory, unified ? "memory.max" : "memory.limit_in_bytes", Long.toString(bytes));
  }

  private Path make(String name, String controller) throws IOException {
    Path mount = unified ? mounted("cgroup2", "") : mounted("cgroup", controller);
    if (mount == null) {
      throw new IOException("the control groups' " + controller + " controller is not mounted");
    }
    Path directory = Files.createDirectory(mount.resolve(name));
    directories.add(directory);
    return directory;
  }

  private static @Nullable Path mounted(String type, String controller) throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/self/mountinfo"))) {
      String kind = line.substring(line.indexOf(" - ") + 3);
      if (kind.startsWith(type + " ")
          && (controller.isEmpty() || List.of(kind.split("[ ,]", -1)).contains(controller))) {
        return Path.of(line.split(" ", -1)[4]);
      }
    }
    return null;
  }

  private static String controllers(@Nullable Path mount) throws IOException {
    return mount == null ? "" : Files.readString(mount.resolve("cgroup.subtree_control"));
  }

  private static void write(Path directory, String file, String value) throws IOException {
    Files.writeString(directory.resolve(file), value);
  }

  /** The files that a process joins by. */
  List<Path> procs() {
    return directories.stream().map(directory -> directory.resolve("cgroup.procs")).toList();
  }

  /** All that is charged, file cache included; bytes. */
  long charged() throws IOException {
    return Long.parseLong(
        Files.readString(memory.resolve(unified ? "memory.current" : "memory.usage_in_bytes"))
            .strip());
  }

  /** File cache that the kernel would give up first; bytes. */
  long inactiveFile() throws IOException {
    String name = unified ? "inactive_file " : "total_inactive_file ";
    for (String line : Files.readAllLines(memory.resolve("memory.stat"))) {
      if (line.startsWith(name)) {
        return Long.parseLong(line.substring(name.length()));
      }
    }
    throw new IOException(memory + "/memory.stat has no " + name);
  }

  /** Its processes have to be gone. */
  @Override
  public void close() throws IOException {
    for (Path directory : directories) {
      IOException last = null;
      for (int i = 0; i < 200; i++) {
        try {
          Files.deleteIfExists(directory);
          last = null;
          break;
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
}
