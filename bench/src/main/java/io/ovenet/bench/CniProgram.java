package io.ovenet.bench;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/** The CNI program, started as a container runtime does. Thread-safe. */
final class CniProgram {
  private static final byte[] CONFIGURATION =
      "{\"cniVersion\":\"1.0.0\",\"name\":\"cilium\",\"type\":\"cilium-cni\"}"
          .getBytes(StandardCharsets.US_ASCII);

  private final Path program;
  private final Map<String, String> environment;

  CniProgram(Path program, Path socket, Path queue) {
    this.program = program;
    environment =
        Map.of("OVENET_CNI_SOCKET", socket.toString(), "OVENET_CNI_QUEUE", queue.toString());
  }

  /** Puts the program of the jar there, as the agent does. */
  static void unpack(Path target) throws IOException {
    try (InputStream program = CniProgram.class.getResourceAsStream("/io/ovenet/cni/cilium-cni")) {
      if (program == null) {
        throw new IOException("the CNI program is not in the jars: build the cni module");
      }
      Files.copy(program, target);
    }
    if (!target.toFile().setExecutable(true)) {
      throw new IOException("cannot make " + target + " executable");
    }
  }

  /** What it printed, its exit code and the time from exec to exit. */
  record Exit(int code, String stdout, long nanos) {}

  /** The limit: the same static program, which answers this by itself. */
  Exit version() throws IOException {
    return run(Map.of("CNI_COMMAND", "VERSION"));
  }

  Exit run(Map<String, String> variables) throws IOException {
    ProcessBuilder builder = new ProcessBuilder(program.toString());
    Map<String, String> all = new HashMap<>(environment);
    all.putAll(variables);
    builder.environment().clear();
    builder.environment().putAll(all);
    builder.redirectError(ProcessBuilder.Redirect.INHERIT);
    long begin = System.nanoTime();
    Process process = builder.start();
    try (OutputStream in = process.getOutputStream()) {
      in.write(CONFIGURATION);
    }
    String stdout = new String(process.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
    try {
      int code = process.waitFor();
      return new Exit(code, stdout, System.nanoTime() - begin);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while the CNI program ran", e);
    }
  }
}
