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
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** Applies workloads and policy, drives the traffic and holds what happened against what should. */
final class Demo {
  private static final Duration PATIENCE = Duration.ofMinutes(3);

  /** How long flows may be under way to the relay. */
  private static final Duration TELLING = Duration.ofSeconds(20);

  /** How often clients that came to nothing, on a machine that is too busy, are started again. */
  private static final int ATTEMPTS = 3;

  private static final String MISSIONS = "app-web-prod";

  private final Launcher launcher;
  private final KubernetesClient client;
  private final PrintWriter out;
  private final Addresses addresses;

  /**
   * @param outside the address of the client outside
   */
  Demo(Launcher launcher, KubernetesClient client, String outside, PrintWriter out) {
    this.launcher = launcher;
    this.client = client;
    this.out = out;
    this.addresses = new Addresses(outside);
  }

  /** Prints the outcome of every expectation; true if all held. */
  boolean run() throws IOException, InterruptedException {
    apply("demo/shared.yaml", "", "DNS, monitoring and logging for all");
    apply("demo/workloads.yaml", "", "tenant A: four pods and a virtual machine");
    apply("demo/tenant-b.yaml", "", "tenant B: two pods and a virtual machine");
    apply("vm-web-policy.yaml", "", "as the mission wrote it");
    boolean held = expect(Expectation.ofVmWebPolicy());

    out.println();
    apply("shared-services.yaml", "", "what all tenants may use");
    apply("tenant-isolation.yaml", "", "each tenant by itself, denied by default");
    held = expect(Expectation.ofTenants()) && held;

    out.println();
    apply("vm-web-service.yaml", MISSIONS, "as the mission wrote it");
    apply("vm-web-from-outside.yaml", "", "nodes answer for its address, the world may ask");
    await("vm-web-service has its address", this::serviceHasItsAddress);
    await("vm-web-service is announced", this::answersOutside);
    return expect(Expectation.ofOutside()) && held;
  }

  private void apply(String file, String namespace, String what) throws IOException {
    say("applying examples/" + file + ": " + what);
    Manifests.apply(client, launcher.home().resolve("examples").resolve(file), namespace);
  }

  private boolean expect(List<Expectation> expectations) throws IOException, InterruptedException {
    for (Expectation expectation : expectations) {
      for (Workload workload : List.of(expectation.from(), expectation.to())) {
        if (!addresses.knows(workload)) {
          addresses.put(workload, awaitReady(workload));
        }
      }
    }
    await("the policies are valid", this::policiesAreValid);
    say("driving traffic: " + expectations.size() + " connections");
    Traffic traffic = new Traffic(launcher, client, addresses);
    List<Boolean> answered = new ArrayList<>(traffic.drive(expectations));
    List<Outcome> outcomes = judge(expectations, answered);
    for (int i = 0; i < ATTEMPTS && outcomes.stream().anyMatch(Outcome::unseen); i++) {
      List<Expectation> unseen =
          outcomes.stream().filter(Outcome::unseen).map(Outcome::expectation).toList();
      say("driving again what no node has seen: " + unseen.size() + " connections");
      List<Boolean> again = traffic.drive(unseen);
      for (int k = 0; k < again.size(); k++) {
        answered.set(expectations.indexOf(unseen.get(k)), again.get(k));
      }
      outcomes = judge(expectations, answered);
    }
    outcomes.forEach(outcome -> out.println(outcome.line()));
    out.flush();
    return outcomes.stream().allMatch(Outcome::held);
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

  /** Every policy that there is, and that each node has it in force. */
  private boolean policiesAreValid() {
    for (String kind : List.of("CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy")) {
      for (GenericKubernetesResource policy : policies(kind)) {
        Object conditions = policy.get("status", "conditions");
        boolean valid =
            conditions instanceof List<?> list
                && list.stream()
                    .anyMatch(
                        c ->
                            c instanceof Map<?, ?> m
                                && "Valid".equals(m.get("type"))
                                && "True".equals(m.get("status")));
        if (!valid) {
          return false;
        }
      }
    }
    return launcherSays(List.of("policy", "status"));
  }

  private List<GenericKubernetesResource> policies(String kind) {
    boolean namespaced = kind.equals("CiliumNetworkPolicy");
    var all =
        client.genericKubernetesResources(
            new ResourceDefinitionContext.Builder()
                .withGroup("cilium.io")
                .withVersion("v2")
                .withPlural(
                    namespaced ? "ciliumnetworkpolicies" : "ciliumclusterwidenetworkpolicies")
                .withKind(kind)
                .withNamespaced(namespaced)
                .build());
    return (namespaced ? all.inAnyNamespace().list() : all.list()).getItems();
  }

  private boolean serviceHasItsAddress() {
    var service = client.services().inNamespace(MISSIONS).withName("vm-web-service").get();
    return service != null
        && service.getStatus() != null
        && service.getStatus().getLoadBalancer() != null
        && service.getStatus().getLoadBalancer().getIngress().stream()
            .anyMatch(ingress -> "10.100.0.10".equals(ingress.getIp()));
  }

  private boolean answersOutside() {
    return launcherSays(
        List.of(
            "lab",
            "exec",
            "outside",
            "--",
            "busybox",
            "timeout",
            "3",
            "busybox",
            "wget",
            "-q",
            "-O",
            "-",
            "http://10.100.0.10/"));
  }

  /** What Hubble says may come a moment after what clients saw. */
  private List<Outcome> judge(List<Expectation> expectations, List<Boolean> answered)
      throws IOException, InterruptedException {
    long deadline = System.nanoTime() + TELLING.toNanos();
    while (true) {
      Flows flows = Flows.read(launcher);
      List<Outcome> outcomes = new ArrayList<>();
      for (int i = 0; i < expectations.size(); i++) {
        Expectation expectation = expectations.get(i);
        String from = expectation.from().outside() ? "" : addresses.of(expectation.from());
        Flows.Verdict verdict =
            flows.verdict(from, addresses.of(expectation.to()), expectation.port());
        outcomes.add(new Outcome(expectation, answered.get(i), verdict.word(), verdict.reason()));
      }
      if (outcomes.stream().allMatch(Outcome::held) || System.nanoTime() > deadline) {
        return outcomes;
      }
      LockSupport.parkNanos(Duration.ofMillis(200).toNanos());
    }
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
