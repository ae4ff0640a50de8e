package io.ovenet.cli.demo;

import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.ovenet.cli.demo.Expectation.Way;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Drives the connections of expectations, as clients in pods, guests and outside. */
final class Traffic {
  /** How long a client waits for an answer that policy denies. */
  private static final int DENIED_SECONDS = 3;

  /** And for one that it gets, on a machine that is busy with something else, too. */
  private static final int ALLOWED_SECONDS = 20;

  /**
   * A service chooses among its backends anew for each connection: a backend of two is missed by so
   * many once in a million million runs.
   */
  private static final int CONNECTIONS = 40;

  private static final int AT_ONCE = 8;

  private final Launcher launcher;
  private final KubernetesClient client;
  private final Addresses addresses;

  Traffic(Launcher launcher, KubernetesClient client, Addresses addresses) {
    this.launcher = launcher;
    this.client = client;
    this.addresses = addresses;
  }

  /** Which of the expectations' clients got the answer that is theirs, in their order. */
  List<Boolean> drive(List<Expectation> expectations) throws IOException, InterruptedException {
    try (ExecutorService clients = Executors.newFixedThreadPool(AT_ONCE)) {
      List<Future<Boolean>> attempts = new ArrayList<>();
      for (Expectation expectation : expectations) {
        attempts.add(clients.submit(() -> answered(expectation)));
      }
      List<Boolean> answered = new ArrayList<>();
      for (Future<Boolean> attempt : attempts) {
        answered.add(attempt.get());
      }
      return answered;
    } catch (ExecutionException failure) {
      throw new IOException("a client could not be started", failure.getCause());
    }
  }

  private boolean answered(Expectation expectation) throws IOException, InterruptedException {
    int seconds = expectation.allowed() ? ALLOWED_SECONDS : DENIED_SECONDS;
    List<String> asking =
        switch (expectation.way()) {
          case Way.Directly _ ->
              http(
                  addresses.of(expectation.to()) + ":" + expectation.port(),
                  expectation.body(),
                  seconds);
          case Way.ByService by ->
              http(address(by.service()) + ":" + by.port(), expectation.body(), seconds);
          case Way.Lookup lookup ->
              within(seconds, List.of("nslookup", lookup.name(), address("kube-system/kube-dns")));
        };
    // A lookup's output repeats its question: the answer is what has the service's address.
    String expected =
        expectation.way() instanceof Way.Lookup
            ? address("monitoring/" + expectation.body())
            : expectation.body();
    Workload from = expectation.from();
    List<String> command = new ArrayList<>(List.of("lab", from.machine() ? "console" : "exec"));
    command.add(from.outside() ? "outside" : from.namespace() + "/" + from.name());
    command.add("--");
    command.addAll(asking);
    return launcher.runQuietly(command).out().contains(expected);
  }

  /** Debian 12's static busybox: `wget -T` crashes. */
  private static List<String> within(int seconds, List<String> command) {
    List<String> limited =
        new ArrayList<>(List.of("busybox", "timeout", Integer.toString(seconds), "busybox"));
    limited.addAll(command);
    return limited;
  }

  private static List<String> http(String server, String body, int seconds) {
    return List.of(
        "busybox",
        "sh",
        "-c",
        """
        answer=$(busybox timeout %1$d busybox wget -q -O - http://%2$s/)
        left=%3$d
        while [ -n "$answer" ] && [ "$answer" != "$0" ] && [ $left -gt 0 ]; do
          answer=$(busybox timeout %1$d busybox wget -q -O - http://%2$s/)
          left=$((left - 1))
        done
        echo "$answer"
        """
            .formatted(seconds, server, CONNECTIONS),
        body);
  }

  /** Of a service namespace/name its cluster's address; anything else is an address already. */
  private String address(String service) throws IOException {
    int slash = service.indexOf('/');
    if (slash < 0) {
      return service;
    }
    Service found =
        client
            .services()
            .inNamespace(service.substring(0, slash))
            .withName(service.substring(slash + 1))
            .get();
    if (found == null || found.getSpec().getClusterIP() == null) {
      throw new IOException("the service " + service + " has no address");
    }
    return found.getSpec().getClusterIP();
  }
}
