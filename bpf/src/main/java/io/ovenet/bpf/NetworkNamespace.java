package io.ovenet.bpf;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * A network namespace, held by an open descriptor: it lives at least until closed. Thread-safe, but
 * for {@link #close}.
 */
public final class NetworkNamespace implements AutoCloseable {
  private static final int CLONE_NEWNET = 0x40000000;
  private static final int AF_INET = 2;
  private static final int SOCK_DGRAM_CLOEXEC = 2 | 0x80000;
  private static final int SOL_SOCKET = 1;
  private static final int SO_NETNS_COOKIE = 71;
  private static final Path THREAD = Path.of("/proc/thread-self/ns/net");

  private final Descriptor descriptor;
  private final String name;

  private NetworkNamespace(int fd, String name) {
    descriptor = new Descriptor(fd, name);
    this.name = name;
  }

  /** What runs inside a namespace. */
  @FunctionalInterface
  public interface Action<T extends @Nullable Object, E extends Exception> {
    T call() throws E;
  }

  /** The namespace of the calling thread. */
  public static NetworkNamespace current() {
    return open(THREAD);
  }

  /**
   * The namespace that a file stands for: one of /var/run/netns, /proc/PID/ns/net. Refused if the
   * file is something else (EINVAL).
   */
  public static NetworkNamespace open(Path path) {
    String name = "network namespace " + path;
    long fd = Syscall.open(path.toString(), Syscall.O_RDONLY);
    if (fd < 0) {
      throw new KernelException("open " + name, (int) -fd);
    }
    try {
      String inode = Files.readSymbolicLink(Path.of("/proc/self/fd/" + fd)).toString();
      if (!inode.startsWith("net:") && !isNamespaceFile((int) fd)) {
        throw new KernelException("open " + name + ", which is " + inode, Errno.EINVAL);
      }
    } catch (IOException e) {
      Syscall.close((int) fd);
      throw new UncheckedIOException("tell what " + path + " is", e);
    } catch (KernelException e) {
      Syscall.close((int) fd);
      throw e;
    }
    return new NetworkNamespace((int) fd, name);
  }

  /**
   * A bind mount of a namespace shows its own path: NS_GET_NSTYPE (linux/nsfs.h) tells the kind.
   */
  private static boolean isNamespaceFile(int fd) {
    return Syscall.call(Syscall.IOCTL, fd, 0xb703, 0) == CLONE_NEWNET;
  }

  /** A new namespace without a name, which ends when nothing holds it any more. Its lo is down. */
  public static NetworkNamespace create() {
    return onThread("new network namespace", NetworkNamespace::unshare);
  }

  /**
   * A new namespace that a file stands for, as {@code ip netns add} makes it: it lives until {@link
   * #remove}. Its lo is down. Missing directories are made; UncheckedIOException if the file
   * exists.
   */
  public static NetworkNamespace create(Path path) {
    try {
      Path directory = path.getParent();
      if (directory != null) {
        Files.createDirectories(directory);
      }
      Files.createFile(path);
    } catch (IOException e) {
      throw new UncheckedIOException("make the file of network namespace " + path, e);
    }
    try {
      return onThread(
          "new network namespace " + path,
          () -> {
            unshare().close();
            Mounts.bind(THREAD, path);
            return open(path);
          });
    } catch (RuntimeException e) {
      try {
        Files.deleteIfExists(path);
      } catch (IOException second) {
        e.addSuppressed(second);
      }
      throw e;
    }
  }

  /** Takes a namespace's file away; false if there is none. The namespace ends when unused. */
  public static boolean remove(Path path) {
    try {
      try {
        Mounts.unmount(path);
      } catch (KernelException e) {
        // EINVAL: the file is no mount, left by a creation that was cut off.
        if (e.errno() != Errno.EINVAL && e.errno() != Errno.ENOENT) {
          throw e;
        }
      }
      Files.delete(path);
      return true;
    } catch (NoSuchFileException e) {
      return false;
    } catch (IOException e) {
      throw new UncheckedIOException("remove the file of network namespace " + path, e);
    }
  }

  private static NetworkNamespace unshare() {
    long result = Syscall.call(Syscall.UNSHARE, CLONE_NEWNET);
    if (result < 0) {
      throw new KernelException("make a network namespace", (int) -result);
    }
    return current();
  }

  /**
   * Runs an action inside the namespace, on a platform thread of its own, and waits for it. Sockets
   * that it opens stay in the namespace. Its exceptions are thrown here; an interrupt is passed on
   * to it.
   */
  public <T extends @Nullable Object, E extends Exception> T call(Action<T, E> action) throws E {
    int fd = fd();
    return onThread(
        name,
        () -> {
          long result = Syscall.call(Syscall.SETNS, fd, CLONE_NEWNET);
          if (result < 0) {
            throw new KernelException("enter " + name, (int) -result);
          }
          return action.call();
        });
  }

  /** The outcome of an action: a value or what it threw. */
  private record Outcome<T extends @Nullable Object>(
      @Nullable T value, @Nullable Throwable failure) {}

  @SuppressWarnings({"unchecked", "NullAway"}) // what the action threw is an E or unchecked; its
  // value is null only if T says so
  private static <T extends @Nullable Object, E extends Exception> T onThread(
      String threadName, Action<T, E> action) throws E {
    AtomicReference<@Nullable Outcome<T>> outcome = new AtomicReference<>();
    Thread thread =
        Thread.ofPlatform()
            .name(threadName)
            .daemon()
            .start(
                () -> {
                  try {
                    outcome.set(new Outcome<>(action.call(), null));
                  } catch (Throwable t) {
                    outcome.set(new Outcome<>(null, t));
                  }
                });
    boolean interrupted = false;
    while (true) {
      try {
        thread.join();
        break;
      } catch (InterruptedException e) {
        interrupted = true;
        thread.interrupt();
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    Outcome<T> result = outcome.get();
    return switch (result.failure()) {
      case null -> result.value();
      case Error e -> throw e;
      case RuntimeException e -> throw e;
      case Throwable e -> throw (E) e;
    };
  }

  /** The number by which eBPF programs know it (bpf_get_netns_cookie; SO_NETNS_COOKIE, 5.14). */
  public long cookie() {
    return call(
        () -> {
          long fd = Syscall.call(Syscall.SOCKET, AF_INET, SOCK_DGRAM_CLOEXEC, 0);
          if (fd < 0) {
            throw new KernelException("open a socket in " + name, (int) -fd);
          }
          try (Arena arena = Arena.ofConfined()) {
            MemorySegment cookie = arena.allocate(JAVA_LONG);
            MemorySegment size = arena.allocate(JAVA_INT);
            size.set(JAVA_INT, 0, Long.BYTES);
            long result =
                Syscall.call(
                    Syscall.capture(arena),
                    Syscall.GETSOCKOPT,
                    fd,
                    SOL_SOCKET,
                    SO_NETNS_COOKIE,
                    cookie.address(),
                    size.address(),
                    0);
            if (result < 0) {
              throw new KernelException("read the cookie of " + name, (int) -result);
            }
            return cookie.get(JAVA_LONG, 0);
          } finally {
            Syscall.close((int) fd);
          }
        });
  }

  /** The open descriptor, which this object keeps owning. */
  public int fd() {
    return descriptor.fd();
  }

  /** The kernel's number for the namespace: the same for all that stand for the same one. */
  public long inode() {
    try {
      return (long) Files.getAttribute(Path.of("/proc/self/fd/" + fd()), "unix:ino");
    } catch (IOException e) {
      throw new UncheckedIOException("read the number of " + name, e);
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
