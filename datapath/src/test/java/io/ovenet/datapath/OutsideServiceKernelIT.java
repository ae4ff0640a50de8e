package io.ovenet.datapath;

import static io.ovenet.datapath.LiveNode.ANSWER;
import static io.ovenet.datapath.LiveNode.SILENCE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ovenet.bpf.IpPrefix;
import io.ovenet.bpf.MacAddress;
import io.ovenet.bpf.Netlink;
import io.ovenet.bpf.NetworkNamespace;
import io.ovenet.datapath.Endpoint.Flag;
import io.ovenet.datapath.TestNode.Pod;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.PortUnreachableException;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Who calls a service from outside, by sockets that know nothing of it. */
class OutsideServiceKernelIT {
  private static final InetAddress HERE = TestNode.NETWORK.address();
  private static final InetAddress VIP = InetAddress.ofLiteral("10.100.0.10");
  private static final InetAddress ELSEWHERE = InetAddress.ofLiteral("198.51.100.20");
  private static final int TCP = 6;
  private static final int UDP = 17;
  private static final int WORLD = 2;
  private static final int SERVICE = 5;

  private LiveNode live;
  private TestNode node;
  private TestServices services;
  private Pod web;

  @BeforeEach
  void start() throws IOException {
    live = new LiveNode(TestNode.options().withNetwork(TestNode.NETWORK));
    node = live.node;
    services = new TestServices(node.datapath);
    web = node.web;
    node.datapath.ipcache().upsert(IpcacheKey.of(HERE), new IpcacheValue(1));
    node.inside(
        () -> {
          node.datapath.attachNetwork(TestNode.NETWORK.ifindex());
          return true;
        });
  }

  @AfterEach
  void stop() throws IOException {
    live.close();
  }

  private int webBackend() {
    return services.backend(new Backend(web.address(), 8080, TCP, Backend.LOCAL, 1));
  }

  private void put(InetAddress address, int port, int flags, int... backends) {
    services.put(
        new ServiceKey(address, port, TCP),
        new ServiceValue(SERVICE, services.range(backends), backends.length, 0, 0, 0, flags));
  }

  /** Tells who calls by whose address, and closes. */
  private static void serve(ServerSocket server) {
    Thread.ofVirtual()
        .start(
            () -> {
              while (!server.isClosed()) {
                try (Socket socket = server.accept()) {
                  socket
                      .getOutputStream()
                      .write(
                          socket
                              .getInetAddress()
                              .getHostAddress()
                              .getBytes(StandardCharsets.US_ASCII));
                } catch (IOException e) {
                  return; // closed
                }
              }
            });
  }

  private ServerSocket serve(NetworkNamespace namespace, InetAddress at) throws IOException {
    ServerSocket server =
        namespace.call(
            () -> {
              ServerSocket socket = new ServerSocket();
              socket.bind(new InetSocketAddress(at, 8080));
              return socket;
            });
    serve(server);
    return server;
  }

