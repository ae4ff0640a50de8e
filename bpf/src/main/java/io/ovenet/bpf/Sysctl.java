package io.ovenet.bpf;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * The kernel's settings under /proc/sys. Those under {@code net} are of the calling thread's
 * network namespace: call these within {@link NetworkNamespace#call} for another's. Thread-safe.
 */
public final class Sysctl {
  private static final Path ROOT = Path.of("/proc/sys");

  private Sysctl() {}

  private static Path path(String setting) {
    Path path = ROOT.resolve(setting);
    if (!path.normalize().equals(path) || !path.startsWith(ROOT)) {
      throw new IllegalArgumentException("no setting is called " + setting);
    }
    return path;
  }

  /** The value of a setting such as {@code net/ipv4/ip_forward}, without the line's end. */
  public static String read(String setting) {
    try {
      return Files.readString(path(setting)).strip();
    } catch (IOException e) {
      throw new UncheckedIOException("read sysctl " + setting, e);
    }
  }

  /** Sets a setting, with slashes as separators since devices' names may have dots. */
  public static void write(String setting, String value) {
    try {
      Files.writeString(path(setting), value, StandardOpenOption.WRITE);
    } catch (IOException e) {
      throw new UncheckedIOException("set sysctl " + setting + " to " + value, e);
    }
  }

  /** Whether this kernel has the setting. */
  public static boolean exists(String setting) {
    return Files.exists(path(setting));
  }
}
