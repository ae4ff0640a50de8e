package io.ovenet.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The agent, the kernel's translation by packet, and objects of the API: a service and its pods.
 */
class ServicesKernelIT {
  private static final String SLICES = "/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices";

  @TempDir private Path directory;

  /** The test's own sockets stay out of it: they are not below this directory. */
  private static Path controlGroup() throws Exception {
    for (var line : Files.readAllLines(Path.of("/proc/self/mountinfo"))) {
      int separator = line.indexOf(" - ");
      if (separator > 0 && line.startsWith("cgroup2 ", separator + 3)) {
        return Files.createDirectories(
            Path.of(line.split(" ", -1)[4], "ovt-agent-" + ProcessHandle.current().pid()));
      }
    }
    throw new AssertionError("no cgroup2 is mounted");
  }

  @Test
  void aClusterIpLeadsToItsPodsAndToNobodyWithoutThem() throws Exception {
    var group = controlGroup();
    try (var node =
        new NodeFixture(
            directory,
            "--kube-proxy-replacement=true",
            "--kube-proxy-replacement-healthz-bind-address=:10256",
            "--cgroup-root=" + group)) {
      node.startAgent();
      var client = node.addedPod("shop", "client", Map.of("app", "client"));
      var web = node.addedPod("shop", "web", Map.of("app", "web"));
      web.serve(8080);
      node.create(
          "/api/v1/namespaces/shop/services",
          """
          apiVersion: v1
          kind: Service
          metadata: {name: web, namespace: shop}
          spec: {clusterIP: 10.96.7.7, ports: [{name: http, port: 80}]}
          """);
      node.create(
          SLICES,
          """
          apiVersion: discovery.k8s.io/v1
          kind: EndpointSlice
          metadata: {name: web-1, namespace: shop, labels: {kubernetes.io/service-name: web}}
          addressType: IPv4
          ports: [{name: http, port: 8080, protocol: TCP}]
          endpoints: [{addresses: ["%s"], nodeName: node-1, targetRef: {kind: Pod, name: web, uid: u}}]
          """
              .formatted(web.address));
      NodeFixture.await("the service answers", () -> answers(client, "10.96.7.7", 80));

      // What stands, stands over a restart of the agent; the service goes on without it.
      try (var standing = connect(client, "10.96.7.7", 80)) {
        assertThat(NodeFixture.echoes(standing)).isTrue();
        node.killAgent();
        assertThat(answers(client, "10.96.7.7", 80)).isTrue();
        node.startAgent();
        NodeFixture.await(
            "services in force again",
            () -> node.readLog().split("services are in force", -1).length == 3);
        assertThat(NodeFixture.echoes(standing)).isTrue();
        assertThat(answers(client, "10.96.7.7", 80)).isTrue();
      }
      assertThat(node.api.delete(SLICES + "/web-1", Map.of())).isTrue();
      NodeFixture.await("nobody answers", () -> !answers(client, "10.96.7.7", 80));
    } finally {
      Files.deleteIfExists(group);
    }
  }

  private static Socket connect(NodeFixture.Pod from, String address, int port) throws Exception {
    var socket = from.inside.call(Socket::new);
    from.inside.call(
        () -> {
          socket.connect(new InetSocketAddress(address, port), 1000);
          return socket;
        });
    socket.setSoTimeout(1000);
    return socket;
  }

  private static boolean answers(NodeFixture.Pod from, String address, int port) {
    try (var socket = connect(from, address, port)) {
      return NodeFixture.echoes(socket);
    } catch (Exception e) {
      return false;
    }
  }
}
