package io.ovenet.datapath;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * One of Debian's cloud kernels: downloaded as a package and unpacked, never installed, and kept
 * for the next time.
 *
 * @param tree the unpacked package
 */
record DebianKernel(Path tree) {
  private static final Path CACHE = Path.of("/var/cache/ovenet/kernels");

  /** It can't be had here, and why. */
  static final class Missing extends Exception {
    private static final long serialVersionUID = 1L;

    Missing(String why) {
      super(why);
    }
  }

  /** The kernel that a meta-package of Debian's stands for. Processes may race for it. */
  static DebianKernel fetched(String metaPackage)
      throws IOException, InterruptedException, Missing {
    Path tree = CACHE.resolve(metaPackage);
    Files.createDirectories(CACHE);
    try (FileChannel channel =
            FileChannel.open(
                CACHE.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock lock = channel.lock()) {
      Objects.requireNonNull(lock);
      if (!Files.isDirectory(tree)) {
        Path fresh = CACHE.resolve(metaPackage + ".new");
        // The script's name is $0, so that what it is given begins with $1.
        run("sh", "-c", FETCH, "fetch", metaPackage, fresh.toString());
        Files.move(fresh, tree);
      }
    }
    return new DebianKernel(tree);
  }

  /** Debian's meta-package names the current build, which the archive has under that name alone. */
  private static final String FETCH =
      """
      set -eu
      command -v apt-get >/dev/null || { echo "no apt-get to download $1 with"; exit 1; }
      build() { apt-cache depends "$1" | sed -n 's/^ *Depends: \\(linux-image-.*\\)/\\1/p' | head -n 1; }
      name=$(build "$1")
      [ -n "$name" ] || { apt-get -q update >/dev/null 2>&1 && name=$(build "$1"); }
      [ -n "$name" ] || { echo "the package archive has no $1"; exit 1; }
      rm -rf "$2" "$2.deb"
      mkdir "$2.deb"
      cd "$2.deb"
      apt-get -q download "$name" >log 2>&1 || { echo "cannot download $name: $(tail -n 1 log)"; exit 1; }
      dpkg-deb -x "$name"_*.deb "$2"
      cd /
      rm -rf "$2.deb"
      """;

  private static void run(String... command) throws IOException, InterruptedException, Missing {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.waitFor() != 0) {
      throw new Missing(said.strip());
    }
  }

  Path image() throws IOException {
    return find("vmlinuz-").orElseThrow();
  }

  private Optional<Path> find(String prefix) throws IOException {
    try (Stream<Path> files = Files.walk(tree)) {
      return files.filter(file -> file.getFileName().toString().startsWith(prefix)).findFirst();
    }
  }

  /** Modules with those that they depend on, in the order to load them; not what is built in. */
  List<Path> modules(List<String> names) throws IOException {
    Set<Path> order = new LinkedHashSet<>();
    for (String name : names) {
      take(name, order);
    }
    return List.copyOf(order);
  }

  private void take(String name, Set<Path> order) throws IOException {
    Path file = find(name + ".ko").orElse(null);
    if (file == null) {
      Path builtIn = find("modules.builtin").orElseThrow();
      if (!Files.readString(builtIn).contains("/" + name + ".ko\n")) {
        throw new IOException(tree + " has no module " + name);
      }
    } else if (!order.contains(file)) {
      for (String dependency : dependencies(content(file))) {
        take(dependency, order);
      }
      order.add(file);
    }
  }

  /** A module as the kernel takes it. */
  static byte[] content(Path module) throws IOException {
    if (!module.toString().endsWith(".xz")) {
      return Files.readAllBytes(module);
    }
    Process process = new ProcessBuilder("xz", "-dc", module.toString()).start();
    byte[] content = process.getInputStream().readAllBytes();
    if (process.onExit().join().exitValue() != 0) {
      throw new UncheckedIOException(new IOException("xz cannot unpack " + module));
    }
    return content;
  }

  /** What a module's {@code .modinfo} section says that it depends on. */
  private static List<String> dependencies(byte[] module) {
    String text = new String(module, StandardCharsets.ISO_8859_1);
    String key = "\0depends=";
    int start = text.indexOf(key);
    if (start < 0) {
      return List.of();
    }
    int from = start + key.length();
    String names = text.substring(from, text.indexOf('\0', from));
    return names.isEmpty() ? List.of() : List.of(names.split(",", -1));
  }
}
