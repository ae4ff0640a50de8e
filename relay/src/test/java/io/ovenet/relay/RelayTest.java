package io.ovenet.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.Timestamp;
import com.google.protobuf.util.Timestamps;
import io.grpc.BindableService;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import io.ovenet.api.flow.Flow;
import io.ovenet.api.observer.GetAgentEventsRequest;
import io.ovenet.api.observer.GetFlowsRequest;
import io.ovenet.api.observer.GetFlowsResponse;
import io.ovenet.api.observer.GetNamespacesRequest;
import io.ovenet.api.observer.GetNamespacesResponse;
import io.ovenet.api.observer.GetNodesRequest;
import io.ovenet.api.observer.Namespace;
import io.ovenet.api.observer.ObserverGrpc;
import io.ovenet.api.observer.ServerStatusRequest;
import io.ovenet.api.observer.ServerStatusResponse;
import io.ovenet.api.relay.NodeState;
import io.ovenet.flow.HubbleServer;
import io.ovenet.flow.PeerService;
import io.ovenet.flow.Peers;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A relay between a client and agents, over real connections. */
@Timeout(120)
final class RelayTest {
  @TempDir Path directory = Path.of("");
  private final Peers peers = new Peers();
  private final List<AutoCloseable> open = new ArrayList<>();
  private ObserverGrpc.ObserverBlockingStub client;

  /** An agent with flows at given seconds. Silent: it begins to answer and never goes on. */
  private record Agent(String name, List<Long> seconds, boolean silent) {
    BindableService service() {
      return new ObserverGrpc.ObserverImplBase() {
        @Override
        public void getFlows(GetFlowsRequest request, StreamObserver<GetFlowsResponse> to) {
          if (request.getWhitelistCount() > 0) {
            to.onError(
                Status.INVALID_ARGUMENT.withDescription("no such filter").asRuntimeException());
            return;
          }
          long skipped =
              request.getNumber() == 0 ? 0 : Math.max(0, seconds.size() - request.getNumber());
          seconds.stream()
              .skip(skipped)
              .filter(
                  second ->
                      Timestamps.compare(Timestamps.fromSeconds(second), request.getSince()) >= 0)
              .forEach(second -> to.onNext(flow(name, second)));
          if (!silent && !request.getFollow()) {
            to.onCompleted();
          }
        }

        @Override
        public void serverStatus(
            ServerStatusRequest request, StreamObserver<ServerStatusResponse> to) {
          to.onNext(
              ServerStatusResponse.newBuilder()
                  .setNumFlows(seconds.size())
                  .setMaxFlows(4095)
                  .setSeenFlows(100)
                  .setFlowsRate(1.5)
                  .setUptimeNs(seconds.size() * 1000L)
                  .setVersion("ovenet v0.1.0")
                  .build());
          to.onCompleted();
        }

        @Override
        public void getNamespaces(
            GetNamespacesRequest request, StreamObserver<GetNamespacesResponse> to) {
          to.onNext(
              GetNamespacesResponse.newBuilder()
                  .addNamespaces(Namespace.newBuilder().setCluster("default").setNamespace("all"))
                  .addNamespaces(Namespace.newBuilder().setCluster("default").setNamespace(name))
                  .build());
          to.onCompleted();
        }
      };
    }
  }

  private static GetFlowsResponse flow(String node, long second) {
    var time = Timestamp.newBuilder().setSeconds(second);
    return GetFlowsResponse.newBuilder()
        .setFlow(Flow.newBuilder().setTime(time).setNodeName(node))
        .setNodeName(node)
        .setTime(time)
        .build();
  }

  @BeforeEach
  void start() throws Exception {
    HubbleServer service = serve(List.of(new PeerService(peers)), "peers");
    var channels = new PeerChannels(null);
    open.add(channels);
    var relay =
        new Relay(
            RelayOptions.parse(
                "--listen-address=127.0.0.1:0",
                "--socket-path=" + directory.resolve("relay.sock"),
                "--peer-service=127.0.0.1:" + service.port()));
    open.add(relay);
    ManagedChannel channel = channels.open("unix://" + directory.resolve("relay.sock"), "");
    open.add(channel::shutdownNow);
    client = ObserverGrpc.newBlockingStub(channel);
  }

  @AfterEach
  void stop() throws Exception {
    for (AutoCloseable each : open.reversed()) {
      each.close();
    }
  }

  private HubbleServer serve(List<BindableService> services, String name) throws IOException {
    HubbleServer server =
        HubbleServer.start(
            services,
            "1.19.4",
            directory.resolve(name + ".sock"),
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
            null);
    open.add(server);
    return server;
  }

  private void add(Agent agent) throws IOException {
    HubbleServer server = serve(List.of(agent.service()), agent.name());
    peers.upsert(agent.name(), "127.0.0.1:" + server.port(), "");
  }

