package io.ovenet.datapath;

import static io.ovenet.datapath.LiveNode.ANSWER;
import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.bpf.NetworkNamespace;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/**
 * A pod that begins ever new connections, by real packets between namespaces, beside others' that
 * last. See {@link ConntrackKernelIT} for the same packet by packet.
 */
class FloodKernelIT {
  private static final int TABLE = 4096;
  private static final int LASTING = 200;
  private static final int FLOODERS = 2;
  private static final int TUPLES = 12 * TABLE;
  private static final int TCP = 6;
  private static final int PORT = 80;

  @Test
  void anEndpointThatFloodsCostsTheOthersNoConnection() throws Exception {
    try (LiveNode live = new LiveNode(TestNode.options().withConnections(TABLE));
        ServerSocket server = live.of(live.node.web).call(() -> new ServerSocket(PORT, LASTING))) {
      Thread.ofPlatform().daemon().name("echo").start(() -> accept(server));
      List<Socket> connections = new ArrayList<>();
      try {
        for (int i = 0; i < LASTING; i++) {
          connections.add(connect(live));
        }
        exchange(connections);
        Map<Integer, Long> before = began(live.node);
        assertThat(before).hasSize(LASTING);

        List<Thread> flooders = new ArrayList<>();
        for (int i = 0; i < FLOODERS; i++) {
          NetworkNamespace stranger = live.of(live.node.stranger);
          InetAddress target = live.node.web.address();
          flooders.add(Thread.ofPlatform().start(() -> flood(stranger, target)));
        }
        int rounds = 0;
        while (flooders.stream().anyMatch(Thread::isAlive) || rounds == 0) {
          exchange(connections);
          rounds++;
        }
        exchange(connections);
        assertThat(began(live.node)).as("the same connections as before").isEqualTo(before);
        assertThat(live.node.connections()).as("the table was full").isGreaterThan(TABLE / 2);
        try (Socket another = connect(live)) {
          exchange(List.of(another));
        }
      } finally {
        for (Socket connection : connections) {
          connection.close();
        }
      }
    }
  }

  private static Socket connect(LiveNode live) throws IOException {
    return live.of(live.node.client)
        .call(
            () -> {
              Socket socket = new Socket();
              socket.setSoTimeout((int) ANSWER.toMillis());
              socket.connect(
                  new InetSocketAddress(live.node.web.address(), PORT), (int) ANSWER.toMillis());
              return socket;
            });
  }

  private static void accept(ServerSocket server) {
    while (true) {
      try {
        Socket connection = server.accept();
        Thread.ofVirtual().start(() -> echo(connection));
      } catch (IOException closed) {
        return;
      }
    }
  }

  private static void echo(Socket connection) {
    try (connection) {
      connection.getInputStream().transferTo(connection.getOutputStream());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void exchange(List<Socket> connections) throws IOException {
    for (Socket connection : connections) {
      connection.getOutputStream().write(7);
      assertThat(connection.getInputStream().read()).isEqualTo(7);
    }
  }

  private static void flood(NetworkNamespace from, InetAddress to) {
    try (DatagramSocket socket = LiveNode.udp(from, 0)) {
      for (int i = 0; i < TUPLES; i++) {
        socket.send(new DatagramPacket(new byte[1], 1, to, 1 + i));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** When the connections to the server began, by the client's port. */
  private static Map<Integer, Long> began(TestNode node) {
    Map<Integer, Long> began = new TreeMap<>();
    node.datapath
        .conntrack()
        .forEach(
            (key, entry) -> {
              if (key.protocol() == TCP) {
                began.put(key.loPort() == PORT ? key.hiPort() : key.loPort(), entry.beganAtNanos());
              }
            });
    return began;
  }
}
