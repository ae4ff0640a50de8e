package io.ovenet.datapath;

import static io.ovenet.datapath.LiveNode.ANSWER;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ovenet.bpf.SocketDiag;
import io.ovenet.datapath.TestNode.Pod;
import java.io.IOException;
import java.net.ConnectException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Sockets of a cgroup2 directory, into which this process goes for the time of a test. */
class SocketKernelIT {
  private static final InetAddress VIP = InetAddress.ofLiteral("10.96.0.1");
  private static final int TCP = 6;
  private static final int UDP = 17;

  private LiveNode live;
  private TestNode node;
  private TestServices services;
  private SocketPrograms sockets;
  private Path before;
  private Path cgroup;

  @BeforeEach
  void start() throws IOException {
    Path root = root();
    before = root.resolve(ownCgroup().substring(1));
    cgroup = Files.createDirectory(root.resolve("ovt-sockets-" + ProcessHandle.current().pid()));
    live = new LiveNode();
    node = live.node;
    services = new TestServices(node.datapath);
    sockets = SocketPrograms.open(node.bpffs.resolve("ovenet"));
    sockets.attach(cgroup);
    enter(cgroup);
  }

  @AfterEach
  void stop() throws IOException {
    enter(before);
    sockets.detach();
    sockets.close();
    live.close();
    Files.delete(cgroup);
  }

