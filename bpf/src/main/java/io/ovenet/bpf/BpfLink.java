package io.ovenet.bpf;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A program's attachment that the kernel keeps as an object of its own: it ends with {@link
 * #detach}, or when the last descriptor is closed and no pin holds it. Thread-safe, but for {@link
 * #close}.
 */
public final class BpfLink implements AutoCloseable {
  private final Descriptor descriptor;
  private final String name;

  private BpfLink(int fd, String name) {
    this.descriptor = new Descriptor(fd, name);
    this.name = name;
  }

  /** Attaches to a device of the calling thread's network namespace (tcx, XDP). */
  public static BpfLink attachDevice(BpfProgram program, int ifindex, AttachType type) {
    return create(program, ifindex, type, "device " + ifindex);
  }

  /** Attaches to a directory of cgroup2 and all below it. */
  public static BpfLink attachCgroup(BpfProgram program, Path cgroup, AttachType type) {
    return attachPath(program, cgroup, type);
  }

  /** Attaches SK_LOOKUP to the network namespace that a file stands for. */
  public static BpfLink attachNamespace(BpfProgram program, Path namespace, AttachType type) {
    return attachPath(program, namespace, type);
  }

  private static BpfLink attachPath(BpfProgram program, Path path, AttachType type) {
    long fd = Syscall.open(path.toString(), Syscall.O_RDONLY);
    if (fd < 0) {
      throw new BpfException("open " + path + " to attach " + program, (int) -fd);
    }
    try {
      return create(program, (int) fd, type, path.toString());
    } finally {
      Syscall.close((int) fd);
    }
  }

  private static BpfLink create(BpfProgram program, int target, AttachType type, String where) {
    String name = "link of " + program + " at " + type + " of " + where;
    try (Arena arena = Arena.ofConfined()) {
      int fd =
          new BpfCall(arena)
              .setInt(0, program.fd())
              .setInt(4, target)
              .setInt(8, type.number)
              .check(BpfCall.LINK_CREATE, "make a " + name);
      return new BpfLink(fd, name);
    }
  }

  /** Opens the link that is pinned there; ENOENT if none is. */
  public static BpfLink openPinned(Path path) {
    return new BpfLink(Pins.open(path, Pins.Kind.LINK), "link pinned at " + path);
  }

  /** Opens the link that is pinned there, or null if none is. */
  public static @Nullable BpfLink openPinnedIfPresent(Path path) {
    int fd = Pins.openIfPresent(path, Pins.Kind.LINK);
    return fd < 0 ? null : new BpfLink(fd, "link pinned at " + path);
  }

  /** Pins the link, which then outlives this process. */
  public void pin(Path path) {
    BpfCall.pin(descriptor.fd(), path, name);
  }

  /** Puts another program in the place of the one that is attached, without a gap. */
  public void update(BpfProgram program) {
    try (Arena arena = Arena.ofConfined()) {
      new BpfCall(arena)
          .setInt(0, descriptor.fd())
          .setInt(4, program.fd())
          .check(BpfCall.LINK_UPDATE, "put " + program + " into the " + name);
    }
  }

  /** Ends the attachment at once, though pins and descriptors remain. */
  public void detach() {
    try (Arena arena = Arena.ofConfined()) {
      new BpfCall(arena)
          .setInt(0, descriptor.fd())
          .check(BpfCall.LINK_DETACH, "detach the " + name);
    }
  }

  /**
   * What the kernel says of a link.
   *
   * @param programId of the attached program
   * @param ifindex the device's, for tcx and XDP; 0 once the device is gone or the link detached
   * @param attachType {@code enum bpf_attach_type}, for tcx
   */
  public record Description(int id, int programId, int ifindex, int attachType) {}

  /** What the kernel says of the link now. */
  public Description describe() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment info = BpfCall.info(arena, descriptor.fd(), "read the " + name);
      return new Description(
          info.get(JAVA_INT, 4),
          info.get(JAVA_INT, 8),
          info.get(JAVA_INT, 16),
          info.get(JAVA_INT, 20));
    }
  }

  /** Of a link at a cgroup: the id of that, its directory's inode; 0 once the directory is gone. */
  public long cgroupId() {
    try (Arena arena = Arena.ofConfined()) {
      return BpfCall.info(arena, descriptor.fd(), "read the " + name).get(JAVA_LONG_UNALIGNED, 16);
    }
  }

  @Override
  public void close() {
    descriptor.close();
  }

  @Override
  public String toString() {
    return name;
  }
}
