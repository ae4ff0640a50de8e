package io.ovenet.bench;

import java.io.IOException;
import java.net.InetAddress;

/**
 * Two ends that traffic is sent between. Sockets that the calls open stay in the ends' own
 * namespace.
 */
interface Network extends AutoCloseable {
  /** What the figures call it. */
  String name();

  InetAddress serverAddress();

  /** Runs {@code opening} in the client's network namespace. */
  <T> T inClient(Opening<T> opening) throws IOException;

  /** Runs {@code opening} in the server's network namespace. */
  <T> T inServer(Opening<T> opening) throws IOException;

  @Override
  void close() throws IOException;

  /** Opens sockets; runs on a thread of the namespace. */
  interface Opening<T> {
    T open() throws IOException;
  }
}
