package io.ovenet.bench;

import io.ovenet.bpf.BpfMap;
import io.ovenet.bpf.IpPrefix;
import io.ovenet.bpf.LinkSpec;
import io.ovenet.bpf.Mounts;
import io.ovenet.bpf.Netlink;
import io.ovenet.bpf.NetworkNamespace;
import io.ovenet.kubernetes.ApiException;
import io.ovenet.kubernetes.CustomResources;
import io.ovenet.kubernetes.KubernetesApi;
import io.ovenet.lab.api.ApiServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A node of the benchmark's own: a network namespace with the agent as it is shipped, an API server
 * in a process of its own, pods that are network namespaces and are attached by the CNI program. No
 * kubelet, so that nothing else is timed. Everything is gone after close, also on Ctrl-C.
 */
final class BenchNode implements AutoCloseable {
  static final String NAME = "bench";

  private static final Path HOME = Path.of(System.getenv().getOrDefault("OVENET_HOME", "."));
  private static final AtomicInteger COUNT = new AtomicInteger();
  private static final int POD_NETWORK = 20;
  private static final long RETRY_NANOS = 2_000_000;

  private final Path directory;
  private final Path bpffs;
  private final Path netns;
  private final ControlGroups groups;
  private final Undo undo = new Undo("the bench's node");
  private final List<String> flags;
  private final long heap;
  private KubernetesApi api;
  private @Nullable Process agent;

