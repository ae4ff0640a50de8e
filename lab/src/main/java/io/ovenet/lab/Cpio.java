package io.ovenet.lab;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * Builds a cpio archive in the `newc` form that the kernel unpacks as its first root file system
 * (kernel documentation, driver-api/early-userspace/buffer-format). Not thread-safe.
 */
final class Cpio {
  private static final int DIRECTORY = 0040000;
  private static final int REGULAR = 0100000;
  private static final int SYMLINK = 0120000;
  private static final int CHARACTER_DEVICE = 0020000;

  private final ByteArrayOutputStream archive = new ByteArrayOutputStream();
  private int inode = 1;

  Cpio directory(String path) {
    return entry(path, DIRECTORY | 0755, 0, 0, new byte[0]);
  }

  Cpio file(String path, int mode, byte[] content) {
    return entry(path, REGULAR | mode, 0, 0, content);
  }

  Cpio file(String path, int mode, String content) {
    return file(path, mode, content.getBytes(StandardCharsets.UTF_8));
  }

  Cpio symlink(String path, String target) {
    return entry(path, SYMLINK | 0777, 0, 0, target.getBytes(StandardCharsets.UTF_8));
  }

  Cpio characterDevice(String path, int major, int minor) {
    return entry(path, CHARACTER_DEVICE | 0600, major, minor, new byte[0]);
  }

  /** The archive with its end mark. */
  byte[] bytes() {
    entry("TRAILER!!!", 0, 0, 0, new byte[0]);
    return archive.toByteArray();
  }

  private Cpio entry(String path, int mode, int major, int minor, byte[] content) {
    byte[] name = path.getBytes(StandardCharsets.UTF_8);
    String header =
        String.format(
            Locale.ROOT,
            "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X",
            inode++,
            mode,
            0, // uid
            0, // gid
            (mode & 0170000) == DIRECTORY ? 2 : 1,
            0, // modification time
            content.length,
            0, // device of the file itself
            0,
            major,
            minor,
            name.length + 1,
            0); // check, only in the other form
    archive.writeBytes(header.getBytes(StandardCharsets.US_ASCII));
    archive.writeBytes(name);
    archive.write(0);
    pad();
    archive.writeBytes(content);
    pad();
    return this;
  }

  private void pad() {
    while (archive.size() % 4 != 0) {
      archive.write(0);
    }
  }
}
