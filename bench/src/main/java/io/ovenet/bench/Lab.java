package io.ovenet.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.dsl.NonDeletingOperation;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;

/**
 * A lab of the benchmark's own, from the shipped launcher; taken down when closed, and when the
 * process is ended (Ctrl-C).
 */
final class Lab implements AutoCloseable {
  private static final Path HOME = Path.of(System.getenv().getOrDefault("OVENET_HOME", "."));
  private final Undo undo = new Undo("the lab");
  private final Path directory;

  private Lab() throws IOException {
    // Short: a unix socket's path has 107 bytes, and the nodes' are far below.
    directory = undo.make(() -> Files.createTempDirectory("ovt-"), Files::deleteIfExists);
    undo.make(() -> directory, this::down);
  }

  /**
   * Starts a lab and waits until every pod of the manifest is ready.
   *
   * @param manifest a path below the launcher's
   * @param settings of its agents, KEY=VALUE
   */
  static Lab up(String manifest, String... settings) throws IOException, InterruptedException {
    Lab lab = new Lab();
    List<String> command = new ArrayList<>(List.of("lab", "up"));
    for (String setting : settings) {
      command.addAll(List.of("-c", setting));
    }
    try {
      ProcessBuilder up =
          lab.command(command.toArray(String[]::new))
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD);
      if (lab.start(up).waitFor() != 0) {
        throw new IOException("the lab did not come up");
      }
      lab.apply(HOME.resolve(manifest));
      return lab;
    } catch (IOException | InterruptedException | RuntimeException failure) {
      try {
        lab.close();
      } catch (IOException left) {
        failure.addSuppressed(left);
      }
      throw failure;
    }
  }

  /** A process that is ended, and waited for, before the lab is taken down. */
  private Process start(ProcessBuilder command) throws IOException {
    return undo.make(
        command::start,
        process -> {
          process.destroy();
          process.waitFor();
        });
  }

  Path directory() {
    return directory;
  }

  /** A launcher's command on this lab. */
  ProcessBuilder command(String... arguments) {
    List<String> command = new ArrayList<>(List.of(HOME.resolve("ovenet").toString()));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().put("OVENET_LAB_DIR", directory.toString());
    return builder;
  }

  /** What {@code lab status --json} says. */
  JsonNode status() throws IOException, InterruptedException {
    Process process = command("lab", "status", "--json").start();
    byte[] out = process.getInputStream().readAllBytes();
    if (process.waitFor() != 0) {
      throw new IOException("lab status: " + new String(out, StandardCharsets.UTF_8));
    }
    return new ObjectMapper().readTree(out);
  }

  KubernetesClient client() throws IOException, InterruptedException {
    String kubeconfig = status().at("/api/kubeconfig").asText();
    return new KubernetesClientBuilder()
        .withConfig(Config.fromKubeconfig(new File(kubeconfig)))
        .build();
  }

  private void apply(Path manifest) throws IOException, InterruptedException {
    try (KubernetesClient client = client();
        InputStream yaml = Files.newInputStream(manifest)) {
      for (HasMetadata object : client.load(yaml).items()) {
        client.resource(object).createOr(NonDeletingOperation::update);
      }
    }
    await(
        "every pod runs",
        status -> {
          boolean running = !status.path("pods").isEmpty();
          for (JsonNode pod : status.path("pods")) {
            running &= pod.path("phase").asText().equals("Running");
          }
          return running;
        });
  }

  private void await(String what, Predicate<JsonNode> condition)
      throws IOException, InterruptedException {
    long deadline = System.nanoTime() + Duration.ofMinutes(2).toNanos();
    while (!condition.test(status())) {
      if (System.nanoTime() > deadline) {
        throw new IOException("gave up waiting until " + what);
      }
      LockSupport.parkNanos(Duration.ofMillis(100).toNanos());
    }
  }

  Network pair(String name, String client, String server) throws IOException, InterruptedException {
    JsonNode status = status();
    JsonNode from = pod(status, client);
    JsonNode to = pod(status, server);
    return PodPair.of(
        name, from.path("pid").asLong(), to.path("pid").asLong(), to.path("ip").asText());
  }

  /** The agents, and a process of the launcher's with those that it started. */
  List<Long> processes(long launched) throws IOException, InterruptedException {
    List<Long> processes = new ArrayList<>(List.of(launched));
    for (JsonNode node : status().path("nodes")) {
      Path namespace = Path.of("/proc", node.path("pid").asText(), "ns", "net");
      long found = processes.size();
      ProcessHandle.allProcesses()
          .filter(process -> isAgent(process.pid(), namespace))
          .forEach(process -> processes.add(process.pid()));
      if (processes.size() == found) {
        throw new IOException("no agent runs on " + node.path("name").asText());
      }
    }
    ProcessHandle.of(launched)
        .ifPresent(p -> p.descendants().forEach(child -> processes.add(child.pid())));
    return processes;
  }

  private static boolean isAgent(long pid, Path namespace) {
    Path process = Path.of("/proc", Long.toString(pid));
    try {
      return Files.isSameFile(process.resolve("ns/net"), namespace)
          && Files.readString(process.resolve("cmdline")).contains("io.ovenet.agent.Main");
    } catch (IOException gone) {
      return false;
    }
  }

  private static JsonNode pod(JsonNode status, String name) throws IOException {
    for (JsonNode pod : status.path("pods")) {
      if (name.equals(pod.path("namespace").asText() + "/" + pod.path("name").asText())) {
        return pod;
      }
    }
    throw new IOException("no pod " + name + " in the lab");
  }

  /** A follower of all flows of the first node's agent. */
  Follower follow() throws IOException, InterruptedException {
    return Follower.start(Path.of(status().at("/nodes/0/hubbleSocket").asText()));
  }

  @Override
  public void close() throws IOException {
    undo.close();
  }

  /** In a session of its own: a second Ctrl-C doesn't stop it half way. */
  private void down(Path from) throws IOException, InterruptedException {
    ProcessBuilder down = command("lab", "down");
    down.command().addFirst("setsid");
    down.command().add(1, "--wait");
    int ended = down.inheritIO().redirectOutput(ProcessBuilder.Redirect.DISCARD).start().waitFor();
    if (ended != 0) {
      throw new IOException("lab down ended with " + ended + "; see " + from);
    }
  }
}
