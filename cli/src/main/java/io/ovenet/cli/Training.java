package io.ovenet.cli;

import io.ovenet.flow.FlowRing;
import io.ovenet.flow.FlowStatistics;
import io.ovenet.flow.FlowUuids;
import io.ovenet.flow.HubbleServer;
import io.ovenet.flow.ObserverService;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What the build runs once to learn which classes the commands load, for the cache that makes them
 * quick to start: help, questions about policies, and flows asked of a server of its own.
 */
public final class Training {
  private static final String POLICIES =
      """
      kind: Pod
      metadata: {name: gateway, namespace: a, labels: {app: gateway}}
      ---
      kind: Pod
      metadata: {name: web, namespace: a, labels: {app: web}}
      ---
      kind: CiliumNetworkPolicy
      metadata: {name: web, namespace: a}
      spec:
        endpointSelector: {matchLabels: {app: web}}
        ingress:
        - fromEndpoints: [{matchLabels: {app: gateway}}]
          toPorts: [{ports: [{port: "80", protocol: TCP}]}]
        - fromCIDR: [10.0.0.0/8]
        egress: [{toEntities: [world]}]
      """;

  private Training() {}

  public static void main(String[] arguments) throws Exception {
    long now = System.currentTimeMillis() * 1_000_000;
    Path directory = Files.createTempDirectory("ovenet-training");
    Path socket = directory.resolve("hubble.sock");
    Path policies = directory.resolve("policies.yaml");
    Files.writeString(policies, POLICIES);
    var observer =
        new ObserverService(
            new FlowRing(1),
            new FlowStatistics(now),
            new FlowUuids(),
            "default/training",
            "training",
            () -> now);
    int failed = 0;
    HubbleServer server = HubbleServer.start(observer, "0.0.0", socket, null);
    try {
      String address = "unix://" + socket;
      String[][] lines = {
        {"--help"},
        {"hubble", "--help"},
        {"hubble", "observe", "--help"},
        {"hubble", "status", "--server", address},
        {"hubble", "list", "namespaces", "--server", address},
        {"hubble", "observe", "--namespace", "a", "--server", address},
        {"policy", "--help"},
        {"policy", "why", "--help"},
        {"policy", "why", "a/gateway", "a/web:80", "-f", policies.toString()},
        {"policy", "why", "a/gateway", "a/web:80", "-o", "json", "-f", policies.toString()}
      };
      for (String[] line : lines) {
        failed += Main.commandLine(line).execute(line) == 0 ? 0 : 1;
      }
    } finally {
      server.close();
      Files.deleteIfExists(policies);
      Files.deleteIfExists(directory);
    }
    System.exit(failed);
  }
}
