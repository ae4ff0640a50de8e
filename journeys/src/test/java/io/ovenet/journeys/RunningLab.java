package io.ovenet.journeys;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.dsl.NonDeletingOperation;
import io.ovenet.bpf.NetworkNamespace;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** A lab of one test class, with its directory, taken down at the end. */
final class RunningLab implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();
  private final Path directory;
  private final Ovenet ovenet;
  private final KubernetesClient client;

  private RunningLab(Path directory, Ovenet ovenet, KubernetesClient client) {
    this.directory = directory;
    this.ovenet = ovenet;
    this.client = client;
  }

  static RunningLab up() throws IOException, InterruptedException {
    Path directory = Files.createTempDirectory("ovenet-journey");
    Ovenet ovenet = new Ovenet(directory);
    try {
      ovenet.run("lab", "up").succeed();
      String kubeconfig = status(ovenet).at("/api/kubeconfig").asText();
      KubernetesClient client =
          new KubernetesClientBuilder()
              .withConfig(Config.fromKubeconfig(new File(kubeconfig)))
              .build();
      return new RunningLab(directory, ovenet, client);
    } catch (IOException | InterruptedException | AssertionError failure) {
      ovenet.run("lab", "down");
      throw failure;
    }
  }

  Ovenet ovenet() {
    return ovenet;
  }

  KubernetesClient client() {
    return client;
  }

  private static JsonNode status(Ovenet ovenet) throws IOException, InterruptedException {
    return JSON.readTree(ovenet.run("lab", "status", "--json").succeed().out());
  }

  JsonNode status() throws IOException, InterruptedException {
    return status(ovenet);
  }

  /** Creates or updates the objects of a YAML text. */
  void apply(String yaml) {
    for (HasMetadata object :
        client
            .load(
                new java.io.ByteArrayInputStream(
                    yaml.getBytes(java.nio.charset.StandardCharsets.UTF_8)))
            .items()) {
      client.resource(object).createOr(NonDeletingOperation::update);
    }
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
    Ovenet.await(
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

  /** The processes of this lab whose command line has a word: the agent's main class, say. */
  List<ProcessHandle> processes(String word) {
    return ProcessHandle.allProcesses()
        .filter(
            process -> {
              String command = process.info().commandLine().orElse("");
              return command.contains(word) && command.contains(directory.toString());
            })
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
