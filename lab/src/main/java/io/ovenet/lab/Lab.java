package io.ovenet.lab;

import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.ovenet.bpf.NetworkNamespace;
import io.ovenet.lab.api.ApiServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A running lab: underlay, API, nodes with their agents and kubelets, scheduler, virtual machines.
 * Started and closed by one thread.
 */
final class Lab implements AutoCloseable {
  static final int API_PORT = 6443;

  /** The first one of the API's services. */
  private static final String API_SERVICE_ADDRESS = "10.96.0.1";

  /** The command that starts the relay; without one there is none. */
  static final List<String> RELAY =
      LabPlan.words(System.getenv().getOrDefault("OVENET_RELAY_COMMAND", ""));

  /** Keys of the ConfigMap that the operator has to be told, too. */
  private static final List<String> OPERATORS_KEYS =
      List.of(
          "cluster-pool-ipv4-cidr",
          "cluster-pool-ipv4-mask-size",
          "enable-cilium-endpoint-slice",
          "enable-node-selector-labels",
          "operator-prometheus-serve-addr");

  /** Where the relay tells its metrics where agents tell theirs. */
  private static final String RELAY_METRICS = ":9966";

  private static final Logger LOG = LoggerFactory.getLogger(Lab.class);

  private final LabPlan plan;
  private final LabDirectory directory;
  private final Map<String, VirtualNode> nodes = new ConcurrentHashMap<>();
  private final Map<String, Kubelet> kubelets = new ConcurrentHashMap<>();

  /** What has to be closed, the latest first. */
  private final Deque<AutoCloseable> opened = new ArrayDeque<>();

  private final StatusFile status;
  private boolean closed;

  private Lab(LabPlan plan) {
    this.plan = plan;
    this.directory = plan.directory();
    this.status = new StatusFile(directory, nodes, kubelets);
  }

  /** Starts a lab. What was made before a failure is taken down again. */
  static Lab start(LabPlan plan) throws IOException, InterruptedException {
    LabLease.ofThisProcess(plan.directory().name()).write(plan.directory());
    Lab lab = new Lab(plan);
    try {
      lab.open();
      return lab;
    } catch (IOException | InterruptedException | RuntimeException e) {
      try {
        lab.close();
      } catch (IOException closing) {
        e.addSuppressed(closing);
      }
      throw e;
    }
  }

  private <T extends AutoCloseable> T keep(T resource) {
    opened.push(resource);
    return resource;
  }

  private void open() throws IOException, InterruptedException {
    status.progress("making the underlay");
    ControlGroup group = ControlGroup.ofLab(directory.name()).make();
    Underlay underlay = keep(Underlay.make(group));
    status.progress("starting the API");
    PodLogFiles logs = new PodLogFiles(nodes::get);
    RunningPods pods = new RunningPods(nodes, kubelets);
    Files.createDirectories(directory.data());
    ApiServer api =
        keep(
            ApiServer.start(
                directory.data(),
                ApiServer.Options.DEFAULT
                    .withGracefulPods(true)
                    .withLogs(logs)
                    .withExec(new PodCommands(pods))
                    .withPorts(new PodConnections(pods))
                    .withReviews(List.of(new PolicyReview("default")))));
    api.listen(listenOn(underlay));
    Files.writeString(directory.kubeconfig(), api.kubeconfig());
    KubernetesClient client = keep(client(api.kubeconfig()));
    logs.use(client);
    pods.use(client);
    status.api(client, underlay, directory.kubeconfig(), api.port());
    LabNodes all = keep(new LabNodes(plan, client, group, underlay, nodes, kubelets));
    for (int i = 1; i <= plan.nodes(); i++) {
      status.progress("making node-" + i);
      all.make("node-" + i);
    }
    EndpointSlices slices = keep(new EndpointSlices(client));
    slices.makeApiService(API_SERVICE_ADDRESS, Underlay.API_ADDRESS, API_PORT);
    configure(client, all);
    startProcesses(client, all);
    runPods(client, slices, all);
    status.ready();
  }

  private static ServerSocketChannel listenOn(Underlay underlay) throws IOException {
    try (NetworkNamespace namespace =
        NetworkNamespace.open(Path.of("/proc/" + underlay.holder() + "/ns/net"))) {
      return namespace.call(
          () -> {
            ServerSocketChannel channel = ServerSocketChannel.open();
            channel.bind(new InetSocketAddress(Underlay.API_ADDRESS, API_PORT));
            return channel;
          });
    }
  }

  static KubernetesClient client(String kubeconfig) {
    Config config = Config.fromKubeconfig(kubeconfig);
    config.setRequestTimeout(30_000);
    // The API has WebSockets for exec and port-forward only; each watch would ask for one first.
    config.setOnlyHttpWatches(true);
    return new KubernetesClientBuilder().withConfig(config).build();
  }

