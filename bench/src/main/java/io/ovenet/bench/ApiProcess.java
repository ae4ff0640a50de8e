package io.ovenet.bench;

import io.ovenet.bpf.NetworkNamespace;
import io.ovenet.lab.api.ApiServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Path;

/**
 * The lab's API server in a process of its own, as durable as in a lab. Says {@code ready PORT} and
 * ends when its standard input does.
 */
final class ApiProcess {
  /** Where it also listens, on the loopback address of the node's namespace. */
  static final int NODE_PORT = 6443;

  private ApiProcess() {}

  /**
   * Arguments: directory of the data, its port (0: any), and where it listens for a node, too, the
   * file of that node's network namespace.
   */
  public static void main(String[] arguments) throws IOException {
    try (ApiServer server =
        ApiServer.start(
            Path.of(arguments[0]),
            ApiServer.Options.DEFAULT
                .withPort(Integer.parseInt(arguments[1]))
                .withGracefulPods(arguments.length > 2))) {
      if (arguments.length > 2) {
        listen(server, Path.of(arguments[2]));
      }
      System.out.println("ready " + server.port());
      System.out.flush();
      System.in.readAllBytes();
    }
    System.exit(0);
  }

  private static void listen(ApiServer server, Path namespace) throws IOException {
    try (NetworkNamespace node = NetworkNamespace.open(namespace)) {
      server.listen(
          node.call(
              () ->
                  ServerSocketChannel.open()
                      .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), NODE_PORT))));
    }
  }
}
