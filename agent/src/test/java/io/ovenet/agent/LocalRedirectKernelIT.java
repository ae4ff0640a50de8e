package io.ovenet.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.bpf.IpPrefix;
import io.ovenet.bpf.LinkSpec;
import io.ovenet.bpf.Netlink;
import io.ovenet.bpf.NetworkNamespace;
import io.ovenet.bpf.Route;
import io.ovenet.kubernetes.JsonObject;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/**
 * {@code examples/local-dns.yaml} with real datagrams, packet by packet and by sockets, from pods
 * and from the node; an address instead of a service; a hostPort.
 */
class LocalRedirectKernelIT {
  private static final String DNS = "10.96.0.10";
  private static final String ADDRESS = "169.254.20.10";
  private static final String NODE_ADDRESS = "198.51.100.1";

  @TempDir Path directory;

  private static JsonObject example() throws IOException {
    for (var document :
        new Load(LoadSettings.builder().build())
            .loadAllFromString(Files.readString(Path.of("../examples/local-dns.yaml")))) {
      var object = JsonObject.of(document);
      if (object.string("kind").equals("CiliumLocalRedirectPolicy")) {
        return object;
      }
    }
    throw new AssertionError("no policy in the example");
  }

  @Test
  void callsOfANodeAreAnsweredOnIt() throws Exception {
    var groups = ControlGroups.root();
    var before = groups.resolve(ControlGroups.own().substring(1));
    var group =
        Files.createDirectory(groups.resolve("ovt-redirect-" + ProcessHandle.current().pid()));
    try (var outside = NetworkNamespace.create();
        var node =
            new NodeFixture(
                directory,
                "--kube-proxy-replacement=true",
                "--enable-local-redirect-policy=true",
                "--cgroup-root=" + group)) {
      wire(node, outside);
      node.startAgent();
      var client = node.addedPod("kube-system", "client", Map.of("app", "client"));
      var kube = server(node, "kube", Map.of("k8s-app", "kube-dns"));
      var cache = server(node, "cache", Map.of("k8s-app", "local-dns"));
      service(node, kube);
      NodeFixture.await("kube-dns answers", () -> "kube".equals(ask(client.inside, DNS, 53)));

      // Packet by packet.
      var policies = "/apis/cilium.io/v2/namespaces/kube-system/ciliumlocalredirectpolicies";
      node.api.create(policies, example().fields());
      NodeFixture.await("the cache answers", () -> "cache".equals(ask(client.inside, DNS, 53)));
      assertThat(ask(cache.inside, DNS, 53)).as("the cache itself").isEqualTo("kube");
      node.create(policies, addressed());
      NodeFixture.await("an address, too", () -> "cache".equals(ask(client.inside, ADDRESS, 53)));
      NodeFixture.await("a hostPort", () -> "cache".equals(ask(client.inside, NODE_ADDRESS, 5300)));
      NodeFixture.await("from outside", () -> "cache".equals(ask(outside, NODE_ADDRESS, 5300)));

      // By sockets.
      enter(group);
      try {
        assertThat(ask(cache.inside, DNS, 53)).as("the cache's socket").isEqualTo("kube");
        assertThat(ask(client.inside, DNS, 53)).isEqualTo("cache");
        assertThat(ask(client.inside, ADDRESS, 53)).isEqualTo("cache");
        assertThat(ask(node.namespace, DNS, 53)).as("the node's").isEqualTo("cache");
        assertThat(ask(node.namespace, NODE_ADDRESS, 5300)).isEqualTo("cache");
        ready(node, cache, false);
        NodeFixture.await("kube-dns again", () -> "kube".equals(ask(client.inside, DNS, 53)));
        NodeFixture.await("nobody", () -> ask(client.inside, ADDRESS, 53) == null);
        ready(node, cache, true);
        NodeFixture.await("the cache again", () -> "cache".equals(ask(client.inside, DNS, 53)));
        connectedSocketsEndWithTheirBackend(node, client, kube, cache);
      } finally {
        enter(before);
      }
      assertThat(node.api.delete(policies + "/local-dns", Map.of())).isTrue();
      NodeFixture.await(
          "kube-dns without a policy", () -> "kube".equals(ask(client.inside, DNS, 53)));
    } finally {
      Files.deleteIfExists(group);
    }
  }

