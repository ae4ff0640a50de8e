package io.ovenet.datapath;

import io.ovenet.bpf.AttachMode;
import io.ovenet.datapath.Endpoint.Flag;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/**
 * Loads every program as it is shipped and judges it by packets between two namespaces, in a
 * process of its own: what {@link OtherKernelsIT} runs on another kernel. Ends with 0 if all is
 * well.
 */
final class KernelJourney {
  private static final int PORT = 80;

  /** As long as an answer takes on an emulated processor of a busy machine. */
  private static final Duration ANSWER = Duration.ofSeconds(60);

  private static final Duration SILENCE = Duration.ofSeconds(2);

  private KernelJourney() {}

  public static void main(String[] arguments) throws IOException {
    System.out.println(
        "kernel "
            + Files.readString(Path.of("/proc/sys/kernel/osrelease")).strip()
            + ", programs attached by "
            + AttachMode.select());
    try (LiveNode live = new LiveNode(TestNode.options().withAnswerRefused(true))) {
      TestNode node = live.node;
      node.enforce(node.web, Flag.ENFORCE_INGRESS);
      node.rule(node.web, PolicyKey.INGRESS, TestNode.CLIENT, 6, PORT, Verdict.ALLOW, 5);
      try (ServerSocket server = live.of(node.web).call(() -> new ServerSocket(PORT))) {
        Thread.ofPlatform().daemon().start(() -> echo(server));
        passes(live, node.web.address());
        isRefused(live, node.stranger, PORT);
        isRefused(live, node.client, PORT + 1);
        callsAService(live);
      }
      var events = node.events().stream().map(TestNode.Seen::what).toList();
      for (String expected : new String[] {"ALLOW in", "DEFAULT in", "drop POLICY_DENIED NONE"}) {
        if (!events.contains(expected)) {
          throw new IllegalStateException("no event " + expected + " among " + events);
        }
      }
      System.out.println("events say so");
    }
    System.exit(0);
  }

  /** By packets; that sockets' programs load is all that is asked of them here. */
  private static void callsAService(LiveNode live) throws IOException {
    TestNode node = live.node;
    InetAddress service = InetAddress.ofLiteral("10.96.0.1");
    TestServices services = new TestServices(node.datapath);
    Backend backend = new Backend(node.web.address(), PORT, 6, Backend.LOCAL, 1);
    services.put(service, PORT, 6, 1, services.backend(backend));
    passes(live, service);
    SocketPrograms.open(node.bpffs.resolve("ovenet")).close();
  }

  private static Socket connect(
      LiveNode live, TestNode.Pod from, InetAddress address, int port, Duration patience)
      throws IOException {
    return live.of(from)
        .call(
            () -> {
              Socket socket = new Socket();
              try {
                socket.connect(new InetSocketAddress(address, port), (int) patience.toMillis());
                return socket;
              } catch (IOException e) {
                socket.close();
                throw e;
              }
            });
  }

  private static void passes(LiveNode live, InetAddress address) throws IOException {
    try (Socket socket = connect(live, live.node.client, address, PORT, ANSWER)) {
      socket.setSoTimeout((int) ANSWER.toMillis());
      for (int i = 0; i < 100; i++) {
        socket.getOutputStream().write(i);
        if (socket.getInputStream().read() != i) {
          throw new IOException("another byte came back");
        }
      }
    }
    System.out.println("what policy allows passes to " + address.getHostAddress());
  }

  private static void isRefused(LiveNode live, TestNode.Pod from, int port) throws IOException {
    try (Socket socket = connect(live, from, live.node.web.address(), port, SILENCE)) {
      throw new IllegalStateException(socket + " is connected");
    } catch (SocketTimeoutException silence) {
      System.out.println("port " + port + " is refused to pod " + from.id());
    }
  }

  private static void echo(ServerSocket server) {
    while (!server.isClosed()) {
      try (Socket connection = server.accept()) {
        connection.getInputStream().transferTo(connection.getOutputStream());
      } catch (IOException e) {
        if (!server.isClosed()) {
          throw new UncheckedIOException(e);
        }
      }
    }
  }
}