  /** A port on which nobody listens. */
  private static int nobody() throws IOException {
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  private ServerStatusResponse status() {
    return client
        .withDeadlineAfter(30, TimeUnit.SECONDS)
        .serverStatus(ServerStatusRequest.getDefaultInstance());
  }

  private void connected(int connected, int unavailable) throws InterruptedException {
    until(
        () -> {
          ServerStatusResponse status = status();
          return status.getNumConnectedNodes().getValue() == connected
              && status.getNumUnavailableNodes().getValue() == unavailable;
        });
  }

  private static void until(BooleanSupplier condition) throws InterruptedException {
    long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("in time").isLessThan(deadline);
      Thread.sleep(20);
    }
  }

  private List<GetFlowsResponse> flows(GetFlowsRequest request) {
    var responses = new ArrayList<GetFlowsResponse>();
    client.getFlows(request).forEachRemaining(responses::add);
    return responses;
  }

  private static List<Long> seconds(List<GetFlowsResponse> responses) {
    return responses.stream()
        .filter(GetFlowsResponse::hasFlow)
        .map(response -> response.getTime().getSeconds())
        .toList();
  }

  @Test
  void flowsOfAllNodesComeByTime() throws Exception {
    add(new Agent("a", LongStream.range(0, 1000).map(i -> i * 3).boxed().toList(), false));
    add(new Agent("b", LongStream.range(0, 1000).map(i -> i * 3 + 1).boxed().toList(), false));
    add(new Agent("c", List.of(2L, 2999L), false));
    connected(3, 0);
    List<GetFlowsResponse> all = flows(GetFlowsRequest.getDefaultInstance());
    assertThat(all.get(0).getNodeStatus().getStateChange()).isEqualTo(NodeState.NODE_CONNECTED);
    assertThat(all.get(0).getNodeStatus().getNodeNamesList()).containsExactly("a", "b", "c");
    assertThat(seconds(all)).hasSize(2002).isSorted();
    assertThat(seconds(flows(GetFlowsRequest.newBuilder().setNumber(2).build())))
        .as("a number is each node's")
        .containsExactly(2L, 2994L, 2995L, 2997L, 2998L, 2999L);
  }

  @Test
  void deadAndSilentNodesHoldNobodyUp() throws Exception {
    peers.upsert("dead", "127.0.0.1:" + nobody(), "");
    add(new Agent("silent", List.of(), true));
    add(new Agent("a", List.of(1L, 2L, 3L), false));
    connected(2, 1);
    assertThat(status().getUnavailableNodesList()).containsExactly("dead");
    Iterator<GetFlowsResponse> responses = client.getFlows(GetFlowsRequest.getDefaultInstance());
    assertThat(responses.next().getNodeStatus().getNodeNamesList()).containsExactly("a", "silent");
    GetFlowsResponse unavailable = responses.next();
    assertThat(unavailable.getNodeStatus().getStateChange()).isEqualTo(NodeState.NODE_UNAVAILABLE);
    assertThat(unavailable.getNodeStatus().getNodeNamesList()).containsExactly("dead");
    for (long second = 1; second <= 3; second++) {
      assertThat(responses.next().getTime().getSeconds()).isEqualTo(second);
    }
  }

  @Test
  void aFollowerIsToldOfNodesThatComeLater() throws Exception {
    add(new Agent("early", List.of(), false));
    connected(1, 0);
    Iterator<GetFlowsResponse> responses =
        client.getFlows(GetFlowsRequest.newBuilder().setFollow(true).build());
    assertThat(nextConnected(responses))
        .as("the relay has the request before there is a node that comes late")
        .containsExactly("early");
    long later = java.time.Instant.now().getEpochSecond() + 60;
    add(new Agent("late", List.of(7L, later), false));
    assertThat(nextConnected(responses)).containsExactly("late");
    assertThat(responses.next().getFlow().getTime().getSeconds())
        .as("not what was before the follower")
        .isEqualTo(later);
  }

  /** What a node saw between its start and its being asked would be missing otherwise. */
  @Test
  void aFollowerMissesNothingOfANodeThatComesBack() throws Exception {
    long start = java.time.Instant.now().getEpochSecond();
    HubbleServer first =
        HubbleServer.start(
            List.of(new Agent("a", List.of(1L, start), false).service()),
            "1.19.4",
            directory.resolve("first.sock"),
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
            null);
    int port = first.port();
    peers.upsert("a", "127.0.0.1:" + port, "");
    connected(1, 0);
    Iterator<GetFlowsResponse> responses =
        client.getFlows(GetFlowsRequest.newBuilder().setFollow(true).setNumber(1).build());
    assertThat(nextFlow(responses)).isEqualTo(start);
    first.close();
    connected(0, 1);
    var again = new Agent("a", List.of(1L, start, start + 1, start + 2), false);
    open.add(
        HubbleServer.start(
            List.of(again.service()),
            "1.19.4",
            directory.resolve("again.sock"),
            new InetSocketAddress(InetAddress.getLoopbackAddress(), port),
            null));
    assertThat(nextFlow(responses)).as("each once").isEqualTo(start + 1);
    assertThat(nextFlow(responses)).isEqualTo(start + 2);
  }

