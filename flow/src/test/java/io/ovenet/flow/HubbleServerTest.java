package io.ovenet.flow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.FieldMask;
import com.google.protobuf.Timestamp;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.reflection.v1.ServerReflectionResponse;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.grpc.stub.StreamObserver;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioDomainSocketChannel;
import io.ovenet.api.flow.Flow;
import io.ovenet.api.flow.FlowFilter;
import io.ovenet.api.flow.LostEvent;
import io.ovenet.api.flow.LostEventSource;
import io.ovenet.api.flow.Verdict;
import io.ovenet.api.observer.GetFlowsRequest;
import io.ovenet.api.observer.GetFlowsResponse;
import io.ovenet.api.observer.GetNamespacesRequest;
import io.ovenet.api.observer.GetNodesRequest;
import io.ovenet.api.observer.ObserverGrpc;
import io.ovenet.api.observer.ServerStatusRequest;
import io.ovenet.api.observer.ServerStatusResponse;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The observer through real gRPC: over the unix socket, and once over TCP. */
@Timeout(60)
final class HubbleServerTest {
  private static final int CAPACITY = 1023;

  @TempDir Path directory = Path.of("");
  private final FlowRing ring = new FlowRing(CAPACITY);
  private final FlowStatistics statistics = new FlowStatistics(Flows.BOOT);
  private final EventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private HubbleServer server;
  private ManagedChannel channel;

