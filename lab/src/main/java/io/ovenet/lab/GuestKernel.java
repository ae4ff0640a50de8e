package io.ovenet.lab;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Debian's cloud kernel for guests: downloaded as a package and unpacked, never installed; kept for
 * the next time.
 *
 * @param image that QEMU boots
 * @param modules the guest's virtio network driver, in the order to load them
 */
record GuestKernel(Path image, List<Path> modules) {
  static final Path CACHE = Path.of("/var/cache/ovenet/guest-kernel");

  /** Drivers of the guest's one device and its bus; what they depend on comes with them. */
  private static final List<String> DRIVERS = List.of("virtio_pci", "virtio_net");

  private static final String ORDER = "order";
  private static final String META_PACKAGE = "linux-image-cloud-amd64";

  GuestKernel {
    modules = List.copyOf(modules);
  }

  /**
   * The kernel in a directory, fetched first if it isn't there. Processes may race for it, and
   * threads: the lock on a file is a process's as a whole.
   */
  static synchronized GuestKernel fetched(Path cache) throws IOException, InterruptedException {
    // Written last, the order says that everything is there.
    if (!Files.exists(cache.resolve(ORDER))) {
      Files.createDirectories(cache);
      try (FileChannel channel =
              FileChannel.open(
                  cache.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
          FileLock lock = channel.lock()) {
        Objects.requireNonNull(lock);
        if (!Files.exists(cache.resolve(ORDER))) {
          fetch(cache);
        }
      }
    }
    return new GuestKernel(
        cache.resolve("vmlinuz"),
        Files.readAllLines(cache.resolve(ORDER)).stream().map(cache::resolve).toList());
  }

  private static void fetch(Path cache) throws IOException, InterruptedException {
    Path work = Files.createTempDirectory("ovenet-kernel-");
    try {
      Path unpacked = work.resolve("unpacked");
      Invocation.of("dpkg-deb", "-x", download(work).toString(), unpacked.toString())
          .limit(Duration.ofMinutes(2))
          .succeed();
      Set<String> order = new LinkedHashSet<>();
      for (String driver : DRIVERS) {
        take(unpacked, driver, cache, order);
      }
      Files.copy(
          find(unpacked.resolve("boot"), "vmlinuz-").getFirst(),
          cache.resolve("vmlinuz"),
          StandardCopyOption.REPLACE_EXISTING);
      Path fresh = cache.resolve(ORDER + ".new");
      Files.write(fresh, order);
      Files.move(fresh, cache.resolve(ORDER), StandardCopyOption.ATOMIC_MOVE);
    } finally {
      LabDirectory.removeTree(work);
    }
  }

  /** Takes a module after those it depends on. */
  private static void take(Path unpacked, String module, Path cache, Set<String> order)
      throws IOException, InterruptedException {
    String file = module + ".ko";
    if (order.contains(file)) {
      return;
    }
    List<Path> found = find(unpacked, file);
    if (found.isEmpty()) {
      throw new LabException("the guests' kernel has no module " + module);
    }
    Path source = found.getFirst();
    if (source.getFileName().toString().endsWith(".xz")) {
      Invocation.of("xz", "-d", source.toString()).succeed();
      source = source.resolveSibling(file);
    }
    byte[] content = Files.readAllBytes(source);
    for (String dependency : dependencies(content)) {
      take(unpacked, dependency, cache, order);
    }
    Files.write(cache.resolve(file), content);
    order.add(file);
  }

  /** What a module's `.modinfo` section says that it depends on. */
  static List<String> dependencies(byte[] module) {
    String text = new String(module, StandardCharsets.ISO_8859_1);
    int start = text.indexOf("\0depends=");
    if (start < 0) {
      return List.of();
    }
    int from = start + "\0depends=".length();
    String names = text.substring(from, text.indexOf('\0', from));
    return names.isEmpty() ? List.of() : List.of(names.split(","));
  }

  private static List<Path> find(Path tree, String prefix) throws IOException {
    try (Stream<Path> files = Files.walk(tree)) {
      return files
          .filter(file -> file.getFileName().toString().startsWith(prefix))
          .sorted(Comparator.naturalOrder())
          .toList();
    }
  }

  /** Debian's meta-package names the current build, which the archive has under that name alone. */
  private static Path download(Path work) throws IOException, InterruptedException {
    String depends = Invocation.of("apt-cache", "depends", META_PACKAGE).succeed();
    String name =
        depends
            .lines()
            .map(String::strip)
            .filter(line -> line.startsWith("Depends: linux-image-"))
            .map(line -> line.substring("Depends: ".length()))
            .findFirst()
            .orElseThrow(
                () ->
                    new LabException(
                        "no package " + META_PACKAGE + " is known here: run `apt-get update`"));
    Invocation.Outcome outcome =
        Invocation.of(
                "/bin/sh", "-c", "cd \"$0\" && exec apt-get download \"$1\"", work.toString(), name)
            .limit(Duration.ofMinutes(5))
            .run();
    List<Path> packages = find(work, "linux-image-");
    if (outcome.exitCode() != 0 || packages.isEmpty()) {
      throw new LabException(
          "cannot download the guests' kernel "
              + name
              + " (run `apt-get update`, then try again): "
              + outcome.errors().strip());
    }
    return packages.getFirst();
  }
}
