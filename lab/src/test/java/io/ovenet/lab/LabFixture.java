package io.ovenet.lab;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** A lab without agent whose nodes have a CNI plugin of the test's own, and a client of its API. */
final class LabFixture implements AutoCloseable {
  final LabDirectory directory;
  final Lab lab;
  final KubernetesClient client;

  LabFixture(Path state, int nodes) throws Exception {
    directory = LabDirectory.of(state, "ovt-lab-" + ProcessHandle.current().pid());
    lab =
        Lab.start(
            new LabPlan(
                directory,
                nodes,
                List.of(),
                List.of(),
                java.util.Map.of("enable-hubble", "true"),
                GuestKernel.CACHE));
    client =
        new KubernetesClientBuilder()
            .withConfig(Config.fromKubeconfig(Files.readString(directory.kubeconfig())))
            .build();
  }

  VirtualNode node(String name) {
    return Objects.requireNonNull(lab.node(name));
  }

  /** Puts the plugin and its configuration on a node, as an agent does. */
  void installPlugin(String node) throws IOException {
    Path plugin = node(node).plugins().resolve("routed-veth");
    try (InputStream in =
        Objects.requireNonNull(LabFixture.class.getResourceAsStream("routed-veth.sh"))) {
      Files.write(plugin, in.readAllBytes());
    }
    Files.setPosixFilePermissions(plugin, PosixFilePermissions.fromString("rwxr-xr-x"));
    Files.writeString(
        node(node).networkConfigurations().resolve("10-test.conflist"),
        "{\"cniVersion\":\"0.3.1\",\"name\":\"test\",\"plugins\":[{\"type\":\"routed-veth\"}]}");
  }

  void apply(String yaml) {
    for (HasMetadata each :
        client
            .load(new java.io.ByteArrayInputStream(yaml.getBytes(StandardCharsets.UTF_8)))
            .items()) {
      client.resource(each).create();
    }
  }

  Pod pod(String name) {
    return client.pods().inNamespace("default").withName(name).get();
  }

  Pod running(String name) throws Exception {
    Eventually.holds(
        name + " runs",
        () -> {
          Pod pod = pod(name);
          return pod != null
              && pod.getStatus() != null
              && "Running".equals(pod.getStatus().getPhase())
              && pod.getStatus().getContainerStatuses().stream().allMatch(each -> each.getReady());
        });
    return pod(name);
  }

  /** Runs a command in a pod by `lab exec`'s own way. */
  Invocation.Outcome exec(String pod, String... command) throws Exception {
    LabStatus.Pod[] found = new LabStatus.Pod[1];
    Eventually.holds(
        "the status has " + pod,
        () -> {
          LabStatus status = LabStatus.read(directory.status()).orElseThrow();
          for (LabStatus.Pod each : status.pods()) {
            if (each.name().equals(pod) && each.pid() != 0) {
              found[0] = each;
            }
          }
          return found[0] != null;
        });
    return Invocation.of(
            Invocation.joining(
                Path.of(found[0].cgroup()),
                PodSandbox.inside(found[0].pid(), found[0].root(), List.of(command))))
        .environment(java.util.Map.of("PATH", "/bin"))
        .run();
  }

  /** Calls that the plugin was given on a node, oldest first. */
  List<String> calls(String node) throws IOException {
    Path calls = directory.node(node).resolve("lib/cni.calls");
    return Files.exists(calls) ? Files.readAllLines(calls) : new ArrayList<>();
  }

  @Override
  public void close() throws IOException {
    client.close();
    lab.close();
  }
}
