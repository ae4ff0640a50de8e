package io.ovenet.lab;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/**
 * A directory of the cgroup2 hierarchy that holds processes of the lab. Every process that the lab
 * starts is in one of them from its first instruction on, so that a lab which was killed can be
 * taken down to the last process without guessing. Has no state of its own.
 *
 * @param path as seen outside the nodes
 */
record ControlGroup(Path path) {
  private static final Duration CEILING = Duration.ofSeconds(30);

  /** Where this machine has mounted cgroup2: `/sys/fs/cgroup`, or beside version 1 below it. */
  static Path hierarchy() throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/self/mountinfo"))) {
      int separator = line.indexOf(" - ");
      if (separator > 0 && line.startsWith("cgroup2 ", separator + 3)) {
        return Path.of(line.split(" ", -1)[4]);
      }
    }
    throw new LabException(
        "no cgroup2 is mounted: mount it with `mount -t cgroup2 none /sys/fs/cgroup/unified`");
  }

  static ControlGroup ofLab(String lab) throws IOException {
    return new ControlGroup(hierarchy().resolve("ovenet-lab").resolve(lab));
  }

  ControlGroup child(String name) {
    return new ControlGroup(path.resolve(name));
  }

  ControlGroup make() throws IOException {
    Files.createDirectories(path);
    return this;
  }

  boolean exists() {
    return Files.isDirectory(path);
  }

  /** The file that a process joins by. */
  Path procs() {
    return path.resolve("cgroup.procs");
  }

  /** Kills every process in the group and below it, and waits until they are gone. */
  void kill() throws IOException, InterruptedException {
    if (!exists()) {
      return;
    }
    Instant deadline = Instant.now().plus(CEILING);
    try {
      Files.writeString(path.resolve("cgroup.kill"), "1");
      while (Files.readAllLines(path.resolve("cgroup.events")).contains("populated 1")) {
        if (Instant.now().isAfter(deadline)) {
          throw new LabException(
              "processes of " + path + " outlive SIGKILL: see `cat " + procs() + "`");
        }
        Thread.sleep(2);
      }
    } catch (NoSuchFileException e) {
      if (exists()) {
        throw e;
      }
    }
  }

  /** Kills what is in the group, then removes it with everything below it. */
  void remove() throws IOException, InterruptedException {
    kill();
    if (!exists()) {
      return;
    }
    List<Path> children = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(path, Files::isDirectory)) {
      entries.forEach(children::add);
    }
    for (Path child : children) {
      new ControlGroup(child).remove();
    }
    // A zombie keeps its group busy for as long as its parent takes to collect it.
    Instant deadline = Instant.now().plus(CEILING);
    while (true) {
      try {
        Files.deleteIfExists(path);
        return;
      } catch (FileSystemException e) {
        if (Instant.now().isAfter(deadline)) {
          throw e;
        }
        Thread.sleep(2);
      }
    }
  }
}
