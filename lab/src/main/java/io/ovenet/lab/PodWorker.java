package io.ovenet.lab;

import io.fabric8.kubernetes.api.model.DeletionPropagation;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One pod's life on its node, in one thread: sandbox, network, containers, restarts, end. What
 * happens outside is told to it as events; what it has done it writes into the pod's status.
 */
final class PodWorker implements Runnable {
  private static final Logger LOG = LoggerFactory.getLogger(PodWorker.class);
  private static final Duration FIRST_PAUSE = Duration.ofMillis(100);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(10);

  /** What a worker is told. */
  sealed interface Event {
    record Changed(Pod pod) implements Event {}

    record Removed() implements Event {}

    record Exited(String container, int code) implements Event {}

    /** A probe has come to something; of a failed one its kind. */
    record Probed(String container, ProbeSpec.@Nullable Kind failed) implements Event {}
  }

  /** What everybody else may know of the pod; replaced as a whole. */
  record View(List<String> addresses, String phase, long holder, String root, Path log) {}

  /** Makes what runs in a container whose program isn't busybox's; null from it for others. */
  @FunctionalInterface
  interface Programs {
    ContainerProcess.@Nullable Starter starter(
        Pod pod, ContainerSpec container, PodSandbox sandbox);
  }

  private final KubernetesClient client;
  private final VirtualNode node;
  private final CniRuntime cni;
  private final Programs programs;
  private final LinkedBlockingQueue<Event> events = new LinkedBlockingQueue<>();
  private final Instant since = Instant.now();
  private final List<ContainerProcess> containers = new ArrayList<>();
  private final String uid;
  private final String who;
  private Pod pod;
  private boolean removed;
  private PodSandbox sandbox;
  private List<String> addresses = List.of();
  private CniRuntime.@Nullable Attachment attachment;
  private @Nullable NetworkConfiguration network;
  private CniRuntime.@Nullable Result added;
  private @Nullable String waiting;
  private boolean statusDue = true;
  private volatile View view;

  PodWorker(KubernetesClient client, VirtualNode node, CniRuntime cni, Programs programs, Pod pod) {
    this.client = client;
    this.node = node;
    this.cni = cni;
    this.programs = programs;
    this.pod = pod;
    this.uid = pod.getMetadata().getUid();
    this.who = pod.getMetadata().getNamespace() + "/" + pod.getMetadata().getName();
    this.sandbox = newSandbox();
    this.view = new View(List.of(), "Pending", 0, sandbox.root(), log(0));
  }

  void tell(Event event) {
    events.add(event);
  }

  View view() {
    return view;
  }

  String uid() {
    return uid;
  }

  private PodSandbox newSandbox() {
    return new PodSandbox(node, uid, pod.getMetadata().getName(), hostNetwork());
  }

  private boolean hostNetwork() {
    return Boolean.TRUE.equals(pod.getSpec().getHostNetwork());
  }

  private Path log(int container) {
    return node.run("kubelet/logs/" + uid)
        .resolve(pod.getSpec().getContainers().get(container).getName() + ".log");
  }

  @Override
  public void run() {
    try {
      if (setUp()) {
        keep();
      }
      end();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // the node goes down, and takes all of the pod with it
    }
  }

  private boolean ends() {
    return removed || pod.getMetadata().getDeletionTimestamp() != null;
  }

  /** Takes in one event, or none within the time. */
  private void take(Duration limit) throws InterruptedException {
    Event event = events.poll(limit.toMillis(), TimeUnit.MILLISECONDS);
    switch (event) {
      case null -> {}
      case Event.Changed changed -> pod = changed.pod();
      case Event.Removed ignored -> removed = true;
      case Event.Exited exited -> exited(exited);
      case Event.Probed probed -> probed(probed);
    }
  }

  /** Tries until the pod runs or is to end; each try has a sandbox of its own, as at a kubelet. */
  private boolean setUp() throws InterruptedException {
    Duration pause = FIRST_PAUSE;
    while (!ends()) {
      try {
        writeStatus();
        tryOnce();
        writeStatus();
        return true;
      } catch (IOException e) {
        LOG.info("{} does not run yet: {}", who, e.getMessage());
        waiting = e.getMessage();
        statusDue = true;
        tearDown();
        sandbox = newSandbox();
        writeStatus();
        Instant due = Instant.now().plus(pause);
        while (!ends() && Instant.now().isBefore(due)) {
          take(Duration.between(Instant.now(), due));
        }
        pause = longer(pause);
      }
    }
    return false;
  }