  /** Makes the ConfigMap, and the files that a mounted one would be. */
  private void configure(KubernetesClient client, LabNodes all) throws IOException {
    client
        .configMaps()
        .inNamespace("kube-system")
        .resource(
            new ConfigMapBuilder()
                .withNewMetadata()
                .withName("cilium-config")
                .endMetadata()
                .withData(plan.configuration())
                .build())
        .create();
    for (VirtualNode node : nodes.values()) {
      all.configure(node);
    }
  }

  private void startProcesses(KubernetesClient client, LabNodes all) throws IOException {
    VirtualNode first = nodes.get(LabNodes.FIRST);
    if (!plan.operator().isEmpty() && first != null) {
      status.progress("starting the operator");
      List<String> operator = new ArrayList<>(plan.operator());
      operator.addAll(List.of("--kubeconfig", "/run/kubeconfig"));
      for (String key : OPERATORS_KEYS) {
        if (plan.configuration().containsKey(key)) {
          operator.add("--" + key + "=" + plan.configuration().get(key));
        }
      }
      keep(
          SupervisedProcess.start(
              "operator",
              first.command(first.group().child("operator").make(), operator),
              first.log("operator")));
    }
    if (!plan.agent().isEmpty()) {
      for (VirtualNode node : nodes.values()) {
        status.progress("starting the agent of " + node.name());
        all.startAgent(node);
      }
    }
    if (!RELAY.isEmpty() && !plan.agent().isEmpty() && first != null) {
      status.progress("starting the relay");
      List<String> relay = new ArrayList<>(RELAY);
      relay.add("--socket-path=/var/run/cilium/hubble-relay.sock");
      if (!plan.configuration().getOrDefault("hubble-metrics-server", "").isEmpty()) {
        relay.add("--metrics-listen-address=" + RELAY_METRICS);
      }
      keep(
          SupervisedProcess.start(
              "relay",
              first.command(first.group().child("relay").make(), relay),
              first.log("relay")));
      RelayPod.makeService(client);
      RelayPod.make(client, first);
      startPage(first);
    }
  }

  private void startPage(VirtualNode first) throws IOException {
    if (PageServer.COMMAND.isEmpty()) {
      return;
    }
    status.progress("starting the page");
    int port = PageServer.freePort();
    keep(
        PageServer.start(
            ControlGroup.ofLab(directory.name()).child("page"),
            port,
            first.run("cilium/hubble-relay.sock"),
            directory.kubeconfig(),
            first.log("page")));
    status.page(PageServer.url(port));
  }

  private void runPods(KubernetesClient client, EndpointSlices slices, LabNodes all)
      throws IOException, InterruptedException {
    VirtualMachines machines = new VirtualMachines(client);
    VirtLauncher launcher = new VirtLauncher(client, plan.kernelCache(), machines::guestReady);
    ClusterDns dns = keep(new ClusterDns(client));
    PodWorker.Programs programs =
        (pod, container, sandbox) -> {
          ContainerProcess.Starter machine = launcher.starter(pod, container, sandbox);
          return machine == null ? dns.starter(pod, container, sandbox) : machine;
        };
    for (VirtualNode node : nodes.values()) {
      all.startKubelet(node, programs);
    }
    dns.start();
    keep(machines);
    machines.start(status::changed);
    Scheduler scheduler = keep(new Scheduler(client, nodes.keySet()));
    scheduler.start();
    slices.start();
    keep(new Deployments(client)).start();
    keep(status.follow());
    if (!plan.agent().isEmpty()) {
      status.progress("waiting for the agents");
    }
    all.awaitAgents(List.copyOf(nodes.values()));
    keep(new LabControl(directory.control(), actions(all, programs)));
  }

  private Map<String, LabControl.Action> actions(LabNodes all, PodWorker.Programs programs) {
    return Map.of(
        NodeCommand.ADD,
        name -> {
          String chosen = name.isEmpty() ? all.nextName() : name;
          all.add(chosen, programs);
          status.refresh();
          return chosen + " is there";
        },
        NodeCommand.REMOVE,
        name -> {
          all.remove(name);
          status.refresh();
          return name + " is gone";
        });
  }

  static String tail(Path log) throws IOException {
    if (!Files.exists(log)) {
      return "(nothing)";
    }
    List<String> lines = Files.readAllLines(log, java.nio.charset.StandardCharsets.ISO_8859_1);
    return String.join("\n", lines.subList(Math.max(0, lines.size() - 15), lines.size()));
  }

  @Nullable VirtualNode node(String name) {
    return nodes.get(name);
  }

  /** Takes everything down. Doing it twice is harmless. */
  @Override
  public synchronized void close() throws IOException {
    if (closed) {
      return;
    }
    closed = true;
    while (!opened.isEmpty()) {
      AutoCloseable next = opened.pop();
      try {
        next.close();
      } catch (Exception e) {
        LOG.warn("cannot close {}", next, e);
      }
    }
    try {
      LabLease.removeRemains(directory);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new LabException("interrupted while taking down; run `ovenet lab down`", e);
    }
  }
}
