package io.ovenet.lab;

import io.fabric8.kubernetes.api.model.ServiceBuilder;
import io.fabric8.kubernetes.api.model.apps.DeploymentBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.ovenet.lab.api.ApiServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * What the build runs once to learn which classes a lab's process loads, for the cache that makes
 * it quick to start: its API and controllers, without a node. It needs neither root nor the kernel,
 * and opens a port of the loopback address alone.
 */
final class Training {
  private static final String NAMESPACE = "default";
  private static final Map<String, String> LABELS = Map.of("app", "training");

  private Training() {}

  public static void main(String[] arguments) throws Exception {
    Path directory = Files.createTempDirectory("ovenet-training");
    try {
      run(directory);
    } finally {
      deleteAll(directory);
    }
    System.exit(0);
  }

  private static void deleteAll(Path directory) throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  /** Runs the parts of a lab until a deployment's pod is there. */
  private static void run(Path directory) throws IOException, InterruptedException {
    ApiServer.Options options =
        ApiServer.Options.DEFAULT
            .withGracefulPods(true)
            .withReviews(List.of(new PolicyReview("default")));
    try (ApiServer api = ApiServer.start(directory, options);
        KubernetesClient client = Lab.client(api.kubeconfig());
        EndpointSlices slices = new EndpointSlices(client);
        Scheduler scheduler = new Scheduler(client, List.of());
        Deployments deployments = new Deployments(client);
        ClusterDns dns = new ClusterDns(client);
        VirtualMachines machines = new VirtualMachines(client)) {
      slices.makeApiService("10.96.0.1", "127.0.0.1", api.port());
      dns.start();
      machines.start(() -> {});
      scheduler.start();
      slices.start();
      deployments.start();
      makeWorkload(client);
      client
          .pods()
          .inNamespace(NAMESPACE)
          .withLabels(LABELS)
          .waitUntilCondition(pod -> pod != null, 60, TimeUnit.SECONDS);
    }
  }

  private static void makeWorkload(KubernetesClient client) {
    client
        .services()
        .inNamespace(NAMESPACE)
        .resource(
            new ServiceBuilder()
                .withNewMetadata()
                .withName("training")
                .endMetadata()
                .withNewSpec()
                .withSelector(LABELS)
                .addNewPort()
                .withPort(80)
                .endPort()
                .endSpec()
                .build())
        .create();
    client
        .apps()
        .deployments()
        .inNamespace(NAMESPACE)
        .resource(
            new DeploymentBuilder()
                .withNewMetadata()
                .withName("training")
                .endMetadata()
                .withNewSpec()
                .withReplicas(1)
                .withNewSelector()
                .withMatchLabels(LABELS)
                .endSelector()
                .withNewTemplate()
                .withNewMetadata()
                .withLabels(LABELS)
                .endMetadata()
                .withNewSpec()
                .addNewContainer()
                .withName("training")
                .withImage("training")
                .endContainer()
                .endSpec()
                .endTemplate()
                .endSpec()
                .build())
        .create();
  }
}