  /** What the server says, or an exception. */
  private String call(InetAddress address, int port, int patienceMillis) throws IOException {
    return live.outside()
        .call(
            () -> {
              try (Socket socket = new Socket()) {
                socket.bind(new InetSocketAddress(TestNode.OUTSIDE, 0));
                socket.connect(new InetSocketAddress(address, port), patienceMillis);
                socket.setSoTimeout((int) ANSWER.toMillis());
                return new String(
                    socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
              }
            });
  }

  private String call(InetAddress address, int port) throws IOException {
    return call(address, port, (int) ANSWER.toMillis());
  }

  private void isNotServed(InetAddress address, int port) {
    assertThatThrownBy(() -> call(address, port, (int) SILENCE.toMillis()))
        .isInstanceOf(IOException.class); // silence, or the stack says that it knows no way
  }

  private List<String> seen() {
    return node.events().stream().map(TestNode.Seen::what).toList();
  }

  @Test
  void aBackendHereSeesWhoCallsAndPolicyDoes() throws IOException {
    int number = webBackend();
    put(VIP, 80, ServiceValue.EXTERNAL, number);
    put(HERE, 30_080, ServiceValue.EXTERNAL, number);
    try (ServerSocket server = serve(live.of(web), web.address())) {
      assertThat(call(VIP, 80)).isEqualTo(TestNode.OUTSIDE.getHostAddress());
      assertThat(call(HERE, 30_080)).isEqualTo(TestNode.OUTSIDE.getHostAddress());
      node.enforce(web, Flag.ENFORCE_INGRESS);
      node.changed(web);
      node.events();
      isNotServed(VIP, 80);
      assertThat(seen()).contains("drop POLICY_DENIED NONE");
      node.rule(web, PolicyKey.INGRESS, WORLD, TCP, 8080, Verdict.ALLOW, 9);
      assertThat(call(VIP, 80)).isEqualTo(TestNode.OUTSIDE.getHostAddress());
      assertThat(server.isClosed()).isFalse();
    }
  }

  @Test
  void onlyWhatIsForTheOutsideIsServedThere() throws IOException {
    put(VIP, 80, 0, webBackend());
    try (ServerSocket server = serve(live.of(web), web.address())) {
      isNotServed(VIP, 80);
      // The outside has backends of its own where it has an entry of its own.
      services.put(
          new ServiceKey(VIP, 80, TCP, ServiceKey.OUTSIDE, 0),
          new ServiceValue(
              SERVICE, services.range(webBackend()), 1, 0, 0, 0, ServiceValue.EXTERNAL));
      assertThat(call(VIP, 80)).isEqualTo(TestNode.OUTSIDE.getHostAddress());
      assertThat(server.isClosed()).isFalse();
    }
  }

  @Test
  void whoIsInNoSourceRangeIsRefused() throws IOException {
    put(VIP, 80, ServiceValue.EXTERNAL | ServiceValue.SOURCE_RANGES, webBackend());
    var ranges = node.datapath.sourceRanges();
    ranges.upsert(new SourceRangeKey(SERVICE, InetAddress.ofLiteral("203.0.113.0"), 24), 1);
    ranges.upsert(new SourceRangeKey(SERVICE + 1, InetAddress.ofLiteral("0.0.0.0"), 0), 1);
    try (ServerSocket server = serve(live.of(web), web.address())) {
      isNotServed(VIP, 80);
      assertThat(seen()).contains("drop DENIED_BY_LB_SRC_RANGE_CHECK NONE");
      ranges.upsert(new SourceRangeKey(SERVICE, TestNode.OUTSIDE, 24), 1);
      assertThat(call(VIP, 80)).isEqualTo(TestNode.OUTSIDE.getHostAddress());
      assertThat(server.isClosed()).isFalse();
    }
  }

  @Test
  void whereNobodyServesACallIsDroppedAndSaid() {
    put(VIP, 80, ServiceValue.EXTERNAL);
    isNotServed(VIP, 80);
    assertThat(seen()).contains("drop SERVICE_BACKEND_NOT_FOUND NONE");
  }

  @Test
  void aBackendElsewhereIsCalledByTheNodesAddress() throws IOException {
    try (Netlink netlink = Netlink.open(live.outside())) {
      int far = Objects.requireNonNull(netlink.links().get("far")).ifindex();
      netlink.addresses().add(far, IpPrefix.host(ELSEWHERE));
    }
    node.datapath
        .ipcache()
        .upsert(
            IpcacheKey.of(ELSEWHERE),
            new IpcacheValue(TestNode.STRANGER, 0, 0, IpcacheValue.POD, 0));
    put(VIP, 80, ServiceValue.EXTERNAL, services.backend(new Backend(ELSEWHERE, 8080, TCP, 0, 1)));
    try (ServerSocket server = serve(live.outside(), ELSEWHERE)) {
      for (int i = 0; i < 3; i++) {
        assertThat(call(VIP, 80)).isEqualTo(HERE.getHostAddress());
      }
      assertThat(server.isClosed()).isFalse();
    }
    assertThat(services.flows()).hasSize(3);
    node.datapath
        .conntrack()
        .forEach(
            (key, entry) -> {
              assertThat(entry.nat()).isNotZero();
              assertThat(entry.frontend()).isEqualTo(VIP);
            });
  }

  /**
   * The error is about the node's address and the backend's, and comes as one about the service.
   */
  @Test
  void whoseDatagramNobodyTakesElsewhereIsTold() throws IOException {
    try (Netlink netlink = Netlink.open(live.outside())) {
      int far = Objects.requireNonNull(netlink.links().get("far")).ifindex();
      netlink.addresses().add(far, IpPrefix.host(ELSEWHERE));
    }
    node.datapath
        .ipcache()
        .upsert(
            IpcacheKey.of(ELSEWHERE),
            new IpcacheValue(TestNode.STRANGER, 0, 0, IpcacheValue.POD, 0));
    int backend = services.backend(new Backend(ELSEWHERE, 5353, UDP, 0, 1));
    services.put(
        new ServiceKey(VIP, 53, UDP),
        new ServiceValue(SERVICE, services.range(backend), 1, 0, 0, 0, ServiceValue.EXTERNAL));
    try (DatagramSocket client =
        live.outside().call(() -> new DatagramSocket(0, TestNode.OUTSIDE))) {
      client.connect(VIP, 53);
      client.setSoTimeout((int) ANSWER.toMillis());
      client.send(new DatagramPacket(new byte[1], 1));
      assertThatThrownBy(() -> client.receive(new DatagramPacket(new byte[8], 8)))
          .isInstanceOf(PortUnreachableException.class);
    }
    assertThat(seen()).contains("TO_NETWORK RELATED").noneMatch(what -> what.startsWith("drop"));
  }

  @Test
  void anotherNodeWouldChooseTheSameBackend() throws IOException {
    int first = webBackend();
    int second =
        services.backend(new Backend(node.stranger.address(), 8080, TCP, Backend.LOCAL, 1));
    int[] maglev = new int[13];
    for (int i = 0; i < maglev.length; i++) {
      maglev[i] = i % 2 == 0 ? first : second;
    }
    int table = services.range(maglev);
    services.put(
        new ServiceKey(VIP, 80, TCP),
        new ServiceValue(
            SERVICE, services.range(first, second), 2, table, 13, 0, ServiceValue.EXTERNAL));
    Map<Integer, String> once = new HashMap<>();
    for (int port = 1000; port < 1064; port++) {
      once.put(port, serverOf(port));
    }
    assertThat(new HashSet<>(once.values())).hasSize(2);
    Set<ServiceFlowKey> flows = services.flows().keySet();
    node.datapath.serviceFlows().deleteAll(flows);
    Set<ConntrackKey> connections = new HashSet<>();
    node.datapath.conntrack().forEach((key, entry) -> connections.add(key));
    node.datapath.conntrack().deleteAll(connections);
    for (int port = 1000; port < 1064; port++) {
      assertThat(serverOf(port)).as("port " + port).isEqualTo(once.get(port));
    }
  }

  private String serverOf(int port) throws IOException {
    Frame frame =
        Frame.of(
                MacAddress.parse("02:00:00:00:00:01"),
                MacAddress.parse("02:00:00:00:00:02"),
                TestNode.OUTSIDE,
                VIP)
            .tcp(port, 80, Frame.SYN);
    TestNode.Outcome outcome = node.run(Datapath.FROM_NETWORK, web, frame.bytes());
    assertThat(outcome.returned()).isEqualTo(TestNode.REDIRECT);
    return InetAddress.getByAddress(Arrays.copyOfRange(outcome.packet(), 30, 34)).getHostAddress();
  }
}
