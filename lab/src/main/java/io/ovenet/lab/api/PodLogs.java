package io.ovenet.lab.api;

import java.io.IOException;
import java.io.OutputStream;

/** Where the output of containers comes from; the node runtime gives it. */
@FunctionalInterface
public interface PodLogs {
  /**
   * What is asked for.
   *
   * @param container "" for the pod's only or first one
   * @param follow whether to go on until the container ends
   * @param tailLines how many of the latest lines, or -1 for all
   * @param previous whether the container's run before the current one is meant
   */
  record Request(
      String namespace,
      String pod,
      String container,
      boolean follow,
      long tailLines,
      boolean timestamps,
      boolean previous) {}

  /**
   * Writes the output to a stream, on a virtual thread of its own.
   *
   * @throws IOException if the stream's reader is gone
   * @throws ApiException before the first byte, if there is no such output
   */
  void write(Request request, OutputStream out) throws IOException, InterruptedException;
}