  /** Of a pod and of the node, datagrams and streams; one that speaks with another stays. */
  private static void connectedSocketsEndWithTheirBackend(
      NodeFixture node, NodeFixture.Pod client, NodeFixture.Pod kube, NodeFixture.Pod cache)
      throws Exception {
    kube.serve(8080);
    var web = "/apis/discovery.k8s.io/v1/namespaces/kube-system/endpointslices";
    node.create(
        "/api/v1/namespaces/kube-system/services",
        """
        apiVersion: v1
        kind: Service
        metadata: {name: web, namespace: kube-system}
        spec: {clusterIP: 10.96.0.20, ports: [{port: 80}]}
        """);
    node.create(
        web,
        """
        apiVersion: discovery.k8s.io/v1
        kind: EndpointSlice
        metadata: {name: web-1, namespace: kube-system, labels: {kubernetes.io/service-name: web}}
        addressType: IPv4
        ports: [{port: 8080}]
        endpoints: [{addresses: ["%s"], nodeName: node-1, targetRef: {kind: Pod, name: kube, uid: u}}]
        """
            .formatted(kube.address));
    NodeFixture.await("web answers", () -> stream(client, "10.96.0.20", 80) != null);
    // What its own pods skip is translated packet by packet for all pods.
    try (var byPacket = connected(client.inside, DNS);
        var ofPod = connected(client.inside, ADDRESS);
        var ofNode = connected(node.namespace, DNS);
        var direct = connected(client.inside, kube.address);
        var stream = Objects.requireNonNull(stream(client, "10.96.0.20", 80));
        var straight = Objects.requireNonNull(stream(client, kube.address, 8080))) {
      assertThat(exchange(byPacket)).isEqualTo("cache");
      assertThat(exchange(ofPod)).isEqualTo("cache");
      assertThat(exchange(ofNode)).isEqualTo("cache");
      node.api.patch(path(cache) + "/status", Map.of("status", Map.of("phase", "Failed")));
      NodeFixture.await("the pod's socket ends", () -> ended(ofPod));
      NodeFixture.await("the node's socket ends", () -> ended(ofNode));
      NodeFixture.await("packets go elsewhere", () -> "kube".equals(answer(byPacket)));
      assertThat(exchange(direct)).isEqualTo("kube");
      assertThat(NodeFixture.echoes(stream)).isTrue();
      assertThat(node.api.delete(web + "/web-1", Map.of())).isTrue();
      NodeFixture.await("the stream ends", () -> !NodeFixture.echoes(stream));
      assertThat(NodeFixture.echoes(straight)).as("called by its own address").isTrue();
    }
  }

  private static DatagramChannel connected(NetworkNamespace from, String address) throws Exception {
    var channel = from.call(() -> DatagramChannel.open());
    channel.connect(new InetSocketAddress(address, 53));
    channel.socket().setSoTimeout(1000);
    return channel;
  }

  private static String exchange(DatagramChannel channel) throws IOException {
    channel.write(ByteBuffer.wrap(new byte[] {1}));
    var answer = new DatagramPacket(new byte[64], 64);
    channel.socket().receive(answer);
    return new String(answer.getData(), 0, answer.getLength(), StandardCharsets.UTF_8);
  }

  private static @Nullable String answer(DatagramChannel channel) {
    try {
      return exchange(channel);
    } catch (IOException e) {
      return null;
    }
  }

  /** Whether its kernel says so: no answer in time is none. */
  private static boolean ended(DatagramChannel channel) {
    try {
      channel.write(ByteBuffer.wrap(new byte[] {1}));
      return false;
    } catch (IOException e) {
      return true;
    }
  }

  private static @Nullable Socket stream(NodeFixture.Pod from, String address, int port) {
    try {
      var socket = from.inside.call(() -> new Socket(address, port));
      socket.setSoTimeout(2000);
      if (NodeFixture.echoes(socket)) {
        return socket;
      }
      socket.close();
    } catch (IOException e) {
      // Nobody serves there yet.
    }
    return null;
  }

  private static void wire(NodeFixture node, NetworkNamespace outside) {
    try (var here = Netlink.open(node.namespace);
        var there = Netlink.open(outside)) {
      here.links().createVeth(LinkSpec.named("uplink"), LinkSpec.named("eth0").in(outside));
      int uplink = Objects.requireNonNull(here.links().get("uplink")).ifindex();
      int eth0 = Objects.requireNonNull(there.links().get("eth0")).ifindex();
      here.addresses().add(uplink, IpPrefix.parse(NODE_ADDRESS + "/24"));
      there.addresses().add(eth0, IpPrefix.parse("198.51.100.7/24"));
      here.links().setUp(uplink);
      there.links().setUp(1);
      there.links().setUp(eth0);
      here.routes()
          .add(Route.via(IpPrefix.parse("0.0.0.0/0"), ProbeNet.address("198.51.100.7"), uplink));
    }
  }

