package io.ovenet.agent;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.ovenet.bpf.MacAddress;
import io.ovenet.flow.FlowRing;
import io.ovenet.flow.FlowStatistics;
import io.ovenet.flow.FlowUuids;
import io.ovenet.flow.HubbleServer;
import io.ovenet.flow.ObserverService;
import io.ovenet.policy.Labels;
import java.io.File;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.jar.JarFile;

/**
 * What the build runs once to learn which classes an agent loads, for the cache that makes it quick
 * to start and smaller: an API server's answers are read, policies compiled into tables in memory,
 * and flows offered. It needs neither root nor the kernel, and opens ports of the loopback address
 * alone.
 */
final class Training {
  private static final String NODE = "training";
  private static final Map<String, String> LABELS =
      Map.of(
          "k8s:io.kubernetes.pod.namespace", "a",
          "k8s:io.cilium.k8s.policy.cluster", "default",
          "k8s:app", "web");
  private static final Map<String, String> ITEMS =
      Map.of(
          "namespaces",
          "{\"metadata\":{\"name\":\"a\",\"uid\":\"n\",\"resourceVersion\":\"1\"}}",
          "ciliumidentities",
          """
          {"metadata":{"name":"20000","uid":"i","resourceVersion":"1"},"security-labels":
          {"k8s:io.kubernetes.pod.namespace":"a","k8s:io.cilium.k8s.policy.cluster":"default",
          "k8s:app":"gateway"}}\
          """,
          "ciliumnetworkpolicies",
          """
          {"metadata":{"namespace":"a","name":"web","uid":"p","resourceVersion":"1"},"spec":{
          "endpointSelector":{"matchLabels":{"app":"web"}},
          "ingress":[{"fromEndpoints":[{"matchLabels":{"app":"gateway"}}],
          "toPorts":[{"ports":[{"port":"80","protocol":"TCP"}]}]},{"fromCIDR":["192.0.2.0/24"]}],
          "ingressDeny":[{"fromEntities":["world"]}],"egress":[{"toEntities":["cluster"]}]}}\
          """,
          "ciliumnodes",
          """
          {"metadata":{"name":"other","uid":"o","resourceVersion":"1"},"spec":{"addresses":
          [{"type":"InternalIP","ip":"192.0.2.9"}],"ipam":{"podCIDRs":["10.1.0.0/24"]}}}\
          """);

  private Training() {}

  public static void main(String[] arguments) throws Exception {
    loadOwnClasses();
    var directory = Files.createTempDirectory("ovenet-training");
    var server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      server.setExecutor(threads);
      server.createContext("/", Training::answer);
      server.start();
      var kubeconfig = directory.resolve("kubeconfig");
      Files.writeString(kubeconfig, kubeconfig(server.getAddress().getPort()));
      follow(
          directory,
          AgentConfig.parse(List.of("--kubeconfig=" + kubeconfig, "--node-name=" + NODE)));
      offer(directory.resolve("hubble.sock"));
    } finally {
      server.stop(0);
      deleteAll(directory);
    }
    System.exit(0);
  }

  private static void loadOwnClasses() throws IOException, ClassNotFoundException {
    for (var entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
      try (var jar = new JarFile(entry)) {
        for (var file : jar.stream().toList()) {
          var name = file.getName();
          if (name.startsWith("io/ovenet/") && name.endsWith(".class") && !name.contains("-info")) {
            Class.forName(
                name.substring(0, name.length() - ".class".length()).replace('/', '.'),
                false,
                Training.class.getClassLoader());
          }
        }
      }
    }
  }

  private static String kubeconfig(int port) {
    return """
        apiVersion: v1
        kind: Config
        current-context: training
        clusters: [{name: training, cluster: {server: "http://127.0.0.1:%d"}}]
        users: [{name: training, user: {}}]
        contexts: [{name: training, context: {cluster: training, user: training}}]
        """
        .formatted(port);
  }

  private static void answer(HttpExchange exchange) throws IOException {
    var path = exchange.getRequestURI().getPath();
    var query = String.valueOf(exchange.getRequestURI().getQuery());
    var last = path.substring(path.lastIndexOf('/') + 1);
    var list =
        "{\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[%s]}"
            .formatted(ITEMS.getOrDefault(last, ""));
    // A watch tells of a bookmark and ends.
    var text =
        query.contains("watch=true")
            ? "{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\"2\"}}}\n"
            : list;
    var bytes = text.getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().add("Content-Type", "application/json");
    exchange.sendResponseHeaders(200, 0);
    try (exchange) {
      exchange.getResponseBody().write(bytes);
    }
  }

  private static void follow(Path directory, AgentConfig config) throws Exception {
    var nobody =
        new ControlPlane.Addresses() {
          @Override
          public void known(InetAddress address, int identity) {}

          @Override
          public void forgotten(InetAddress address) {}
        };
    try (var plane = new ControlPlane(config, directory, nobody)) {
      plane.add(endpoint());
      plane.follow();
    }
  }

  private static LocalEndpoint endpoint() {
    return new LocalEndpoint(
        1,
        1,
        new AttachmentKey("training", "eth0"),
        "/none",
        "a",
        "web",
        "u",
        MacAddress.parse("0a:58:0a:00:00:01"),
        Inet4Address.ofLiteral("10.0.0.1"),
        1500,
        20_001,
        Labels.fromSecurityLabels(LABELS));
  }

  private static void offer(Path socket) throws IOException {
    var observer =
        new ObserverService(
            new FlowRing(1),
            new FlowStatistics(0),
            new FlowUuids(),
            "default/" + NODE,
            NODE,
            System::nanoTime);
    HubbleServer.start(observer, "0.0.0", socket, null).close();
  }

  private static void deleteAll(Path directory) throws IOException {
    var files = new ArrayList<Path>();
    try (var walk = Files.walk(directory)) {
      walk.sorted(Comparator.reverseOrder()).forEach(files::add);
    }
    for (var file : files) {
      Files.delete(file);
    }
  }
}
