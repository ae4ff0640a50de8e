package io.ovenet.lab;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The first root file system of a guest, which is also its only one: busybox, modules, scripts. */
final class GuestImage {
  /** What the guest's console says once its network and its user data are done. */
  static final String READY = "ovenet-guest-ready";

  private GuestImage() {}

  /**
   * Builds it.
   *
   * @param userData a script of the user's that runs once the network is up; "" for none
   */
  static byte[] build(GuestKernel kernel, String hostname, String userData)
      throws IOException, InterruptedException {
    Cpio cpio = new Cpio();
    for (String directory :
        List.of("bin", "dev", "etc", "modules", "proc", "root", "sys", "tmp", "var", "usr")) {
      cpio.directory(directory);
    }
    cpio.symlink("sbin", "bin").symlink("usr/bin", "../bin").symlink("usr/sbin", "../bin");
    cpio.characterDevice("dev/console", 5, 1).characterDevice("dev/null", 1, 3);
    Path busybox = RootFileSystem.busybox();
    cpio.file("bin/busybox", 0755, Files.readAllBytes(busybox));
    for (String name : Invocation.of(busybox.toString(), "--list").succeed().split("\n", -1)) {
      if (!name.isEmpty() && !name.equals("busybox")) {
        cpio.symlink("bin/" + name, "busybox");
      }
    }
    StringBuilder order = new StringBuilder();
    for (Path module : kernel.modules()) {
      cpio.file("modules/" + module.getFileName(), 0644, Files.readAllBytes(module));
      order.append(module.getFileName()).append('\n');
    }
    cpio.file("modules/order", 0644, order.toString());
    cpio.file("etc/hostname", 0644, hostname + "\n");
    cpio.file("etc/hosts", 0644, "127.0.0.1 localhost " + hostname + "\n");
    cpio.file("etc/passwd", 0644, "root:x:0:0:root:/root:/bin/sh\n");
    cpio.file("etc/ready", 0644, READY + "\n");
    if (!userData.isEmpty()) {
      cpio.file("etc/user-data", 0755, userData);
    }
    for (String script : List.of("init", "commands", "dhcp")) {
      cpio.file(script.equals("init") ? "init" : "etc/" + script, 0755, resource(script));
    }
    return cpio.bytes();
  }

  private static byte[] resource(String name) throws IOException {
    try (InputStream in = GuestImage.class.getResourceAsStream("guest-" + name + ".sh")) {
      if (in == null) {
        throw new LabException("guest-" + name + ".sh is not in the lab's jar: build it again");
      }
      return in.readAllBytes();
    }
  }
}