  /** A pod that answers datagrams at port 53 with its name, and is ready. */
  private static NodeFixture.Pod server(NodeFixture node, String name, Map<String, String> labels)
      throws Exception {
    var pod = node.pod("kube-system", name, labels);
    node.api.patch(
        path(pod),
        Map.of(
            "spec",
            Map.of(
                "containers",
                List.of(
                    NodeFixture.yaml(
                        """
                        name: c
                        image: none
                        ports:
                        - {name: dns, containerPort: 53, protocol: UDP%s}
                        """
                            .formatted(name.equals("cache") ? ", hostPort: 5300" : ""))))));
    var exit = pod.add("eth0");
    assertThat(exit.code()).as(exit.stdout()).isZero();
    ready(node, pod, true);
    var socket = pod.inside.call(() -> new DatagramSocket(new InetSocketAddress("0.0.0.0", 53)));
    Thread.ofVirtual()
        .start(
            () -> {
              var packet = new DatagramPacket(new byte[64], 64);
              var answer = name.getBytes(StandardCharsets.UTF_8);
              try (socket) {
                while (true) {
                  socket.receive(packet);
                  socket.send(new DatagramPacket(answer, answer.length, packet.getSocketAddress()));
                }
              } catch (IOException e) {
                // The namespace has ended, or the test's process.
              }
            });
    return pod;
  }

  private static String path(NodeFixture.Pod pod) {
    return "/api/v1/namespaces/kube-system/pods/" + pod.name;
  }

  private static void ready(NodeFixture node, NodeFixture.Pod pod, boolean ready)
      throws IOException {
    node.api.patch(
        path(pod) + "/status",
        Map.of(
            "status",
            Map.of(
                "phase",
                "Running",
                "podIP",
                pod.address,
                "conditions",
                List.of(Map.of("type", "Ready", "status", ready ? "True" : "False")))));
  }

  private static void service(NodeFixture node, NodeFixture.Pod kube) throws IOException {
    node.create(
        "/api/v1/namespaces/kube-system/services",
        """
        apiVersion: v1
        kind: Service
        metadata: {name: kube-dns, namespace: kube-system}
        spec: {clusterIP: %s, ports: [{name: dns, port: 53, protocol: UDP}]}
        """
            .formatted(DNS));
    node.create(
        "/apis/discovery.k8s.io/v1/namespaces/kube-system/endpointslices",
        """
        apiVersion: discovery.k8s.io/v1
        kind: EndpointSlice
        metadata: {name: dns-1, namespace: kube-system, labels: {kubernetes.io/service-name: kube-dns}}
        addressType: IPv4
        ports: [{name: dns, port: 53, protocol: UDP}]
        endpoints: [{addresses: ["%s"], nodeName: node-1, targetRef: {kind: Pod, name: kube, uid: u}}]
        """
            .formatted(kube.address));
  }

  private static String addressed() {
    return """
    apiVersion: cilium.io/v2
    kind: CiliumLocalRedirectPolicy
    metadata: {name: address, namespace: kube-system}
    spec:
      redirectFrontend: {addressMatcher: {ip: %s, toPorts: [{port: "53", protocol: UDP}]}}
      redirectBackend:
        localEndpointSelector: {matchLabels: {k8s-app: local-dns}}
        toPorts: [{port: "53", protocol: UDP}]
    """
        .formatted(ADDRESS);
  }

  /** Who answers a datagram from a namespace; null: nobody in time. */
  private static @Nullable String ask(NetworkNamespace from, String address, int port) {
    try (var socket = from.call(() -> new DatagramSocket())) {
      socket.setSoTimeout(500);
      var to = new InetSocketAddress(address, port);
      socket.send(new DatagramPacket(new byte[] {1}, 1, to));
      var answer = new DatagramPacket(new byte[64], 64);
      socket.receive(answer);
      // An answer comes from whom was asked, whoever it was.
      assertThat(answer.getSocketAddress()).isEqualTo(to);
      return new String(answer.getData(), 0, answer.getLength(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      return null; // in time, or refused: nobody serves there
    }
  }

  private static void enter(Path group) throws IOException {
    Files.writeString(group.resolve("cgroup.procs"), Long.toString(ProcessHandle.current().pid()));
  }
}
