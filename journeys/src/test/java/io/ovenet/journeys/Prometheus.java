package io.ovenet.journeys;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.ovenet.bpf.NetworkNamespace;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Debian's Prometheus in a node's network, and its promtool. The package is downloaded and
 * unpacked, never installed, since it would begin to run; it is kept for the next time.
 */
final class Prometheus implements AutoCloseable {
  private static final Path CACHE = Path.of("/var/cache/ovenet/prometheus");
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int PORT = 19090;

  private static final String FETCH =
      """
      set -eu
      command -v apt-get >/dev/null || { echo "no apt-get to download prometheus with"; exit 1; }
      rm -rf "$1" "$1.deb"
      mkdir "$1.deb"
      cd "$1.deb"
      apt-get -q download prometheus >log 2>&1 || {
        apt-get -q update >/dev/null 2>&1
        apt-get -q download prometheus >log 2>&1 || { echo "cannot download prometheus: $(tail -n 1 log)"; exit 1; }
      }
      dpkg-deb -x prometheus_*.deb "$1"
      cd /
      rm -rf "$1.deb"
      """;

  private final Process process;
  private final NetworkNamespace host;
  private final Path log;

  private Prometheus(Process process, NetworkNamespace host, Path log) {
    this.process = process;
    this.host = host;
    this.log = log;
  }

  /** A program of the package. Processes may race for it. */
  private static Path program(String name) throws IOException, InterruptedException {
    Path tree = CACHE.resolve("package");
    Files.createDirectories(CACHE);
    try (FileChannel channel =
            FileChannel.open(
                CACHE.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock lock = channel.lock()) {
      Objects.requireNonNull(lock);
      if (!Files.isDirectory(tree)) {
        Path fresh = CACHE.resolve("package.new");
        Ovenet.run(List.of("sh", "-c", FETCH, "fetch", fresh.toString()), Map.of()).succeed();
        Files.move(fresh, tree);
      }
    }
    return tree.resolve("usr/bin").resolve(name);
  }

  /** Runs promtool to its end. */
  static Ovenet.Result promtool(String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(program("promtool").toString()));
    command.addAll(List.of(arguments));
    return Ovenet.run(command, Map.of());
  }

  /**
   * Starts it on loopback of the network of a process.
   *
   * @param directory for its data, which is the caller's to remove
   */
  static Prometheus start(String pid, Path configuration, Path directory)
      throws IOException, InterruptedException {
    Path log = directory.resolve("prometheus.log");
    Process process =
        new ProcessBuilder(
                "nsenter",
                "--net=/proc/" + pid + "/ns/net",
                program("prometheus").toString(),
                "--config.file=" + configuration,
                "--storage.tsdb.path=" + directory.resolve("data"),
                "--web.listen-address=127.0.0.1:" + PORT)
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    return new Prometheus(process, NetworkNamespace.open(Path.of("/proc", pid, "ns", "net")), log);
  }

  /** What it answers; null while it cannot be asked. */
  JsonNode get(String path) throws IOException {
    if (!process.isAlive()) {
      throw new AssertionError("prometheus has ended:\n" + Files.readString(log));
    }
    return host.call(
        () -> {
          URI uri = URI.create("http://127.0.0.1:" + PORT + path);
          try (var body = uri.toURL().openStream()) {
            return JSON.readTree(body).path("data");
          }
        });
  }

  /** The series that an expression gives now. */
  JsonNode query(String expression) throws IOException {
    String encoded = URLEncoder.encode(expression, StandardCharsets.UTF_8);
    return get("/api/v1/query?query=" + encoded).path("result");
  }

  @Override
  public void close() {
    process.destroy();
    process.onExit().join();
    host.close();
  }
}