  private void tryOnce() throws IOException, InterruptedException {
    if (hostNetwork()) {
      addresses = List.of(node.address());
    } else {
      NetworkConfiguration configuration = cni.configuration();
      sandbox.makeNetwork();
      CniRuntime.Attachment wanted =
          new CniRuntime.Attachment(
              sandbox.id(),
              sandbox.netnsPath(),
              "eth0",
              pod.getMetadata().getNamespace(),
              pod.getMetadata().getName(),
              uid);
      network = configuration;
      attachment = wanted;
      CniRuntime.Result result = cni.add(configuration, wanted);
      added = result;
      addresses = result.addresses();
    }
    sandbox.start(
        "nameserver 10.96.0.10\nsearch "
            + pod.getMetadata().getNamespace()
            + ".svc.cluster.local svc.cluster.local cluster.local\noptions ndots:5\n",
        List.of("127.0.0.1 localhost", addresses.getFirst() + " " + pod.getMetadata().getName()));
    containers.clear();
    List<ContainerSpec> specs = ContainerSpec.of(pod, addresses.getFirst(), node.address());
    for (int i = 0; i < specs.size(); i++) {
      ContainerSpec spec = specs.get(i);
      PodSandbox mine = sandbox;
      ContainerProcess.Starter program = programs.starter(pod, spec, sandbox);
      ContainerProcess.Starter starter =
          program != null
              ? program
              : spec.command().isEmpty()
                  ? null
                  : log -> ContainerProcess.run(mine, spec.command(), spec.environment(), log);
      ContainerProcess container =
          new ContainerProcess(
              spec.name(),
              spec.image(),
              log(i),
              starter,
              (name, code) -> tell(new Event.Exited(name, code)));
      container.probe(probing(i, spec));
      container.start();
      containers.add(container);
    }
    waiting = null;
    statusDue = true;
  }

  private void keep() throws InterruptedException {
    Duration pause = FIRST_PAUSE;
    @Nullable Instant restart = null;
    while (!ends()) {
      boolean due = needsRestart();
      if (due && restart == null) {
        restart = Instant.now().plus(pause);
        pause = longer(pause);
      }
      Duration wait = Duration.ofSeconds(statusDue ? 1 : 3600);
      if (restart != null) {
        Duration left = Duration.between(Instant.now(), restart);
        if (!left.isPositive()) {
          restart();
          restart = null;
          continue;
        }
        wait = left.compareTo(wait) < 0 ? left : wait;
      }
      take(wait);
      writeStatus();
    }
  }

  private boolean needsRestart() {
    return containers.stream().anyMatch(each -> !each.isRunning() && mayRestart(each));
  }

  private boolean mayRestart(ContainerProcess container) {
    String policy = pod.getSpec().getRestartPolicy();
    ContainerProcess.Exit exit = container.lastExit();
    return switch (policy == null ? "Always" : policy) {
      case "Never" -> false;
      case "OnFailure" -> exit != null && exit.code() != 0;
      default -> true;
    };
  }

  private void restart() throws InterruptedException {
    for (ContainerProcess container : containers) {
      if (!container.isRunning() && mayRestart(container)) {
        try {
          container.start();
        } catch (IOException e) {
          LOG.warn("cannot start container {} of {}", container.name(), who, e);
          container.ended(128);
        }
      }
    }
    statusDue = true;
    writeStatus();
  }

  private void exited(Event.Exited exited) {
    for (ContainerProcess container : containers) {
      if (container.name().equals(exited.container()) && container.isRunning()) {
        container.ended(exited.code());
        statusDue = true;
      }
    }
  }

  /** Probes of each run of a container, which tell this worker. */
  private Supplier<ContainerProbes> probing(int index, ContainerSpec container)
      throws LabException {
    List<ProbeSpec> probes;
    try {
      probes = ProbeSpec.of(pod.getSpec().getContainers().get(index));
    } catch (IllegalArgumentException e) {
      throw new LabException(String.valueOf(e.getMessage()), e);
    }
    if (probes.isEmpty()) {
      return () -> ContainerProbes.NONE;
    }
    ProbeRunner runner =
        new ProbeRunner(sandbox, node.holder(), addresses.getFirst(), container.environment());
    return () ->
        new ContainerProbes(
            probes,
            runner::passes,
            () -> tell(new Event.Probed(container.name(), null)),
            failed -> tell(new Event.Probed(container.name(), failed)));
  }