  /**
   * Makes the node and its API; the agent is not started yet.
   *
   * @param processors how many the agent may use; 0: as many as there are
   * @param bytes of memory that it may use, three eighths of it for its heap, as the shipped flags
   *     have of 512 MiB; 0: as much as there is, and the shipped flags
   * @param flags of the agent, besides where things are
   */
  BenchNode(double processors, long bytes, String... flags) throws IOException {
    this.flags = List.of(flags);
    heap = bytes * 3 / 8;
    String name = "ovenet-bench-" + ProcessHandle.current().pid() + "-" + COUNT.incrementAndGet();
    try {
      directory = undo.make(() -> Files.createTempDirectory(name), BenchNode::deleteAll);
      bpffs = directory.resolve("bpf");
      netns = directory.resolve("netns");
      groups = undo.keep(() -> new ControlGroups(name, processors, bytes));
      undo.make(() -> mounted(bpffs), Mounts::unmount);
      undo.make(() -> netns, NetworkNamespace::remove);
      NetworkNamespace namespace = undo.keep(() -> NetworkNamespace.create(netns));
      try (Netlink netlink = Netlink.open(namespace)) {
        netlink.links().setUp(1);
        // A way to the outside, as a node has one: the agent takes MTU and address from there.
        netlink.links().createVeth(LinkSpec.named("up"), LinkSpec.named("far"));
        int up = link(netlink, "up");
        netlink.links().setUp(link(netlink, "far"));
        netlink.addresses().add(up, IpPrefix.parse("192.0.2.10/24"));
        netlink.links().setUp(up);
      }
      CniProgram.unpack(directory.resolve("cilium-cni"));
      api = startApi();
      for (var definition : CustomResources.all()) {
        api.create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition.fields());
      }
      api.create(
          "/apis/cilium.io/v2/ciliumnodes",
          Map.of(
              "apiVersion",
              "cilium.io/v2",
              "kind",
              "CiliumNode",
              "metadata",
              Map.of("name", NAME),
              "spec",
              Map.of("ipam", Map.of("podCIDRs", List.of("10.80.0.0/" + POD_NETWORK)))));
    } catch (IOException | RuntimeException e) {
      try {
        undo.close();
      } catch (IOException left) {
        e.addSuppressed(left);
      }
      throw e;
    }
  }

  /**
   * A device of the node's that takes what is for a network, and drops it.
   *
   * @param network with the device's own address in it
   */
  void sink(String network) {
    try (NetworkNamespace namespace = NetworkNamespace.open(netns);
        Netlink netlink = Netlink.open(namespace)) {
      netlink.links().createDummy(LinkSpec.named("sink"));
      int sink = link(netlink, "sink");
      netlink.addresses().add(sink, IpPrefix.parse(network));
      netlink.links().setUp(sink);
    }
  }

  private static Path mounted(Path bpffs) throws IOException {
    Files.createDirectory(bpffs);
    Mounts.mountBpffs(bpffs);
    return bpffs;
  }

  private static int link(Netlink netlink, String name) {
    var link = netlink.links().get(name);
    if (link == null) {
      throw new IllegalStateException("no device " + name);
    }
    return link.ifindex();
  }

  /** With the flags of the process that serves it in a lab. */
  private KubernetesApi startApi() throws IOException {
    Path dist = HOME.resolve("target/ovenet");
    ProcessBuilder command =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "@" + dist.resolve("bench.args"),
                "-XX:TieredStopAtLevel=1",
                "-Xmx512m",
                "-Djava.util.logging.config.file=/dev/null",
                ApiProcess.class.getName(),
                directory.resolve("api").toString(),
                "0",
                netns.toString())
            .redirectError(directory.resolve("api.log").toFile());
    Process process = undo.make(command::start, BenchNode::end);
    String ready = process.inputReader().readLine();
    if (ready == null || !ready.startsWith("ready ")) {
      throw new IOException(
          "the API server did not start: " + Files.readString(directory.resolve("api.log")));
    }
    Path here = directory.resolve("kubeconfig-here");
    Files.writeString(here, ApiServer.kubeconfig("http://127.0.0.1:" + ready.substring(6)));
    Files.writeString(
        directory.resolve("kubeconfig"),
        ApiServer.kubeconfig("http://127.0.0.1:" + ApiProcess.NODE_PORT));
    return undo.keep(() -> KubernetesApi.open(here));
  }

  private static void end(Process process) throws IOException {
    process.getOutputStream().close();
    process.destroy();
    try {
      if (!process.waitFor(10, TimeUnit.SECONDS)) {
        process.destroyForcibly().waitFor();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }

  KubernetesApi api() {
    return api;
  }

  ControlGroups groups() {
    return groups;
  }

  Path hubbleSocket() {
    return directory.resolve("hubble.sock");
  }

  Path directory() {
    return directory;
  }

  /** Starts the agent by the launcher, in the node's namespace and memory group. */
  void startAgent() throws IOException {
    StringBuilder join = new StringBuilder();
    groups.procs().forEach(procs -> join.append("echo $$ >").append(procs).append("; "));
    List<String> command =
        new ArrayList<>(
            List.of(
                "sh",
                "-c",
                join + "exec \"$@\"",
                "sh",
                "nsenter",
                "--net=" + netns,
                HOME.resolve("ovenet").toString(),
                "agent",
                "--kubeconfig",
                directory.resolve("kubeconfig").toString(),
                "--node-name",
                NAME,
                "--mtu=1500",
                "--bpf-root=" + bpffs,
                "--ovenet-state-dir=" + directory.resolve("state"),
                "--ovenet-cni-socket=" + cniSocket(),
                "--ovenet-cni-bin-dir=" + directory.resolve("bin"),
                "--ovenet-cni-conf-dir=" + directory.resolve("net.d"),
                "--hubble-socket-path=" + hubbleSocket()));
    command.addAll(flags);
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(
                ProcessBuilder.Redirect.appendTo(directory.resolve("agent.log").toFile()));
    if (heap > 0) {
      builder.environment().put("OVENET_AGENT_HEAP", Long.toString(heap));
    }
    agent = undo.make(builder::start, BenchNode::end);
  }

  /** Adds a pod as soon as the agent can. */
  void awaitAgent(BenchPod pod) throws IOException {
    long begin = System.nanoTime();
    CniProgram.Exit exit = pod.tryAdd();
    while (exit.code() != 0) {
      if (System.nanoTime() - begin > 60_000_000_000L) {
        throw new IOException("no ADD succeeds: " + exit.stdout() + agentLog());
      }
      LockSupport.parkNanos(RETRY_NANOS);
      exit = pod.tryAdd();
    }
  }

  /** Ends the agent; what it pinned stays. */
  void stopAgent() throws IOException {
    if (agent != null) {
      end(agent);
    }
  }

  /** Resident memory of the agent; bytes. */
  long resident() throws IOException {
    if (agent == null) {
      throw new IllegalStateException("no agent was started");
    }
    if (!agent.isAlive()) {
      throw new IOException("the agent has ended: " + agentLog());
    }
    return AgentCommand.resident(agent.pid());
  }

  /** A map of the agent's, by its name. */
  BpfMap map(String name) {
    return BpfMap.openPinned(bpffs.resolve("ovenet/maps").resolve(name));
  }

  /** Processor time that the agent has had. */
  Duration processorTime() {
    if (agent == null) {
      throw new IllegalStateException("no agent was started");
    }
    return agent.info().totalCpuDuration().orElse(Duration.ZERO);
  }

  private Path cniSocket() {
    return directory.resolve("cni.sock");
  }

  CniProgram cni() {
    return new CniProgram(
        directory.resolve("cilium-cni"), cniSocket(), directory.resolve("state/cni-deletes"));
  }

  String agentLog() throws IOException {
    Path log = directory.resolve("agent.log");
    return Files.exists(log) ? Files.readString(log) : "";
  }

  void namespace(String name) throws IOException {
    create(
        "/api/v1/namespaces",
        Map.of("apiVersion", "v1", "kind", "Namespace", "metadata", Map.of("name", name)));
  }

  /** Makes an object, or takes the one that is there. */
  void create(String collection, Map<String, ?> object) throws IOException {
    try {
      api.create(collection, object);
    } catch (ApiException e) {
      if (!e.alreadyExists()) {
        throw e;
      }
    }
  }

  /** A pod object and a network namespace, not attached yet. */
  BenchPod pod(String namespace, String name, Map<String, String> labels) throws IOException {
    Path file = directory.resolve("pod-" + namespace + "-" + name);
    undo.make(() -> file, NetworkNamespace::remove);
    NetworkNamespace inside = undo.keep(() -> NetworkNamespace.create(file));
    try (Netlink netlink = Netlink.open(inside)) {
      netlink.links().setUp(1);
    }
    return new BenchPod(this, namespace, name, podObject(namespace, name, labels), file, inside);
  }

  /** The uid of a new pod of this node. */
  String podObject(String namespace, String name, Map<String, String> labels) throws IOException {
    return api.create(
            "/api/v1/namespaces/" + namespace + "/pods",
            Map.of(
                "apiVersion",
                "v1",
                "kind",
                "Pod",
                "metadata",
                Map.of("name", name, "namespace", namespace, "labels", labels),
                "spec",
                Map.of(
                    "nodeName", NAME, "containers", List.of(Map.of("name", "c", "image", "none")))))
        .object("metadata")
        .string("uid");
  }

  @Override
  public void close() throws IOException {
    undo.close();
  }

  static void deleteAll(Path directory) throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : (Iterable<Path>) files.sorted(Comparator.reverseOrder())::iterator) {
        Files.delete(file);
      }
    }
  }
}
