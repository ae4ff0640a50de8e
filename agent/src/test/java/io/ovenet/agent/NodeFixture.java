package io.ovenet.agent;

import io.ovenet.bpf.AttachMode;
import io.ovenet.bpf.Mounts;
import io.ovenet.bpf.Netlink;
import io.ovenet.bpf.NetworkNamespace;
import io.ovenet.kubernetes.CustomResources;
import io.ovenet.kubernetes.Json;
import io.ovenet.kubernetes.JsonObject;
import io.ovenet.kubernetes.KubernetesApi;
import io.ovenet.lab.api.ApiServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/**
 * A node with the agent's own process in a network namespace, the real CNI program, and an API
 * server that the agent knows by its kubeconfig alone. Everything is gone after close.
 */
final class NodeFixture implements AutoCloseable {
  static final String NODE = "node-1";
  static final String CIDR = "10.111.0.0/24";

  /**
   * How long an answer may take: long enough for a busy machine, and less than the second after
   * which a SYN is sent again (RFC 6298 section 2), so that one that was dropped is not made good.
   */
  private static final int ANSWER_MILLIS = 900;

  private static final Duration CEILING = Duration.ofMinutes(2);

  private final String attach;
  private final Path directory;
  private final Path namespaceFile;
  private final Path bpf;
  private final ArrayDeque<AutoCloseable> undo = new ArrayDeque<>();
  private final List<String> flags;
  ApiServer server;
  KubernetesApi api;
  final NetworkNamespace namespace;
  final CniShim shim;
  private @Nullable Process agent;
  private String heap = "64m";

  /** With an agent that attaches as it is shipped, unless a property forces a mode on it. */
  NodeFixture(Path directory, String... flags) throws Exception {
    this(System.getProperty(AttachMode.PROPERTY, ""), directory, flags);
  }

  /** With an agent that is forced to attach programs one way. */
  NodeFixture(AttachMode attach, Path directory, String... flags) throws Exception {
    this(attach.name().toLowerCase(Locale.ROOT), directory, flags);
  }

