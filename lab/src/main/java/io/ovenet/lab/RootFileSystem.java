package io.ovenet.lab;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;

/** The small root directory of a pod's containers, made of the machine's static busybox. */
final class RootFileSystem {
  private RootFileSystem() {}

  /** The machine's busybox, which has to be a static one. */
  static Path busybox() throws IOException {
    for (String place : List.of("/bin/busybox", "/usr/bin/busybox", "/usr/sbin/busybox")) {
      Path path = Path.of(place);
      if (Files.isExecutable(path)) {
        return path.toRealPath();
      }
    }
    throw new LabException("no busybox here: install it with `apt-get install busybox-static`");
  }

  /** Makes the directory of programs that all pods of a node share: busybox and its names. */
  static void makePrograms(Path directory) throws IOException, InterruptedException {
    Files.createDirectories(directory);
    Path busybox = directory.resolve("busybox");
    Files.copy(busybox(), busybox, StandardCopyOption.REPLACE_EXISTING);
    Files.setPosixFilePermissions(busybox, PosixFilePermissions.fromString("rwxr-xr-x"));
    for (String name : Invocation.of(busybox().toString(), "--list").succeed().split("\n", -1)) {
      Path link = directory.resolve(name);
      if (!name.isEmpty() && !Files.exists(link)) {
        Files.createSymbolicLink(link, Path.of("busybox"));
      }
    }
  }

  /**
   * Makes a pod's root directory.
   *
   * @param programs as made by {@link #makePrograms}; only looked at, the pod mounts it itself
   * @param hosts lines of /etc/hosts
   */
  static void prepare(
      Path programs, Path root, String hostname, String resolvConf, List<String> hosts)
      throws IOException {
    if (!Files.exists(programs.resolve("sh"))) {
      throw new LabException(programs + " has no programs: the lab's directory was touched");
    }
    for (String each : List.of("bin", "dev", "etc", "proc", "sys", "tmp", "var/www", "root")) {
      Files.createDirectories(root.resolve(each));
    }
    Files.setPosixFilePermissions(
        root.resolve("tmp"), PosixFilePermissions.fromString("rwxrwxrwx"));
    for (String each : List.of("sbin", "usr")) {
      if (!Files.exists(root.resolve(each))) {
        Files.createSymbolicLink(root.resolve(each), Path.of(each.equals("usr") ? "." : "bin"));
      }
    }
    Files.writeString(root.resolve("etc/hostname"), hostname + "\n");
    Files.writeString(root.resolve("etc/resolv.conf"), resolvConf);
    Files.writeString(root.resolve("etc/hosts"), String.join("\n", hosts) + "\n");
    Files.writeString(root.resolve("etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n");
    Files.writeString(root.resolve("etc/group"), "root:x:0:\n");
  }
}