  private static Path root() throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/self/mountinfo"))) {
      int separator = line.indexOf(" - ");
      if (line.startsWith("cgroup2 ", separator + 3)) {
        return Path.of(line.split(" ", 6)[4]);
      }
    }
    throw new IllegalStateException("no cgroup2 is mounted");
  }

  private static String ownCgroup() throws IOException {
    return Files.readAllLines(Path.of("/proc/self/cgroup")).stream()
        .filter(line -> line.startsWith("0::"))
        .findFirst()
        .orElseThrow()
        .substring(3);
  }

  private static void enter(Path cgroup) throws IOException {
    Files.writeString(cgroup.resolve("cgroup.procs"), Long.toString(ProcessHandle.current().pid()));
  }

  private int backend(Pod pod, int port, int protocol) {
    return services.backend(new Backend(pod.address(), port, protocol, Backend.LOCAL, 1));
  }

  /** Says which pod's server answered. */
  private Thread serve(ServerSocket server, int name) {
    return Thread.ofVirtual()
        .start(
            () -> {
              while (!server.isClosed()) {
                try (Socket socket = server.accept()) {
                  socket.getOutputStream().write(name);
                } catch (IOException e) {
                  return; // closed
                }
              }
            });
  }

  private int call(InetAddress address, int port) throws IOException {
    return live.of(node.client)
        .call(
            () -> {
              try (Socket socket = new Socket()) {
                socket.connect(new InetSocketAddress(address, port), (int) ANSWER.toMillis());
                socket.setSoTimeout((int) ANSWER.toMillis());
                return socket.getInputStream().read();
              }
            });
  }

  @Test
  void tcpIsConnectedToABackendFromTheBeginning() throws IOException {
    services.put(VIP, 80, TCP, 5, backend(node.web, 8080, TCP), backend(node.stranger, 8081, TCP));
    Set<Integer> answers = new HashSet<>();
    try (ServerSocket first = live.of(node.web).call(() -> new ServerSocket(8080));
        ServerSocket second = live.of(node.stranger).call(() -> new ServerSocket(8081))) {
      serve(first, 1);
      serve(second, 2);
      for (int i = 0; i < 64; i++) {
        answers.add(call(VIP, 80));
      }
    }
    assertThat(answers).containsExactlyInAnyOrder(1, 2);
    assertThat(services.flows()).as("no packet was translated").isEmpty();
  }

  @Test
  void aNodePortIsServedAtTheAddressesOfOtherNodes() throws IOException {
    InetAddress other = InetAddress.ofLiteral("192.0.2.20");
    int first = services.range(backend(node.web, 8080, TCP));
    services.put(
        new ServiceKey(ServiceKey.ANY_ADDRESS, 30080, TCP, ServiceKey.OTHER_NODES, 0),
        new ServiceValue(5, first, 1, 0, 0, 0, 0));
    try (ServerSocket server = live.of(node.web).call(() -> new ServerSocket(8080))) {
      serve(server, 1);
      assertThatThrownBy(() -> call(other, 30080)).isInstanceOf(IOException.class);
      node.datapath
          .ipcache()
          .upsert(IpcacheKey.of(other), new IpcacheValue(6, 0xc0000214, 0, IpcacheValue.NODE, 0));
      assertThat(call(other, 30080)).isEqualTo(1);
      InetSocketAddress peer =
          live.of(node.client)
              .call(
                  () -> {
                    try (Socket socket = new Socket(other, 30080)) {
                      return (InetSocketAddress) socket.getRemoteSocketAddress();
                    }
                  });
      assertThat(peer).isEqualTo(new InetSocketAddress(other, 30080));
    }
    assertThat(services.flows()).as("no packet was translated").isEmpty();
  }

  @Test
  void affinityHolds() throws IOException {
    services.putAffine(
        VIP, 80, TCP, 5, 3600, backend(node.web, 8080, TCP), backend(node.stranger, 8081, TCP));
    Set<Integer> answers = new HashSet<>();
    try (ServerSocket first = live.of(node.web).call(() -> new ServerSocket(8080));
        ServerSocket second = live.of(node.stranger).call(() -> new ServerSocket(8081))) {
      serve(first, 1);
      serve(second, 2);
      for (int i = 0; i < 64; i++) {
        answers.add(call(VIP, 80));
      }
    }
    assertThat(answers).hasSize(1);
  }

  @Test
  void theHostCallsServicesToo() throws IOException {
    services.put(VIP, 80, TCP, 5, backend(node.web, 8080, TCP));
    try (ServerSocket server = live.of(node.web).call(() -> new ServerSocket(8080))) {
      serve(server, 1);
      int answer =
          node.insideIo(
              () -> {
                try (Socket socket = new Socket(VIP, 80)) {
                  return socket.getInputStream().read();
                }
              });
      assertThat(answer).isEqualTo(1);
    }
  }

  @Test
  void whereNobodyServesConnectFails() {
    services.put(VIP, 80, TCP, 5);
    assertThatThrownBy(() -> call(VIP, 80)).isInstanceOf(ConnectException.class);
  }

  @Test
  void datagramsOfAnUnconnectedSocketGoAndComeByTheService() throws IOException {
    services.put(VIP, 53, UDP, 5, backend(node.web, 5353, UDP));
    var web = new InetSocketAddress(node.web.address(), 5353);
    var vip = new InetSocketAddress(VIP, 53);
    for (var family : StandardProtocolFamily.values()) {
      if (family == StandardProtocolFamily.UNIX) {
        continue;
      }
      try (DatagramSocket server = LiveNode.udp(live.of(node.web), 5353);
          DatagramChannel client = live.of(node.client).call(() -> DatagramChannel.open(family))) {
        assertThat(exchange(client, vip, server)).as("%s by the service", family).isEqualTo(vip);
        assertThat(exchange(client, web, server)).as("%s directly", family).isEqualTo(web);
        assertThat(exchange(client, vip, server)).as("%s again", family).isEqualTo(vip);
      }
    }
  }

  @Test
  void whoSpeaksWithABackendIsKnownAndCanBeEnded() throws IOException {
    int number = backend(node.web, 5353, UDP);
    services.put(VIP, 53, UDP, 5, number);
    try (DatagramSocket server = LiveNode.udp(live.of(node.web), 5353);
        DatagramChannel client = live.of(node.client).call(() -> DatagramChannel.open());
        DatagramChannel other = live.of(node.client).call(() -> DatagramChannel.open())) {
      client.connect(new InetSocketAddress(VIP, 53));
      other.connect(new InetSocketAddress(node.web.address(), 5353));
      // A socket of IPv6, as Java's are, sends to its mapped peer by another way.
      client.write(ByteBuffer.wrap(new byte[1]));
      server.setSoTimeout((int) ANSWER.toMillis());
      server.receive(new DatagramPacket(new byte[8], 8));
      var calls = SocketPrograms.calls(node.bpffs.resolve("ovenet"));
      assertThat(calls.values()).containsExactly(new SocketFrontend(VIP, 5, number, 53));
      SocketKey call = calls.keySet().iterator().next();
      boolean ended =
          live.of(node.client)
              .call(
                  () -> {
                    try (SocketDiag sockets = SocketDiag.open()) {
                      var found =
                          sockets.connected(UDP).stream()
                              .filter(s -> s.cookie() == call.cookie())
                              .toList();
                      assertThat(found).hasSize(1);
                      var socket = found.getFirst();
                      assertThat(
                              new SocketKey(socket.peer(), socket.cookie(), socket.peerPort(), UDP))
                          .isEqualTo(call);
                      return sockets.destroy(socket);
                    }
                  });
      assertThat(ended).isTrue();
      assertThatThrownBy(() -> client.write(ByteBuffer.wrap(new byte[1])))
          .isInstanceOf(IOException.class);
      assertThat(other.write(ByteBuffer.wrap(new byte[1]))).isEqualTo(1);
    }
  }

  /** Sends a word; the address that its answer comes from. */
  private static InetSocketAddress exchange(
      DatagramChannel client, InetSocketAddress to, DatagramSocket server) throws IOException {
    client.send(ByteBuffer.wrap(new byte[] {1, 2, 3}), to);
    server.setSoTimeout((int) ANSWER.toMillis());
    DatagramPacket packet = new DatagramPacket(new byte[8], 8);
    server.receive(packet);
    server.send(packet);
    client.socket().setSoTimeout((int) ANSWER.toMillis());
    DatagramPacket answer = new DatagramPacket(new byte[8], 8);
    client.socket().receive(answer);
    return (InetSocketAddress) answer.getSocketAddress();
  }

  @Test
  void attachedProgramsStayAndGiveWayToOthers() throws IOException {
    assertThat(sockets.isAttached(cgroup)).isTrue();
    try (SocketPrograms second = SocketPrograms.open(node.bpffs.resolve("ovenet"))) {
      assertThat(second.isAttached(cgroup)).isFalse();
      second.attach(cgroup);
      assertThat(second.isAttached(cgroup)).isTrue();
      assertThat(sockets.isAttached(cgroup)).isFalse();
      Path other = Files.createDirectory(cgroup.resolveSibling(cgroup.getFileName() + "-2"));
      try {
        second.attach(other);
        assertThat(second.isAttached(other)).isTrue();
        assertThat(second.isAttached(cgroup)).isFalse();
      } finally {
        Files.delete(other);
      }
      second.attach(cgroup);
      assertThat(second.isAttached(cgroup)).isTrue();
    }
  }
}
