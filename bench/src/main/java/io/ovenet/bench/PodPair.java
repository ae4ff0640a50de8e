package io.ovenet.bench;

import io.ovenet.bpf.NetworkNamespace;
import java.net.InetAddress;
import java.nio.file.Path;

/** Two pods of a lab: the whole product, as shipped. */
final class PodPair extends Network {
  private PodPair(
      String name, NetworkNamespace client, NetworkNamespace server, InetAddress serverAddress) {
    super(name, client, server, serverAddress);
  }

  /** From the processes of two pods. */
  static PodPair of(String name, long clientPid, long serverPid, String serverAddress) {
    return new PodPair(
        name, namespace(clientPid), namespace(serverPid), InetAddress.ofLiteral(serverAddress));
  }

  private static NetworkNamespace namespace(long pid) {
    return NetworkNamespace.open(Path.of("/proc", Long.toString(pid), "ns", "net"));
  }
}
