package io.ovenet.lab;

import io.ovenet.bpf.NetworkNamespace;
import io.ovenet.lab.api.PodPorts;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;

/** Connections to ports of pods, as the API's `portforward` asks for them. Thread-safe. */
final class PodConnections implements PodPorts {
  private final RunningPods pods;

  PodConnections(RunningPods pods) {
    this.pods = pods;
  }

  @Override
  public Port of(String namespace, String pod, int port) {
    RunningPods.Running running = pods.find(namespace, pod);
    InetSocketAddress address = new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port);
    return () -> connect(running, address);
  }

  private static SocketChannel connect(RunningPods.Running running, InetSocketAddress address)
      throws IOException {
    try (NetworkNamespace inside =
        NetworkNamespace.open(Path.of("/proc/" + running.holder() + "/ns/net"))) {
      return inside.call(() -> SocketChannel.open(address));
    }
  }
}