  @BeforeEach
  void start() throws Exception {
    Path socket = directory.resolve("run/hubble.sock");
    Files.createDirectories(directory.resolve("run"));
    Files.writeString(socket, "left behind by another process");
    server =
        HubbleServer.start(
            new ObserverService(
                ring,
                statistics,
                Flows.UUIDS,
                "default/node1",
                "ovenet v0.1.0",
                () -> Flows.BOOT + 1_000_000_000L),
            "0.1.0",
            socket,
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    channel = connect();
  }

  private ManagedChannel connect() {
    return NettyChannelBuilder.forAddress(
            UnixDomainSocketAddress.of(directory.resolve("run/hubble.sock")))
        .channelType(NioDomainSocketChannel.class, UnixDomainSocketAddress.class)
        .eventLoopGroup(loop)
        .overrideAuthority("localhost")
        .withOption(ChannelOption.SO_KEEPALIVE, null)
        .usePlaintext()
        .build();
  }

  @AfterEach
  void stop() throws Exception {
    channel.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
    server.close();
    loop.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(5, TimeUnit.SECONDS);
    assertThat(directory.resolve("run/hubble.sock")).doesNotExist();
  }

  /** Flow i has source port 40,000 + i and time i + 1 microseconds; each third is a drop. */
  private void write(int count) {
    for (int i = 0; i < count; i++) {
      int n = (int) ring.next();
      Event event = (n % 3 == 0 ? Flows.drop() : Flows.trace()).ports(n + 1, 80);
      FlowRecord flow = Flows.record(event.time((n + 1) * 1000L), n);
      ring.write(flow);
      statistics.seen(flow);
    }
    statistics.flows(Flows.BOOT, count);
    ring.wake();
  }

  private Iterator<GetFlowsResponse> get(GetFlowsRequest.Builder request) {
    return ObserverGrpc.newBlockingStub(channel).getFlows(request.build());
  }

  private List<Integer> ports(GetFlowsRequest.Builder request) {
    var ports = new ArrayList<Integer>();
    get(request).forEachRemaining(response -> ports.add(port(response)));
    return ports;
  }

  private static int port(GetFlowsResponse response) {
    return response.getFlow().getL4().getTCP().getSourcePort();
  }

  private static Timestamp micros(int micros) {
    return Timestamp.newBuilder()
        .setSeconds(TimeUnit.NANOSECONDS.toSeconds(Flows.BOOT))
        .setNanos(micros * 1000)
        .build();
  }

  @Test
  void lastFirstAndAll() {
    write(10);
    assertThat(ports(GetFlowsRequest.newBuilder().setNumber(3))).containsExactly(8, 9, 10);
    assertThat(ports(GetFlowsRequest.newBuilder().setNumber(3).setFirst(true)))
        .containsExactly(1, 2, 3);
    assertThat(ports(GetFlowsRequest.newBuilder())).hasSize(10);
    assertThat(ports(GetFlowsRequest.newBuilder().setNumber(99))).hasSize(10);
  }

  @Test
  void numberCountsMatchesAlone() {
    write(10); // drops: ports 1, 4, 7, 10
    FlowFilter dropped = FlowFilter.newBuilder().addVerdict(Verdict.DROPPED).build();
    assertThat(ports(GetFlowsRequest.newBuilder().setNumber(2).addWhitelist(dropped)))
        .containsExactly(7, 10);
    assertThat(
            ports(GetFlowsRequest.newBuilder().setNumber(2).setFirst(true).addWhitelist(dropped)))
        .containsExactly(1, 4);
    assertThat(ports(GetFlowsRequest.newBuilder().setNumber(2).addBlacklist(dropped)))
        .containsExactly(8, 9);
  }

  @Test
  void sinceAndUntil() {
    write(10);
    assertThat(ports(GetFlowsRequest.newBuilder().setSince(micros(3)).setUntil(micros(5))))
        .containsExactly(3, 4, 5);
    assertThat(ports(GetFlowsRequest.newBuilder().setSince(micros(9)))).containsExactly(9, 10);
    assertThat(ports(GetFlowsRequest.newBuilder().setSince(micros(9)).setNumber(1)))
        .containsExactly(9);
    assertThat(ports(GetFlowsRequest.newBuilder().setUntil(micros(4)).setNumber(2)))
        .containsExactly(3, 4);
  }

  @Test
  void responsesNameTheNodeAndTheTime() {
    write(1);
    GetFlowsResponse response = get(GetFlowsRequest.newBuilder()).next();
    assertThat(response.getNodeName()).isEqualTo("default/node1");
    assertThat(response.getTime()).isEqualTo(micros(1));
    assertThat(response.getFlow().getTime()).isEqualTo(micros(1));
    assertThat(response.getUnknownFields().asMap()).isEmpty();
  }

  @Test
  void followersGetWhatWasAndWhatComes() {
    write(3);
    Iterator<GetFlowsResponse> flows =
        get(GetFlowsRequest.newBuilder().setFollow(true).setNumber(2));
    assertThat(port(flows.next())).isEqualTo(2);
    assertThat(port(flows.next())).isEqualTo(3);
    write(2);
    assertThat(port(flows.next())).isEqualTo(4);
    assertThat(port(flows.next())).isEqualTo(5);
  }

  @Test
  void fieldMasksAreHonoured() {
    write(1);
    var mask =
        FieldMask.newBuilder()
            .addPaths("time")
            .addPaths("verdict")
            .addPaths("source.pod_name")
            .addPaths("source.identity")
            .addPaths("l4.TCP.source_port")
            .addPaths("destination")
            .addPaths("destination.labels");
    Flow full = get(GetFlowsRequest.newBuilder()).next().getFlow();
    Flow masked = get(GetFlowsRequest.newBuilder().setFieldMask(mask)).next().getFlow();

    var expected =
        Flow.newBuilder()
            .setTime(full.getTime())
            .setVerdict(full.getVerdict())
            .setDestination(full.getDestination());
    expected.getSourceBuilder().setPodName("web-7d9f-abcde").setIdentity(1001);
    expected.getL4Builder().getTCPBuilder().setSourcePort(1);
    assertThat(masked).isEqualTo(expected.build());
  }

  @Test
  void wrongRequestsAreRefusedByName() {
    refused(
        GetFlowsRequest.newBuilder()
            .setFieldMask(FieldMask.newBuilder().addPaths("source.nonsense")),
        "source.nonsense");
    refused(
        GetFlowsRequest.newBuilder()
            .setFieldMask(FieldMask.newBuilder().addPaths("source.labels.x")),
        "source.labels.x");
    refused(GetFlowsRequest.newBuilder().setFirst(true).setFollow(true), "first and follow");
    refused(
        GetFlowsRequest.newBuilder().addWhitelist(FlowFilter.newBuilder().addDnsQuery("(")),
        "dns_query");
    refused(GetFlowsRequest.newBuilder().setSince(Timestamp.newBuilder().setNanos(-1)), "since");
  }

  private void refused(GetFlowsRequest.Builder request, String named) {
    assertThatThrownBy(() -> get(request).next())
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            e -> {
              assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
              assertThat(e.getStatus().getDescription()).contains(named);
            });
  }

  @Test
  void whatTheKernelLostPassesEveryFilter() {
    write(1);
    ring.write(new KernelLoss(ring.next(), Flows.BOOT + 2000, Flows.BOOT + 1000, 42));
    write(1);
    var responses = new ArrayList<GetFlowsResponse>();
    get(GetFlowsRequest.newBuilder()
            .setNumber(2)
            .addWhitelist(FlowFilter.newBuilder().addProtocol("tcp")))
        .forEachRemaining(responses::add);

    assertThat(responses).hasSize(3);
    assertThat(responses.get(1).getLostEvents())
        .isEqualTo(
            LostEvent.newBuilder()
                .setSource(LostEventSource.PERF_EVENT_RING_BUFFER)
                .setNumEventsLost(42)
                .setFirst(micros(1))
                .setLast(micros(2))
                .build());
  }