  private static List<String> nextConnected(Iterator<GetFlowsResponse> responses) {
    GetFlowsResponse next = responses.next();
    while (next.getNodeStatus().getStateChange() != NodeState.NODE_CONNECTED) {
      next = responses.next();
    }
    return next.getNodeStatus().getNodeNamesList();
  }

  private static long nextFlow(Iterator<GetFlowsResponse> responses) {
    GetFlowsResponse next = responses.next();
    while (!next.hasFlow()) {
      next = responses.next();
    }
    return next.getTime().getSeconds();
  }

  /** By its own measure gRPC tries eight times in the first minute, and less from then on. */
  @Test
  void aNodeThatIsDownIsTriedAgainAllTheTime() throws Exception {
    try (var down = new ServerSocket(0, 16, InetAddress.getLoopbackAddress())) {
      down.setSoTimeout((int) Duration.ofSeconds(60).toMillis());
      peers.upsert("down", "127.0.0.1:" + down.getLocalPort(), "");
      long began = System.nanoTime();
      for (int i = 0; i < 14; i++) {
        down.accept().close();
        assertThat(Duration.ofNanos(System.nanoTime() - began))
            .as("attempt %d", i)
            .isLessThan(Duration.ofSeconds(60));
      }
    }
  }

  @Test
  void whatAnAgentRefusesIsToldWithItsName() throws Exception {
    add(new Agent("a", List.of(1L), false));
    connected(1, 0);
    var request = GetFlowsRequest.newBuilder();
    request.addWhitelistBuilder().addHttpMethod("GET");
    GetFlowsResponse last = flows(request.build()).getLast();
    assertThat(last.getNodeStatus().getStateChange()).isEqualTo(NodeState.NODE_ERROR);
    assertThat(last.getNodeStatus().getMessage()).isEqualTo("no such filter");
    assertThat(last.getNodeStatus().getNodeNamesList()).containsExactly("a");
  }

  @Test
  void sumsAndLists() throws Exception {
    add(new Agent("b", List.of(1L, 2L), false));
    add(new Agent("a", List.of(1L), false));
    peers.upsert("tls", "127.0.0.1:" + nobody(), "tls.default.hubble-grpc.cilium.io");
    connected(2, 1);
    ServerStatusResponse status = status();
    assertThat(status.getNumFlows()).isEqualTo(3);
    assertThat(status.getMaxFlows()).isEqualTo(8190);
    assertThat(status.getSeenFlows()).isEqualTo(200);
    assertThat(status.getFlowsRate()).isEqualTo(3);
    assertThat(status.getUptimeNs()).isEqualTo(2000);
    assertThat(status.getVersion()).startsWith("hubble-relay v");
    var nodes = client.getNodes(GetNodesRequest.getDefaultInstance()).getNodesList();
    assertThat(nodes).extracting("name").containsExactly("a", "b", "tls");
    assertThat(nodes.get(0).getState()).isEqualTo(NodeState.NODE_CONNECTED);
    assertThat(nodes.get(0).getNumFlows()).isEqualTo(1);
    assertThat(nodes.get(2).getState()).isEqualTo(NodeState.NODE_UNAVAILABLE);
    assertThat(nodes.get(2).getTls().getEnabled()).isTrue();
    assertThat(client.getNamespaces(GetNamespacesRequest.getDefaultInstance()).getNamespacesList())
        .extracting("namespace")
        .containsExactly("a", "all", "b");
    assertThatThrownBy(
            () -> client.getAgentEvents(GetAgentEventsRequest.getDefaultInstance()).hasNext())
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.UNIMPLEMENTED));
  }

  @Test
  void withoutNodesItSaysSo() throws Exception {
    assertThatThrownBy(() -> flows(GetFlowsRequest.getDefaultInstance()))
        .hasMessageContaining("knows no node's agent");
    peers.upsert("dead", "127.0.0.1:" + nobody(), "");
    connected(0, 1);
    assertThatThrownBy(() -> flows(GetFlowsRequest.newBuilder().setNumber(1).build()))
        .hasMessageContaining("dead");
  }

  @Test
  void aCommandLineThatIsWrongIsRefusedByName() {
    for (String argument :
        List.of("--listen-address=4245", "--listen", "x", "--tls-relay-server-cert-file=a")) {
      assertThatThrownBy(() -> RelayOptions.parse(argument))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining(argument.replaceFirst("=a$", ""));
    }
  }
}
