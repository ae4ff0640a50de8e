package io.ovenet.bench;

import io.ovenet.bpf.NetworkNamespace;
import java.io.IOException;
import java.net.InetAddress;

/**
 * Two ends that traffic is sent between. Sockets that the calls open stay in the ends' own
 * namespace.
 */
abstract class Network implements AutoCloseable {
  private final String name;
  private final NetworkNamespace client;
  private final NetworkNamespace server;
  private final InetAddress serverAddress;

  Network(
      String name, NetworkNamespace client, NetworkNamespace server, InetAddress serverAddress) {
    this.name = name;
    this.client = client;
    this.server = server;
    this.serverAddress = serverAddress;
  }

  /** What the figures call it. */
  final String name() {
    return name;
  }

  final InetAddress serverAddress() {
    return serverAddress;
  }

  /** Runs {@code opening} in the client's network namespace. */
  final <T> T inClient(Opening<T> opening) throws IOException {
    return client.call(opening::open);
  }

  /** Runs {@code opening} in the server's network namespace. */
  final <T> T inServer(Opening<T> opening) throws IOException {
    return server.call(opening::open);
  }

  @Override
  public void close() {
    client.close();
    server.close();
  }

  /** Opens sockets; runs on a thread of the namespace. */
  interface Opening<T> {
    T open() throws IOException;
  }
}
