package io.ovenet.lab.api;

import java.io.IOException;
import java.util.List;

/** Runs commands in containers; the node runtime gives it. */
@FunctionalInterface
public interface PodExec {
  /**
   * What is asked for.
   *
   * @param container "" for the pod's only or first one
   * @param tty whether the command gets a terminal, whose output and errors are then one
   */
  record Request(
      String namespace, String pod, String container, List<String> command, boolean tty) {}

  /**
   * Starts a command; the caller reads and writes its streams, waits for its end and ends it.
   *
   * @throws ApiException if there is no such container, or none that runs
   */
  Process start(Request request) throws IOException;
}
