package io.ovenet.cli.demo;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** Applies workloads and policy, drives the traffic and holds what happened against what should. */
final class Demo {
  private static final Duration PATIENCE = Duration.ofMinutes(3);
  private static final ResourceDefinitionContext POLICIES =
      cilium("ciliumnetworkpolicies", "CiliumNetworkPolicy");

  /** How long a client waits for an answer that policy may have denied. */
  private static final String ANSWER_SECONDS = "3";

  private final Launcher launcher;
  private final KubernetesClient client;
  private final PrintWriter out;

  Demo(Launcher launcher, KubernetesClient client, PrintWriter out) {
    this.launcher = launcher;
    this.client = client;
    this.out = out;
  }

  private static ResourceDefinitionContext cilium(String plural, String kind) {
    return new ResourceDefinitionContext.Builder()
        .withGroup("cilium.io")
        .withVersion("v2")
        .withPlural(plural)
        .withKind(kind)
        .withNamespaced(true)
        .build();
  }

  /** The outcome of every expectation, in their order. */
  List<Outcome> run() throws IOException, InterruptedException {
    say("applying examples/demo/workloads.yaml: five pods and a virtual machine");
    Manifests.apply(client, launcher.home().resolve("examples/demo/workloads.yaml"));
    say("applying examples/vm-web-policy.yaml, as the mission wrote it");
    Manifests.apply(client, launcher.home().resolve("examples/vm-web-policy.yaml"));
    List<Expectation> expectations = Expectation.ofVmWebPolicy();
    Map<Workload, Pod> pods = new HashMap<>();
    for (Expectation expectation : expectations) {
      for (Workload workload : List.of(expectation.from(), expectation.to())) {
        pods.computeIfAbsent(workload, this::awaitReady);
      }
    }
    await("the policy is valid", () -> policyIsValid());
    say("driving traffic: " + expectations.size() + " connections");
    List<Boolean> answered = attempt(expectations, pods);
    return judge(expectations, answered, pods);
  }

  private Pod awaitReady(Workload workload) {
    say("waiting for " + workload + (workload.machine() ? " (boots in QEMU without KVM)" : ""));
    await(
        workload + " is ready",
        () -> workload.machine() ? guestReady(workload) : podReady(podOf(workload)));
    Pod pod = podOf(workload);
    if (pod == null) {
      throw new IllegalStateException(workload + " went away after it was ready");
    }
    return pod;
  }

  private @Nullable Pod podOf(Workload workload) {
    if (!workload.machine()) {
      return client.pods().inNamespace(workload.namespace()).withName(workload.name()).get();
    }
    return client
        .pods()
        .inNamespace(workload.namespace())
        .withLabel("vm.kubevirt.io/name", workload.name())
        .list()
        .getItems()
        .stream()
        .findFirst()
        .orElse(null);
  }

  private static boolean podReady(@Nullable Pod pod) {
    return pod != null
        && pod.getStatus() != null
        && pod.getStatus().getPodIP() != null
        && pod.getStatus().getConditions().stream()
            .anyMatch(c -> c.getType().equals("Ready") && c.getStatus().equals("True"));
  }

  private boolean guestReady(Workload workload) {
    return podReady(podOf(workload))
        && launcherSays(
            List.of("lab", "console", workload.namespace() + "/" + workload.name(), "--", "true"));
  }

  private boolean launcherSays(List<String> command) {
    try {
      return launcher.runQuietly(command).exit() == 0;
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", interrupted);
    }
  }

  private boolean policyIsValid() {
    GenericKubernetesResource policy =
        client
            .genericKubernetesResources(POLICIES)
            .inNamespace("app-web-prod")
            .withName("vm-web-policy")
            .get();
    Object conditions = policy == null ? null : policy.get("status", "conditions");
    return conditions instanceof List<?> list
        && list.stream()
            .anyMatch(
                c ->
                    c instanceof Map<?, ?> m
                        && "Valid".equals(m.get("type"))
                        && "True".equals(m.get("status")));
  }

  private List<Boolean> attempt(List<Expectation> expectations, Map<Workload, Pod> pods)
      throws IOException, InterruptedException {
    try (ExecutorService clients = Executors.newFixedThreadPool(4)) {
      List<Future<Boolean>> attempts = new ArrayList<>();
      for (Expectation expectation : expectations) {
        attempts.add(clients.submit(() -> answered(expectation, address(pods, expectation.to()))));
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

  private boolean answered(Expectation expectation, String address)
      throws IOException, InterruptedException {
    Workload from = expectation.from();
    Launcher.Result result =
        launcher.runQuietly(
            List.of(
                "lab",
                from.machine() ? "console" : "exec",
                from.namespace() + "/" + from.name(),
                "--",
                "timeout", // Debian 12's static busybox: `wget -T` crashes
                ANSWER_SECONDS,
                "wget",
                "-q",
                "-O",
                "-",
                "http://" + address + ":" + expectation.port() + "/"));
    return result.out().contains(expectation.body());
  }

  private List<Outcome> judge(
      List<Expectation> expectations, List<Boolean> answered, Map<Workload, Pod> pods)
      throws IOException, InterruptedException {
    Flows flows = Flows.read(launcher);
    List<Outcome> outcomes = new ArrayList<>();
    for (int i = 0; i < expectations.size(); i++) {
      Expectation expectation = expectations.get(i);
      Flows.Verdict verdict =
          flows.verdict(
              address(pods, expectation.from()),
              address(pods, expectation.to()),
              expectation.port());
      outcomes.add(new Outcome(expectation, answered.get(i), verdict.word(), verdict.reason()));
    }
    return outcomes;
  }

  private static String address(Map<Workload, Pod> pods, Workload workload) {
    Pod pod = pods.get(workload);
    if (pod == null) {
      throw new IllegalStateException("no pod known for " + workload);
    }
    return pod.getStatus().getPodIP();
  }

  private void await(String what, BooleanSupplier condition) {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > deadline) {
        throw new IllegalStateException(
            "gave up waiting until "
                + what
                + "; `ovenet lab status` and the logs it names say more");
      }
      LockSupport.parkNanos(Duration.ofMillis(100).toNanos());
    }
  }

  private void say(String what) {
    out.println("· " + what);
    out.flush();
  }
}
