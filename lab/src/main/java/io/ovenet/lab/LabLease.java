package io.ovenet.lab;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Says which process runs the lab of a directory, so that one which was killed can be told from one
 * that lives.
 *
 * @param started when the process began, in clock ticks since the machine's start: a number that a
 *     later process with the same id does not have
 */
record LabLease(String name, long pid, long started) {
  private static final ObjectMapper JSON = new ObjectMapper();

  static LabLease ofThisProcess(String name) throws IOException {
    long pid = ProcessHandle.current().pid();
    return new LabLease(name, pid, startTicks(pid).orElseThrow());
  }

  static Optional<LabLease> read(LabDirectory directory) throws IOException {
    try {
      return Optional.of(JSON.readValue(Files.readAllBytes(directory.lease()), LabLease.class));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
  }

  void write(LabDirectory directory) throws IOException {
    Files.createDirectories(directory.run());
    Files.write(directory.lease(), JSON.writeValueAsBytes(this));
  }

  boolean isAlive() throws IOException {
    return startTicks(pid).filter(ticks -> ticks == started).isPresent();
  }

  /**
   * Field 22 of /proc/PID/stat, see proc(5); empty if there is no such process or only a zombie.
   */
  private static Optional<Long> startTicks(long pid) throws IOException {
    try {
      String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
      String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
      return fields[0].equals("Z") ? Optional.empty() : Optional.of(Long.parseLong(fields[19]));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException e) {
      if (String.valueOf(e.getMessage()).contains("No such process")) {
        return Optional.empty();
      }
      throw e;
    }
  }

  /**
   * Removes all that a lab which no longer runs has left: processes (and with them namespaces,
   * links, mounts and pins), control groups, files.
   */
  static void removeRemains(LabDirectory directory) throws IOException, InterruptedException {
    String name = read(directory).map(LabLease::name).orElse(directory.name());
    ControlGroup group = ControlGroup.ofLab(name);
    group.remove();
    Path labs = group.path().getParent();
    if (labs != null && Files.isDirectory(labs) && !hasDirectories(labs)) {
      Files.deleteIfExists(labs);
    }
    LabDirectory.removeTree(directory.data());
    LabDirectory.removeTree(directory.run());
  }

  private static boolean hasDirectories(Path path) throws IOException {
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(path, Files::isDirectory)) {
      return entries.iterator().hasNext();
    }
  }
}
