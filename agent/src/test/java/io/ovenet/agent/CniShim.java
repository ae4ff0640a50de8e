package io.ovenet.agent;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/** The real CNI program, run as a container runtime runs it. */
final class CniShim {
  record Exit(int code, String stdout) {}

  private final Path program;
  private final Map<String, String> environment = new HashMap<>();

  CniShim(Path directory, Path socket, Path queue) throws IOException {
    program = directory.resolve("cilium-cni");
    try (var resource = CniShim.class.getResourceAsStream("/io/ovenet/cni/cilium-cni")) {
      if (resource == null) {
        throw new IOException("the cni module's program is not on the class path");
      }
      Files.copy(resource, program);
    }
    if (!program.toFile().setExecutable(true)) {
      throw new IOException("cannot make " + program + " executable");
    }
    environment.put("OVENET_CNI_SOCKET", socket.toString());
    environment.put("OVENET_CNI_QUEUE", queue.toString());
  }

  Path program() {
    return program;
  }

  Exit run(Map<String, String> variables, byte[] stdin) {
    try {
      var builder = new ProcessBuilder(program.toString());
      builder.environment().clear();
      builder.environment().putAll(environment);
      builder.environment().putAll(variables);
      builder.redirectError(ProcessBuilder.Redirect.INHERIT);
      var process = builder.start();
      try (var in = process.getOutputStream()) {
        in.write(stdin);
      } catch (IOException e) {
        // It may refuse before it has read all; its answer is what counts.
        System.out.println("the program stopped reading: " + e);
      }
      var stdout = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return new Exit(process.waitFor(), stdout);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  Exit run(
      String command, String containerId, String ifname, String netns, String pod, String conf) {
    return run(
        Map.of(
            "CNI_COMMAND", command,
            "CNI_CONTAINERID", containerId,
            "CNI_IFNAME", ifname,
            "CNI_NETNS", netns,
            "CNI_ARGS", pod,
            "CNI_PATH", "/opt/cni/bin"),
        conf.getBytes(StandardCharsets.UTF_8));
  }
}
