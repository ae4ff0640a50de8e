package io.ovenet.bpf;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What is pinned in a bpffs. */
final class Pins {
  /** What a descriptor may be of, by the kernel's name for its inode (bpf_link in some kernels). */
  enum Kind {
    MAP("bpf-map"),
    PROGRAM("bpf-prog"),
    LINK("bpf-link");

    private final String inode;

    Kind(String inode) {
      this.inode = inode;
    }
  }

  private Pins() {}

  /** A descriptor of the object pinned there. */
  static int open(Path path, Kind kind) {
    int fd = openIfPresent(path, kind);
    if (fd < 0) {
      throw new BpfException("open the pinned " + kind + " " + path, Errno.ENOENT);
    }
    return fd;
  }

  /** The same, or -1 if nothing is pinned there. */
  static int openIfPresent(Path path, Kind kind) {
    int fd = BpfCall.openPinned(path);
    if (fd == -Errno.ENOENT) {
      return -1;
    }
    if (fd < 0) {
      throw new BpfException("open the pinned " + kind + " " + path, -fd);
    }
    try {
      // OBJ_GET opens whatever it finds: a program's description must not be read as a map's.
      String inode = Files.readSymbolicLink(Path.of("/proc/self/fd/" + fd)).toString();
      if (!inode.replace('_', '-').contains(kind.inode)) {
        throw new BpfException(
            "open the pinned " + kind + " " + path + ", which is a " + inode, Errno.EINVAL);
      }
    } catch (IOException e) {
      Syscall.close(fd);
      throw new UncheckedIOException("tell what is pinned at " + path, e);
    } catch (BpfException e) {
      Syscall.close(fd);
      throw e;
    }
    return fd;
  }
}
