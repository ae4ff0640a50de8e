package io.ovenet.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.bpf.Netlink;
import io.ovenet.datapath.DatapathOptions;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.DatagramChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A hundred pods are added at once; the first packet of each is treated as policy says. */
class AddManyKernelIT {
  private static final int PODS = 100;
  private static final String POLICY =
      """
      endpointSelector: {matchLabels: {app: server}}
      ingress:
      - fromEndpoints: [{matchLabels: {access: granted}}]
        toPorts: [{ports: [{port: "7000", protocol: UDP}]}]
      """;

  @TempDir Path directory;

  @Test
  void theFirstPacketOfEachHasItsVerdict() throws Exception {
    try (var node = new NodeFixture(directory);
        var threads = Executors.newFixedThreadPool(PODS)) {
      node.startAgent();
      var server = node.addedPod("shop", "server", Map.of("app", "server"));
      node.policy("shop", "server", POLICY);
      var before = node.addedPod("shop", "before", Map.of("app", "before"));
      server.serve(7000);
      NodeFixture.await("in force", () -> !before.reaches(server, 7000));

      var pods = new ArrayList<NodeFixture.Pod>();
      for (int i = 0; i < PODS; i++) {
        // Half of them share a few identities, each of the others has one of its own.
        var labels =
            i % 2 == 0
                ? Map.of("access", i % 4 == 0 ? "granted" : "denied")
                : Map.of("access", i % 4 == 1 ? "granted" : "denied", "number", "n" + i);
        pods.add(node.pod("shop", "pod-" + i, labels));
      }
      var arrived = new ConcurrentSkipListSet<String>();
      try (var at = bound(server)) {
        Thread.ofPlatform().daemon().start(() -> receive(at, arrived));
        var calls = new ArrayList<Callable<CniShim.Exit>>();
        for (var pod : pods) {
          calls.add(
              () -> {
                var exit = pod.add("eth0");
                if (exit.code() == 0) {
                  send(pod, server);
                }
                return exit;
              });
        }
        for (var exit : threads.invokeAll(calls)) {
          assertThat(exit.get().code()).as("%s", exit.get()).isZero();
        }
        Set<String> granted = new TreeSet<>();
        Set<String> addresses = new HashSet<>();
        for (int i = 0; i < PODS; i++) {
          addresses.add(pods.get(i).address);
          if (i % 4 < 2) {
            granted.add(pods.get(i).address);
          }
        }
        pods.forEach(AddManyKernelIT::knowsItsGateway);
        assertThat(addresses).hasSize(PODS).doesNotContain(server.address, before.address);
        NodeFixture.await("all that are granted arrive", () -> arrived.containsAll(granted));
        // One that was sent after all others has arrived: what was denied will not arrive any more.
        for (int i = 0; i < PODS; i += 4) {
          arrived.remove(pods.get(i).address);
          send(pods.get(i), server);
        }
        NodeFixture.await("again", () -> arrived.containsAll(granted));
        assertThat(arrived).isEqualTo(granted);
      }
      for (var pod : pods) {
        assertThat(pod.cni("DEL", "eth0", "1.0.0").code()).isZero();
      }
      try (var left = Files.list(directory.resolve("state/endpoints"))) {
        assertThat(left).hasSize(2);
      }
    }
  }

  /** Without asking, since neighbours that are asked for are limited for all pods together. */
  private static void knowsItsGateway(NodeFixture.Pod pod) {
    try (var netlink = Netlink.open(pod.inside)) {
      assertThat(netlink.neighbours().list())
          .singleElement()
          .satisfies(
              gateway -> {
                assertThat(gateway.address()).isEqualTo(DatapathOptions.GATEWAY);
                assertThat(gateway.mac()).isEqualTo(DatapathOptions.GATEWAY_MAC);
                assertThat(gateway.permanent()).isTrue();
              });
    }
  }

  private static DatagramChannel bound(NodeFixture.Pod pod) throws Exception {
    return pod.inside.call(
        () -> {
          var channel = DatagramChannel.open();
          channel.setOption(StandardSocketOptions.SO_RCVBUF, 1 << 20);
          return channel.bind(new InetSocketAddress(pod.address, 7000));
        });
  }

  private static void receive(DatagramChannel at, Set<String> arrived) {
    var buffer = ByteBuffer.allocate(16);
    try {
      while (true) {
        var from = (InetSocketAddress) at.receive(buffer.clear());
        arrived.add(from.getAddress().getHostAddress());
      }
    } catch (AsynchronousCloseException e) {
      return;
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  /** One datagram, never repeated. */
  private static void send(NodeFixture.Pod from, NodeFixture.Pod to) throws java.io.IOException {
    try (var channel = from.inside.call(DatagramChannel::open)) {
      channel.send(ByteBuffer.wrap(new byte[] {1}), new InetSocketAddress(to.address, 7000));
    }
  }
}