  private void probed(Event.Probed probed) {
    statusDue = true;
    for (ContainerProcess container : containers) {
      if (probed.failed() != null && container.name().equals(probed.container())) {
        LOG.info("{}: {} fails, so {} ends", who, probed.failed(), container.name());
        container.kill();
      }
    }
  }

  private String phase() {
    if (containers.isEmpty()) {
      return "Pending";
    }
    boolean over = containers.stream().noneMatch(each -> each.isRunning() || mayRestart(each));
    if (!over) {
      return "Running";
    }
    return containers.stream()
            .allMatch(each -> each.lastExit() != null && each.lastExit().code() == 0)
        ? "Succeeded"
        : "Failed";
  }

  /** Writes the status if it is due. Where the API can't be reached it stays due. */
  private void writeStatus() {
    String phase = phase();
    view = new View(addresses, phase, sandbox.holder(), sandbox.root(), log(0));
    if (!statusDue || removed) {
      return;
    }
    List<PodStatusDocument.Container> parts = new ArrayList<>();
    if (containers.isEmpty()) {
      pod.getSpec()
          .getContainers()
          .forEach(
              each ->
                  parts.add(
                      new PodStatusDocument.Container(
                          each.getName(),
                          String.valueOf(each.getImage()),
                          null,
                          null,
                          0,
                          true,
                          false,
                          false)));
    }
    containers.forEach(each -> parts.add(PodStatusDocument.Container.of(each, mayRestart(each))));
    String patch =
        new PodStatusDocument(phase, addresses, node.address(), since, waiting, parts)
            .patch(since.truncatedTo(ChronoUnit.SECONDS).toString());
    try {
      client
          .pods()
          .inNamespace(pod.getMetadata().getNamespace())
          .withName(pod.getMetadata().getName())
          .subresource("status")
          .patch(PatchContext.of(PatchType.JSON_MERGE), patch);
      statusDue = false;
    } catch (KubernetesClientException e) {
      // A pod that is gone needs no status; its removal comes as an event of its own.
      statusDue = e.getCode() != 404;
      if (statusDue) {
        LOG.warn("cannot write the status of {}, trying again: {}", who, e.getMessage());
      }
    }
  }

  private void end() throws InterruptedException {
    Long asked = pod.getMetadata().getDeletionGracePeriodSeconds();
    Duration grace = removed ? Duration.ZERO : Duration.ofSeconds(asked == null ? 30 : asked);
    Instant deadline = Instant.now().plus(grace);
    if (grace.isPositive()) {
      containers.forEach(ContainerProcess::terminate);
      for (ContainerProcess container : containers) {
        while (!removed
            && Instant.now().isBefore(deadline)
            && !container.await(Duration.ofMillis(20))) {
          take(Duration.ZERO);
        }
      }
    }
    tearDown();
    Duration pause = FIRST_PAUSE;
    while (!removed) {
      try {
        client
            .pods()
            .inNamespace(pod.getMetadata().getNamespace())
            .withName(pod.getMetadata().getName())
            .withGracePeriod(0)
            .withPropagationPolicy(DeletionPropagation.BACKGROUND)
            .delete();
        return;
      } catch (KubernetesClientException e) {
        LOG.warn("cannot delete {}, trying again: {}", who, e.getMessage());
        take(pause);
        pause = longer(pause);
      }
    }
  }

  /** Stops everything, gives the network back, removes the files; tried until it works. */
  private void tearDown() throws InterruptedException {
    Duration pause = FIRST_PAUSE;
    while (true) {
      try {
        containers.forEach(each -> each.probes().close());
        sandbox.stop();
        if (attachment != null && network != null) {
          cni.delete(network, attachment, added);
          attachment = null;
          added = null;
        }
        sandbox.remove();
        addresses = List.of();
        containers.clear();
        return;
      } catch (IOException e) {
        LOG.warn("cannot take down {}, trying again: {}", who, e.getMessage());
        Thread.sleep(pause);
        pause = longer(pause);
      }
    }
  }

  private static Duration longer(Duration pause) {
    Duration doubled = pause.multipliedBy(2);
    return doubled.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : doubled;
  }
}
