package io.ovenet.journeys;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.dsl.NonDeletingOperation;
import io.ovenet.bpf.NetworkNamespace;
import java.io.ByteArrayInputStream;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A lab of one test class, with its directory, taken down at the end. */
final class RunningLab implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();
  private final Path directory;
  private final Ovenet ovenet;
  private final KubernetesClient client;

  private final ProcessHandle lab;

  private RunningLab(Path directory, Ovenet ovenet, KubernetesClient client, long pid) {
    this.directory = directory;
    this.lab = ProcessHandle.of(pid).orElseThrow();
    this.ovenet = ovenet;
    this.client = client;
  }

  static RunningLab up(String... options) throws IOException, InterruptedException {
    Path directory = Files.createTempDirectory("ovenet-journey");
    Ovenet ovenet = new Ovenet(directory);
    try {
      List<String> up = new ArrayList<>(List.of("lab", "up"));
      up.addAll(List.of(options));
      ovenet.run(up.toArray(String[]::new)).succeed();
      JsonNode status = status(directory);
      String kubeconfig = status.at("/api/kubeconfig").asText();
      KubernetesClient client =
          new KubernetesClientBuilder()
              .withConfig(Config.fromKubeconfig(new File(kubeconfig)))
              .build();
      return new RunningLab(directory, ovenet, client, status.path("pid").asLong());
    } catch (IOException | InterruptedException | AssertionError failure) {
      ovenet.run("lab", "down");
      Files.deleteIfExists(directory);
      throw failure;
    }
  }

  Ovenet ovenet() {
    return ovenet;
  }

  KubernetesClient client() {
    return client;
  }

  /** What {@code lab status --json} tells, without a process for each look. */
  private static JsonNode status(Path directory) throws IOException {
    return JSON.readTree(directory.resolve("run/status.json").toFile());
  }

  JsonNode status() throws IOException {
    return status(directory);
  }

  /** Creates or updates the objects of a YAML text. */
  void apply(String yaml) {
    for (HasMetadata object :
        client.load(new ByteArrayInputStream(yaml.getBytes(StandardCharsets.UTF_8))).items()) {
      client.resource(object).createOr(NonDeletingOperation::update);
    }
  }

  /** Runs the real kubectl; what it needs to find the lab is given to it. */
  Ovenet.Result kubectl(String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("kubectl"));
    command.addAll(List.of(arguments));
    return Ovenet.run(
        command,
        Map.of(
            "KUBECONFIG", directory.resolve("run/kubeconfig").toString(),
            "HOME", directory.resolve("run").toString()));
  }

  /** A file of the test's, gone with the lab. */
  Path file(String name, String content) throws IOException {
    return Files.writeString(directory.resolve("run").resolve(name), content);
  }

  /** A pod that sleeps; its sockets are opened by the test, in its namespace. */
  void pod(String namespace, String name, Map<String, String> labels) {
    StringBuilder text = new StringBuilder();
    labels.forEach(
        (key, value) -> text.append("    ").append(key).append(": ").append(value).append('\n'));
    apply(
        """
        apiVersion: v1
        kind: Pod
        metadata:
          name: %s
          namespace: %s
          labels:
        %sspec:
          containers:
          - name: sleeper
            image: busybox
            command: ["sleep", "1000000"]
        """
            .formatted(name, namespace, text));
  }

  /** The pod as status tells it, once it runs. */
  JsonNode running(String namespace, String name) throws Exception {
    JsonNode[] found = new JsonNode[1];
    Eventually.holds(
        namespace + "/" + name + " runs",
        () -> {
          for (JsonNode pod : status().path("pods")) {
            if (pod.path("namespace").asText().equals(namespace)
                && pod.path("name").asText().equals(name)
                && pod.path("phase").asText().equals("Running")) {
              found[0] = pod;
            }
          }
          return found[0] != null;
        });
    return found[0];
  }

  /** The network namespace of a pod that {@link #running} gave. */
  static NetworkNamespace namespaceOf(JsonNode pod) {
    return NetworkNamespace.open(Path.of("/proc", pod.path("pid").asText(), "ns", "net"));
  }

  /** The network namespace of the world outside the cluster. */
  NetworkNamespace outside() throws IOException {
    String pid = status().at("/outside/pid").asText();
    return NetworkNamespace.open(Path.of("/proc", pid, "ns", "net"));
  }

  /** The lab's processes whose command line has a word: the agent's main class, say. */
  List<ProcessHandle> processes(String word) {
    return lab.descendants()
        .filter(process -> process.info().commandLine().orElse("").contains(word))
        .toList();
  }

  @Override
  public void close() throws IOException {
    client.close();
    try {
      ovenet.run("lab", "down").succeed();
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
    Files.deleteIfExists(directory);
  }
}