  private NodeFixture(String attach, Path directory, String... flags) throws Exception {
    this.attach = attach;
    this.directory = directory;
    this.flags = List.of(flags);
    bpf = Files.createDirectories(directory.resolve("bpf"));
    namespaceFile = directory.resolve("ovt-agent-" + ProcessHandle.current().pid());
    try {
      Mounts.mountBpffs(bpf);
      undo.push(() -> Mounts.unmount(bpf));
      namespace = NetworkNamespace.create(namespaceFile);
      undo.push(() -> NetworkNamespace.remove(namespaceFile));
      undo.push(namespace);
      try (var netlink = Netlink.open(namespace)) {
        netlink.links().setUp(1);
      }
      Files.writeString(
          directory.resolve("kubeconfig"), ApiServer.kubeconfig("http://127.0.0.1:6443"));
      server = ApiServer.start(directory.resolve("api"), ApiServer.Options.DEFAULT);
      api = client(server);
      undo.push(() -> stopApi());
      listen();
      for (var definition : CustomResources.all()) {
        api.create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition.fields());
      }
      create(
          "/apis/cilium.io/v2/ciliumnodes",
          """
          apiVersion: cilium.io/v2
          kind: CiliumNode
          metadata: {name: node-1}
          spec: {ipam: {podCIDRs: [10.111.0.0/24]}}
          """);
      shim = new CniShim(directory, socket(), directory.resolve("state/cni-deletes"));
    } catch (Exception e) {
      close();
      throw e;
    }
  }

  private KubernetesApi client(ApiServer of) throws IOException {
    Files.writeString(directory.resolve("kubeconfig-here"), of.kubeconfig());
    return KubernetesApi.open(directory.resolve("kubeconfig-here"));
  }

  private void listen() throws IOException {
    server.listen(
        namespace.call(
            () ->
                ServerSocketChannel.open()
                    .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 6443))));
  }

  /** Ends the API server; its objects stay in {@link #objects}. */
  void stopApi() throws IOException {
    api.close();
    server.close();
  }

  /** Starts an API server again that only the test reaches. */
  void startApiUnseen() throws IOException {
    server = ApiServer.start(objects(), ApiServer.Options.DEFAULT);
    api = client(server);
  }

  /** Starts an API server again, for the agent too. */
  void startApi() throws IOException {
    startApiUnseen();
    listen();
  }

  /** Where the API server has its objects. */
  Path objects() {
    return directory.resolve("api");
  }

  private Path socket() {
    return directory.resolve("cni.sock");
  }

  /** Starts the agent's process and waits until it is ready for pods. */
  void startAgent() throws Exception {
    launchAgent();
    try {
      await("agent ready", () -> status() == 0 || !agent().isAlive());
    } catch (AssertionError e) {
      throw new AssertionError("the agent is not ready: " + readLog(), e);
    }
    if (!agent().isAlive()) {
      throw new AssertionError("the agent ended: " + readLog());
    }
  }

  /** Agents started from now on have as much memory for objects as the launcher gives them. */
  void usualHeap() {
    heap = "192m";
  }

  int status() {
    return shim.run(
            Map.of("CNI_COMMAND", "STATUS"),
            "{\"cniVersion\":\"1.1.0\"}".getBytes(StandardCharsets.UTF_8))
        .code();
  }

  void launchAgent() throws IOException {
    var java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    var command =
        new ArrayList<>(
            List.of(
                "nsenter",
                "--net=" + namespaceFile,
                java,
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Xmx" + heap,
                "-Xss512k",
                "-D" + AttachMode.PROPERTY + "=" + attach,
                "-cp",
                classPath(),
                "io.ovenet.agent.Main",
                "--kubeconfig",
                directory.resolve("kubeconfig").toString(),
                "--node-name",
                NODE,
                "--bpf-root=" + bpf,
                "--ovenet-state-dir=" + directory.resolve("state"),
                "--ovenet-cni-socket=" + socket(),
                "--ovenet-cni-bin-dir=" + directory.resolve("bin"),
                "--ovenet-cni-conf-dir=" + directory.resolve("net.d"),
                "--hubble-socket-path=" + directory.resolve("hubble.sock")));
    command.addAll(flags);
    agent =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log().toFile()))
            .start();
  }

  Path log() {
    return directory.resolve("agent.log");
  }

  /** Without the lab's jar: the agent gets nothing from it. */
  private static String classPath() {
    var all = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    var kept = new ArrayList<String>();
    for (var entry : all.split(":", -1)) {
      if (!entry.contains("/lab/") && !entry.contains("lab-0.1")) {
        kept.add(entry);
      }
    }
    return String.join(":", kept);
  }

  Process agent() {
    if (agent == null) {
      throw new IllegalStateException("no agent was started");
    }
    return agent;
  }

  void killAgent() throws InterruptedException {
    agent().destroyForcibly().waitFor();
  }

  void stopAgent() throws InterruptedException {
    agent().destroy();
    if (!agent().waitFor(CEILING.toSeconds(), TimeUnit.SECONDS)) {
      throw new AssertionError("the agent does not end on SIGTERM: " + readLog());
    }
  }

  String readLog() {
    try {
      return Files.readString(log());
    } catch (IOException e) {
      return e.toString();
    }
  }

  static Map<String, ?> yaml(String text) {
    var loaded = new Load(LoadSettings.builder().build()).loadFromString(text);
    // Through text, so that numbers and keys are as the API has them.
    return Json.parse(Json.write(JsonObject.of(loaded).fields())).fields();
  }

  JsonObject create(String path, String yaml) throws IOException {
    return api.create(path, yaml(yaml));
  }

  /** Puts a CiliumNetworkPolicy, new or in the place of what is there. */
  void policy(String namespace, String name, String spec) throws IOException {
    var collection = "/apis/cilium.io/v2/namespaces/" + namespace + "/ciliumnetworkpolicies";
    var object =
        new java.util.LinkedHashMap<String, Object>(
            Map.of(
                "apiVersion", "cilium.io/v2",
                "kind", "CiliumNetworkPolicy",
                "metadata", Map.of("name", name, "namespace", namespace)));
    object.put("spec", yaml(spec));
    try {
      var present = api.get(collection + "/" + name);
      object.put("metadata", present.fields().get("metadata"));
      api.replace(collection + "/" + name, object);
    } catch (io.ovenet.kubernetes.ApiException e) {
      if (!e.notFound()) {
        throw e;
      }
      api.create(collection, object);
    }
  }

  /** Asks the agent over its admin socket. */
  JsonObject ask(String name) throws IOException {
    try (var channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      channel.connect(UnixDomainSocketAddress.of(directory.resolve(AdminServer.SOCKET)));
      channel.write(ByteBuffer.wrap(Json.write(Map.of("ask", name))));
      channel.shutdownOutput();
      var answer = Json.parse(Channels.newInputStream(channel).readAllBytes());
      if (!answer.string("error").isEmpty()) {
        throw new AssertionError(name + ": " + answer.string("error"));
      }
      return answer.object("answer");
    }
  }

  /** A pod object and its namespace, not yet attached. */
  Pod pod(String podNamespace, String name, Map<String, String> labels) throws Exception {
    try {
      api.get("/api/v1/namespaces/" + podNamespace);
    } catch (io.ovenet.kubernetes.ApiException e) {
      create(
          "/api/v1/namespaces",
          "{apiVersion: v1, kind: Namespace, metadata: {name: " + podNamespace + "}}");
    }
    var created =
        api.create(
            "/api/v1/namespaces/" + podNamespace + "/pods",
            Map.of(
                "apiVersion",
                "v1",
                "kind",
                "Pod",
                "metadata",
                Map.of("name", name, "namespace", podNamespace, "labels", labels),
                "spec",
                Map.of(
                    "nodeName",
                    NODE,
                    "containers",
                    List.of(Map.of("name", "c", "image", "none")))));
    var file = directory.resolve("ovt-agent-" + ProcessHandle.current().pid() + "-" + name);
    var podNetns = NetworkNamespace.create(file);
    undo.push(() -> NetworkNamespace.remove(file));
    undo.push(podNetns);
    try (var netlink = Netlink.open(podNetns)) {
      netlink.links().setUp(1);
    }
    return new Pod(podNamespace, name, created.object("metadata").string("uid"), file, podNetns);
  }

  /** A pod that is attached. */
  Pod addedPod(String podNamespace, String name, Map<String, String> labels) throws Exception {
    var pod = pod(podNamespace, name, labels);
    var exit = pod.add("eth0");
    if (exit.code() != 0) {
      throw new AssertionError("ADD failed: " + exit.stdout() + readLog());
    }
    return pod;
  }

  /** Sets a label of a pod, or removes it where the value is null. */
  void label(Pod pod, String key, @Nullable String value) throws IOException {
    label("/api/v1/namespaces/" + pod.podNamespace + "/pods/" + pod.name, key, value);
  }

  void labelNamespace(String namespace, String key, @Nullable String value) throws IOException {
    label("/api/v1/namespaces/" + namespace, key, value);
  }

  private void label(String path, String key, @Nullable String value) throws IOException {
    var labels = new HashMap<String, @Nullable Object>();
    labels.put(key, value);
    api.patch(path, Map.of("metadata", Map.of("labels", labels)));
  }

  static void await(String what, BooleanSupplier condition) {
    await(() -> what, condition);
  }

  /** Waits; what did not come true is asked when it is given up. */
  static void await(Supplier<String> what, BooleanSupplier condition) {
    long end = System.nanoTime() + CEILING.toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > end) {
        throw new AssertionError("never came true: " + what.get());
      }
      try {
        Thread.sleep(5);
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    }
  }

  /** A pod of the node. */
  final class Pod {
    final String podNamespace;
    final String name;
    final String uid;
    final Path netns;
    final NetworkNamespace inside;
    String address = "";

    Pod(String podNamespace, String name, String uid, Path netns, NetworkNamespace inside) {
      this.podNamespace = podNamespace;
      this.name = name;
      this.uid = uid;
      this.netns = netns;
      this.inside = inside;
    }

    /** The same pod, its namespace said to be elsewhere. */
    Pod at(Path otherNetns) {
      return new Pod(podNamespace, name, uid, otherNetns, inside);
    }

    CniShim.Exit cni(String command, String ifname, String version) {
      return shim.run(
          command,
          "container-" + name,
          ifname,
          netns.toString(),
          "IgnoreUnknown=1;K8S_POD_NAMESPACE="
              + podNamespace
              + ";K8S_POD_NAME="
              + name
              + ";K8S_POD_UID="
              + uid,
          "{\"cniVersion\":\"" + version + "\",\"name\":\"cilium\",\"type\":\"cilium-cni\"}");
    }

    CniShim.Exit add(String ifname) {
      var exit = cni("ADD", ifname, "1.0.0");
      if (exit.code() == 0) {
        var result = Json.parse(exit.stdout().getBytes(StandardCharsets.UTF_8));
        address = result.objects("ips").getFirst().string("address").replace("/32", "");
      }
      return exit;
    }

    /** Takes connections and echoes what they say, until the fixture ends. */
    void serve(int port) throws IOException {
      var listener =
          inside.call(() -> ServerSocketChannel.open().bind(new InetSocketAddress(address, port)));
      undo.push(listener);
      Thread.ofPlatform()
          .daemon()
          .start(
              () -> {
                while (listener.isOpen()) {
                  try {
                    var connection = listener.accept();
                    Thread.ofPlatform().daemon().start(() -> echo(connection.socket()));
                  } catch (IOException e) {
                    return;
                  }
                }
              });
    }

    private void echo(Socket connection) {
      try (connection) {
        connection.getInputStream().transferTo(connection.getOutputStream());
      } catch (IOException e) {
        // The client's verdict is what counts.
        System.out.println("echo ended: " + e.getMessage());
      }
    }

    /** Null if it doesn't get through in a while. */
    @Nullable Socket connect(Pod to, int port) throws IOException {
      var socket = inside.call(Socket::new);
      try {
        inside.call(
            () -> {
              socket.connect(new InetSocketAddress(to.address, port), ANSWER_MILLIS);
              return socket;
            });
        socket.setSoTimeout(ANSWER_MILLIS);
        return socket;
      } catch (IOException e) {
        socket.close();
        return null;
      }
    }

    Socket connected(Pod to, int port) throws IOException {
      var socket = connect(to, port);
      if (socket == null) {
        throw new AssertionError(name + " does not reach " + to.name + ":" + port);
      }
      return socket;
    }

    boolean reaches(Pod to, int port) {
      try (var socket = connect(to, port)) {
        return socket != null && echoes(socket);
      } catch (IOException e) {
        return false;
      }
    }
  }

  /** Whether a byte comes back on an open connection. */
  static boolean echoes(Socket socket) {
    try {
      socket.getOutputStream().write(1);
      return socket.getInputStream().read() == 1;
    } catch (IOException e) {
      return false;
    }
  }

  /** Takes everything down; one that resists is told, and the others go on. */
  @Override
  public void close() {
    try {
      if (agent != null && agent.isAlive()) {
        killAgent();
      }
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
    var failures = new ArrayList<Exception>();
    while (!undo.isEmpty()) {
      try {
        undo.pop().close();
      } catch (Exception e) {
        failures.add(e);
      }
    }
    if (!failures.isEmpty()) {
      throw new AssertionError(
          "the fixture left something behind: " + failures, failures.getFirst());
    }
  }
}