  @Test
  void aSlowReaderIsToldWhatItLostAndHoldsNobodyUp() {
    int flows = 60_000;
    Iterator<GetFlowsResponse> slow =
        get(GetFlowsRequest.newBuilder().setFollow(true).setSince(micros(0)));
    write(1);
    slow.next();
    write(flows - 1); // returns although nobody reads: the ring wraps many times

    long total = 1;
    long losses = 0;
    while (total < flows) {
      GetFlowsResponse response = slow.next();
      if (response.hasLostEvents()) {
        assertThat(response.getLostEvents().getSource())
            .isEqualTo(LostEventSource.HUBBLE_RING_BUFFER);
        total += response.getLostEvents().getNumEventsLost();
        losses++;
      } else {
        total++;
      }
    }
    assertThat(total).isEqualTo(flows);
    assertThat(losses).isPositive();
  }

  /** What one of many clients does with what it is told. */
  private enum Manner {
    READS,
    NEVER_READS,
    HANGS_UP,
    VANISHES
  }

  /** A follower with a connection of its own; counts what it got and what it was told it missed. */
  private final class OneOfMany
      implements ClientResponseObserver<GetFlowsRequest, GetFlowsResponse> {
    private final Manner manner;
    private final ManagedChannel connection = connect();
    private final CountDownLatch begun = new CountDownLatch(1);
    private final AtomicLong told = new AtomicLong();
    private @Nullable ClientCallStreamObserver<GetFlowsRequest> call;

    OneOfMany(Manner manner) {
      this.manner = manner;
      ObserverGrpc.newStub(connection)
          .getFlows(GetFlowsRequest.newBuilder().setFollow(true).setSince(micros(0)).build(), this);
    }

    @Override
    public void beforeStart(ClientCallStreamObserver<GetFlowsRequest> stream) {
      call = stream;
      if (manner == Manner.NEVER_READS) {
        stream.disableAutoRequestWithInitial(0);
      }
    }

    @Override
    public void onNext(GetFlowsResponse response) {
      told.addAndGet(response.hasLostEvents() ? response.getLostEvents().getNumEventsLost() : 1);
      begun.countDown();
    }

    @Override
    public void onError(Throwable failure) {}

    @Override
    public void onCompleted() {}

    void leave() {
      if (manner == Manner.HANGS_UP && call != null) {
        call.cancel("enough", null);
      } else if (manner == Manner.VANISHES) {
        connection.shutdownNow();
      }
    }
  }

  @Test
  void ofAThousandClientsThoseWhoReadGetAllWhateverTheOthersDo() throws Exception {
    int flows = 2_000;
    List<OneOfMany> clients = new ArrayList<>();
    try {
      write(1);
      for (int i = 0; i < 1_000; i++) {
        clients.add(new OneOfMany(Manner.values()[i % Manner.values().length]));
      }
      for (OneOfMany client : clients) {
        if (client.manner != Manner.NEVER_READS) {
          assertThat(client.begun.await(60, TimeUnit.SECONDS)).as(client.manner.name()).isTrue();
        }
      }
      clients.forEach(OneOfMany::leave);
      write(flows - 1);
      long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
      for (OneOfMany client : clients) {
        while (client.manner == Manner.READS && client.told.get() < flows) {
          assertThat(System.nanoTime()).as("told %s", client.told).isLessThan(deadline);
          Thread.sleep(1);
        }
      }
      assertThat(clients)
          .filteredOn(client -> client.manner == Manner.READS)
          .allSatisfy(client -> assertThat(client.told).hasValue(flows));
      assertThat(
              ObserverGrpc.newBlockingStub(channel)
                  .serverStatus(ServerStatusRequest.getDefaultInstance())
                  .getSeenFlows())
          .isEqualTo(flows);
    } finally {
      clients.forEach(client -> client.connection.shutdownNow());
    }
  }

