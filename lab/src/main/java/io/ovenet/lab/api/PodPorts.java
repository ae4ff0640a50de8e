package io.ovenet.lab.api;

import java.io.IOException;
import java.nio.channels.SocketChannel;

/** Finds TCP ports of pods; the node runtime gives it. */
@FunctionalInterface
public interface PodPorts {
  /** A port at a pod's loopback address. */
  @FunctionalInterface
  interface Port {
    /**
     * Connects to it; the caller closes the connection.
     *
     * @throws IOException if nothing listens there
     */
    SocketChannel connect() throws IOException;
  }

  /**
   * Finds one, whether or not something listens there.
   *
   * @throws ApiException if there is no such pod, or it does not run
   */
  Port of(String namespace, String pod, int port);
}
