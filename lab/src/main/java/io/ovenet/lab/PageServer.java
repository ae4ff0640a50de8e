package io.ovenet.lab;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The web page's server, on the machine's own loopback so that its browser reaches it. */
final class PageServer {
  /** The command that starts it; without one there is none. */
  static final List<String> COMMAND =
      LabPlan.words(System.getenv().getOrDefault("OVENET_UI_COMMAND", ""));

  /** Where it is, if nothing else is there. */
  private static final int USUAL_PORT = 12_000;

  private PageServer() {}

  /**
   * A port that nobody has: the usual one, else any. Somebody may take it before the page's server
   * does, which is then started until it has it.
   */
  static int freePort() throws IOException {
    InetAddress loopback = InetAddress.getLoopbackAddress();
    try (ServerSocket usual = new ServerSocket(USUAL_PORT, 1, loopback)) {
      return usual.getLocalPort();
    } catch (IOException taken) {
      try (ServerSocket any = new ServerSocket(0, 1, loopback)) {
        return any.getLocalPort();
      }
    }
  }

  /**
   * Starts it.
   *
   * @param group that it joins, so that it goes with the lab
   * @param hubble the relay's socket
   */
  static SupervisedProcess start(
      ControlGroup group, int port, Path hubble, Path kubeconfig, Path log) throws IOException {
    List<String> command = new ArrayList<>(COMMAND);
    command.add("--listen=127.0.0.1:" + port);
    command.add("--server=unix://" + hubble);
    command.add("--kubeconfig=" + kubeconfig);
    return SupervisedProcess.start("page", Invocation.joining(group.make().procs(), command), log);
  }

  static String url(int port) {
    return "http://127.0.0.1:" + port + "/";
  }
}