  /** Each third flow is a drop, so of 300 the first 300 have 100. */
  @Test
  void aFloodOfOtherFlowsTakesNoDropAway() {
    write(300);
    var dropped = FlowFilter.newBuilder().addVerdict(Verdict.DROPPED).build();
    for (int i = 0; i < 3 * CAPACITY; i++) {
      int n = (int) ring.next();
      Event event = Flows.trace().ports(n + 1, 80);
      ring.write(Flows.record(event.time((n + 1) * 1000L), n));
    }
    List<Integer> all =
        java.util.stream.IntStream.range(0, 100).map(i -> 3 * i + 1).boxed().toList();
    assertThat(ports(GetFlowsRequest.newBuilder().setNumber(100).addWhitelist(dropped)))
        .isEqualTo(all);
    assertThat(ports(GetFlowsRequest.newBuilder().setNumber(3).addWhitelist(dropped)))
        .containsExactly(292, 295, 298);
    assertThat(ports(GetFlowsRequest.newBuilder().setSince(micros(295)).addWhitelist(dropped)))
        .containsExactly(295, 298);
    assertThat(ports(GetFlowsRequest.newBuilder().setFirst(true).setNumber(2)))
        .containsExactly(1, 4);
    assertThat(ports(GetFlowsRequest.newBuilder())).hasSize(100 + CAPACITY).isSorted();
    write(30); // drops that are still among all others
    Iterator<GetFlowsResponse> following =
        get(GetFlowsRequest.newBuilder().setFollow(true).setNumber(100).addWhitelist(dropped));
    for (int i = 10; i < 110; i++) {
      int expected = i < 100 ? 3 * i + 1 : (int) ring.next() - 30 + firstDropOf30() + 3 * (i - 100);
      assertThat(port(following.next())).isEqualTo(expected);
    }
    write(3);
    assertThat(following.next().getFlow().getVerdict()).isEqualTo(Verdict.DROPPED);
  }

  /** Of the last 30 flows the first drop's port, less the number of flows before the 30. */
  private int firstDropOf30() {
    long before = ring.next() - 30;
    return (int) Math.floorMod(-before, 3L) + 1;
  }

  @Test
  void statusNamespacesHealthAndReflection() throws Exception {
    write(CAPACITY + 10);
    var stub = ObserverGrpc.newBlockingStub(channel);
    assertThat(stub.serverStatus(ServerStatusRequest.getDefaultInstance()))
        .isEqualTo(
            ServerStatusResponse.newBuilder()
                .setNumFlows(CAPACITY)
                .setMaxFlows(CAPACITY)
                .setSeenFlows(CAPACITY + 10)
                .setUptimeNs(1_000_000_000)
                .setFlowsRate(CAPACITY + 10)
                .setVersion("ovenet v0.1.0")
                .build());
    assertThat(stub.getNamespaces(GetNamespacesRequest.getDefaultInstance()).getNamespacesList())
        .extracting(namespace -> namespace.getCluster() + "/" + namespace.getNamespace())
        .containsExactly("default/app-database-prod", "default/app-web-prod");
    assertThatThrownBy(() -> stub.getNodes(GetNodesRequest.getDefaultInstance()))
        .hasMessageContaining("UNIMPLEMENTED");
    assertThat(
            HealthGrpc.newBlockingStub(channel)
                .check(HealthCheckRequest.newBuilder().setService("hubble.server.Observer").build())
                .getStatus())
        .isEqualTo(ServingStatus.SERVING);
    var services = new CompletableFuture<String>();
    StreamObserver<ServerReflectionRequest> reflection =
        ServerReflectionGrpc.newStub(channel)
            .serverReflectionInfo(
                new StreamObserver<>() {
                  @Override
                  public void onNext(ServerReflectionResponse response) {
                    services.complete(
                        response.getFileDescriptorResponse().getFileDescriptorProtoCount() > 0
                            ? "described"
                            : response.toString());
                  }

                  @Override
                  public void onError(Throwable failure) {
                    services.completeExceptionally(failure);
                  }

                  @Override
                  public void onCompleted() {}
                });
    reflection.onNext(
        ServerReflectionRequest.newBuilder()
            .setFileContainingSymbol("observer.Observer.GetFlows")
            .build());
    assertThat(services.get(20, TimeUnit.SECONDS)).isEqualTo("described");
    reflection.onCompleted();
  }

  @Test
  void listensOnTcpToo() throws Exception {
    write(1);
    ManagedChannel tcp =
        NettyChannelBuilder.forAddress("127.0.0.1", server.port()).usePlaintext().build();
    try {
      assertThat(
              ObserverGrpc.newBlockingStub(tcp)
                  .getFlows(GetFlowsRequest.getDefaultInstance())
                  .next()
                  .hasFlow())
          .isTrue();
    } finally {
      tcp.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
    }
  }
}
