package io.ovenet.bpf;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;

/** File systems mounted in the process' mount namespace. Thread-safe. */
public final class Mounts {
  private static final long BPF_FS_MAGIC = 0xcafe4a11L;
  private static final int MS_NOSUID = 2;
  private static final int MS_NODEV = 4;
  private static final int MS_NOEXEC = 8;
  private static final int MS_BIND = 4096;
  private static final int MNT_DETACH = 2;
  private static final int STATFS_BYTES = 120;

  private Mounts() {}

  /** Whether a directory is on a bpffs; false where it doesn't exist. */
  public static boolean isBpffs(Path directory) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment statfs = arena.allocate(STATFS_BYTES, 8);
      MemorySegment path = arena.allocateFrom(directory.toString());
      MemorySegment capture = Syscall.capture(arena);
      long result = Syscall.call(capture, Syscall.STATFS, path.address(), statfs.address(), 0);
      if (result == -Errno.ENOENT) {
        return false;
      }
      check(result, "find out the file system of " + directory);
      return statfs.get(JAVA_LONG, 0) == BPF_FS_MAGIC;
    }
  }

  /** Makes the directory and mounts a bpffs there, unless it is on one already. */
  public static void mountBpffs(Path directory) {
    if (isBpffs(directory)) {
      return;
    }
    try {
      Files.createDirectories(directory);
    } catch (IOException e) {
      throw new UncheckedIOException("make " + directory + " for a bpffs", e);
    }
    mount("bpf", directory, "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC);
  }

  /** Shows a file or directory at another place too; the place exists. */
  static void bind(Path from, Path to) {
    mount(from.toString(), to, "", MS_BIND);
  }

  /** Takes a mount away, now from sight and wholly when nobody uses it any more. */
  public static void unmount(Path path) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment target = arena.allocateFrom(path.toString());
      MemorySegment capture = Syscall.capture(arena);
      check(
          Syscall.call(capture, Syscall.UMOUNT2, target.address(), MNT_DETACH, 0),
          "unmount " + path);
    }
  }

  private static void mount(String source, Path target, String type, long flags) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment from = arena.allocateFrom(source);
      MemorySegment to = arena.allocateFrom(target.toString());
      MemorySegment kind = arena.allocateFrom(type);
      MemorySegment capture = Syscall.capture(arena);
      long result =
          Syscall.call(
              capture, Syscall.MOUNT, from.address(), to.address(), kind.address(), flags, 0, 0);
      check(result, "mount " + source + " at " + target);
    }
  }

  private static void check(long result, String operation) {
    if (result < 0) {
      throw new KernelException(operation, (int) -result);
    }
  }
}
