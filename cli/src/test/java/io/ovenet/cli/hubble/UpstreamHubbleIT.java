package io.ovenet.cli.hubble;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.grpc.Server;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.services.HealthStatusManager;
import io.grpc.stub.StreamObserver;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.ovenet.api.observer.GetFlowsRequest;
import io.ovenet.api.observer.GetFlowsResponse;
import io.ovenet.api.observer.GetNamespacesRequest;
import io.ovenet.api.observer.GetNamespacesResponse;
import io.ovenet.api.observer.GetNodesRequest;
import io.ovenet.api.observer.GetNodesResponse;
import io.ovenet.api.observer.Namespace;
import io.ovenet.api.observer.Node;
import io.ovenet.api.observer.ObserverGrpc;
import io.ovenet.api.observer.ServerStatusRequest;
import io.ovenet.api.observer.ServerStatusResponse;
import io.ovenet.api.relay.NodeState;
import io.ovenet.api.relay.NodeStatusEvent;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** Upstream's own client and ours ask one server: the same requests, the same output. */
@Timeout(value = 10, unit = TimeUnit.MINUTES)
final class UpstreamHubbleIT {
  private static final int FLOWS = 2000;
  private static String upstream = "";

  @TempDir Path directory = Path.of("");
  private final EventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final List<GetFlowsResponse> flows = new ArrayList<>();
  private final List<GetFlowsRequest> asked = new CopyOnWriteArrayList<>();
  private Server server;

  @BeforeAll
  static void build() throws Exception {
    Path script = Path.of("..", ".ci", "upstream-hubble").toAbsolutePath().normalize();
    Process process = new ProcessBuilder(script.toString()).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), UTF_8).strip();
    int status = process.waitFor();
    assumeTrue(status != 75, said);
    assertThat(status).as(said).isZero();
    upstream = said.lines().toList().getLast();
  }

  @BeforeEach
  void start() throws IOException {
    var health = new HealthStatusManager();
    health.setStatus("hubble.server.Observer", ServingStatus.SERVING);
    server =
        NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .channelType(NioServerSocketChannel.class)
            .bossEventLoopGroup(loop)
            .workerEventLoopGroup(loop)
            .addService(new Observer())
            .addService(health.getHealthService())
            .build()
            .start();
  }

  @AfterEach
  void stop() throws InterruptedException {
    server.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
    loop.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(10, TimeUnit.SECONDS);
  }

  /** Answers with what the test wrote, whatever is asked for. */
  private final class Observer extends ObserverGrpc.ObserverImplBase {
    @Override
    public void getFlows(GetFlowsRequest request, StreamObserver<GetFlowsResponse> to) {
      asked.add(request);
      flows.forEach(to::onNext);
      to.onCompleted();
    }

    @Override
    public void serverStatus(ServerStatusRequest request, StreamObserver<ServerStatusResponse> to) {
      to.onNext(
          ServerStatusResponse.newBuilder()
              .setNumFlows(12_345)
              .setMaxFlows(65_535)
              .setSeenFlows(7_654_321)
              .setUptimeNs(86_400_000_000_000L)
              .setNumConnectedNodes(com.google.protobuf.UInt32Value.of(2))
              .setNumUnavailableNodes(com.google.protobuf.UInt32Value.of(2))
              .addUnavailableNodes("east/node-3")
              .addUnavailableNodes("node-4")
              .setFlowsRate(12.345)
              .build());
      to.onCompleted();
    }

    @Override
    public void getNodes(GetNodesRequest request, StreamObserver<GetNodesResponse> to) {
      to.onNext(
          GetNodesResponse.newBuilder()
              .addNodes(node("node-1", NodeState.NODE_CONNECTED, 90_061_000_000_000L))
              .addNodes(node("east/node-2", NodeState.NODE_CONNECTED, 61_000_000_000L))
              .addNodes(Node.newBuilder().setName("gone").setState(NodeState.NODE_UNAVAILABLE))
              .build());
      to.onCompleted();
    }

    private static Node node(String name, NodeState state, long uptime) {
      return Node.newBuilder()
          .setName(name)
          .setVersion("ovenet v0.1.0")
          .setAddress("192.168.77.10:4244")
          .setState(state)
          .setUptimeNs(uptime)
          .setNumFlows(2000)
          .setMaxFlows(4095)
          .setSeenFlows(1_234_567)
          .build();
    }

    @Override
    public void getNamespaces(
        GetNamespacesRequest request, StreamObserver<GetNamespacesResponse> to) {
      to.onNext(
          GetNamespacesResponse.newBuilder()
              .addNamespaces(Namespace.newBuilder().setCluster("default").setNamespace("a"))
              .addNamespaces(Namespace.newBuilder().setCluster("east").setNamespace("b-prod"))
              .build());
      to.onCompleted();
    }
  }

  private record Output(int status, String out) {}

  private Output theirs(List<String> arguments) throws Exception {
    var command = new ArrayList<>(List.of(upstream, "--server", "localhost:" + server.getPort()));
    command.addAll(arguments);
    Path out = directory.resolve("out");
    Path err = directory.resolve("err");
    var builder = new ProcessBuilder(command);
    builder.environment().keySet().removeIf(name -> name.startsWith("HUBBLE_"));
    builder.environment().put("TZ", "UTC");
    builder.environment().put("HOME", directory.toString());
    Process process = builder.redirectOutput(out.toFile()).redirectError(err.toFile()).start();
    int status = process.waitFor();
    assertThat(status).as("%s: %s", command, Files.readString(err)).isZero();
    return new Output(status, Files.readString(out));
  }

  private Output ours(List<String> arguments) {
    var all = new ArrayList<>(arguments);
    all.add("--server");
    all.add("localhost:" + server.getPort());
    var out = new StringWriter();
    var err = new StringWriter();
    int status =
        new CommandLine(new HubbleCommand())
            .setOut(new PrintWriter(out))
            .setErr(new PrintWriter(err))
            .execute(all.toArray(String[]::new));
    assertThat(status).as("%s: %s", all, err).isZero();
    return new Output(status, out.toString());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "status",
        "status -o json",
        "status -o dict",
        "status -o compact",
        "status -o table",
        "list nodes",
        "list nodes -o wide",
        "list nodes -o json",
        "list namespaces",
        "list namespaces -o wide",
        "list namespaces -o json",
      })
  void oneAnswer(String line) throws Exception {
    var arguments = List.of(line.split(" ", -1));
    assertThat(ours(arguments).out()).isEqualTo(theirs(arguments).out());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "-o compact",
        "-o dict",
        "-o table",
        "-o compact --print-node-name",
        "-o table --print-node-name",
        "-o dict --print-node-name",
        "-o compact --print-policy-names",
        "-o compact --numeric",
        "-o compact --time-format RFC3339Nano",
        "-o compact --time-format RFC3339Milli",
        "-o compact --time-format YearMonthDayHour",
        "-o compact --color=always",
        "-o dict --color=always",
        "-o compact --ip-translation=false",
        "-o dict --time-format RFC1123Z",
      })
  void everyKindOfFlow(String line) throws Exception {
    long seed = new Random().nextLong();
    var random = new RandomFlows(seed);
    for (int i = 0; i < FLOWS; i++) {
      flows.add(random.next());
    }
    var arguments = new ArrayList<>(List.of("observe", "--all"));
    arguments.addAll(List.of(line.split(" ", -1)));
    var withoutMask = new ArrayList<>(arguments);
    withoutMask.add("--use-default-field-masks=false");
    var ours = ours(arguments).out().lines().toList();
    var theirs = theirs(withoutMask).out().lines().toList();
    for (int i = 0; i < Math.min(ours.size(), theirs.size()); i++) {
      assertThat(ours.get(i)).as("seed %d, line %d", seed, i).isEqualTo(theirs.get(i));
    }
    assertThat(ours).hasSameSizeAs(theirs);
  }

  /** Told on the other stream, and yet flows are set apart from it. */
  @ParameterizedTest
  @ValueSource(strings = {"compact", "dict", "table"})
  void aNodeThatIsAwayBeforeAnyFlow(String form) throws Exception {
    for (var state : List.of(NodeState.NODE_UNAVAILABLE, NodeState.NODE_CONNECTED)) {
      flows.clear();
      flows.add(
          GetFlowsResponse.newBuilder()
              .setNodeStatus(
                  NodeStatusEvent.newBuilder().setStateChange(state).addNodeNames("default/a"))
              .build());
      var random = new RandomFlows(1);
      while (flows.size() < 3) {
        var next = random.next();
        if (next.hasFlow()) {
          flows.add(next);
        }
      }
      assertThat(ours(List.of("observe", "--all", "-o", form)).out())
          .as("%s", state)
          .isEqualTo(
              theirs(List.of("observe", "--all", "-o", form, "--use-default-field-masks=false"))
                  .out());
    }
  }

  @Test
  void everyKindOfFlowAsJson() throws Exception {
    long seed = new Random().nextLong();
    var random = new RandomFlows(seed);
    for (int i = 0; i < FLOWS; i++) {
      flows.add(random.next());
    }
    var arguments = List.of("observe", "--all", "-o", "json");
    var ours = json(ours(arguments).out());
    var theirs = json(theirs(arguments).out());
    assertThat(ours).as("seed %d", seed).containsExactlyElementsOf(theirs);
  }

  /** Their library adds blanks at random, so that nobody compares its bytes. */
  private static List<JsonNode> json(String lines) throws IOException {
    var mapper = new ObjectMapper();
    var documents = new ArrayList<JsonNode>();
    for (String line : lines.lines().toList()) {
      documents.add(mapper.readTree(line));
    }
    return documents;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "--last 7",
        "--first 7",
        "--all",
        "--since 2026-01-02T03:04:05Z --until 2026-01-02T04:04:05Z",
        "--namespace app-web-prod",
        "--namespace a --namespace b",
        "--from-namespace a --to-namespace b",
        "--pod ns/web --to-port 80",
        "--from-pod ns/web --not --to-pod ns/db",
        "--verdict DROPPED --verdict AUDIT",
        "--type drop --type trace:to-endpoint",
        "--type policy-verdict",
        "--protocol tcp --protocol udp",
        "--tcp-flags SYN,ACK --tcp-flags RST",
        "--ip 10.0.0.1 --port 80",
        "--from-ip 10.0.0.0/8 --to-ip 10.1.0.0/16",
        "-4",
        "--ip-version v6",
        "--label app=web",
        "--from-label app=web --to-label k8s:tier",
        "--identity 7",
        "--from-identity host --to-identity 40000",
        "--workload deployment/web",
        "--from-workload web --to-workload StatefulSet/db",
        "--fqdn *.example",
        "--from-fqdn a.example --to-fqdn b.example",
        "--service ns/svc",
        "--from-service ns/a --to-service ns/b",
        "--cluster east",
        "--node-name node-1,node-2",
        "--node-name east/*",
        "--http-status 5+ --http-method GET",
        "--http-path ^/a --http-url x --http-header a:b",
        "--traffic-direction ingress",
        "--drop-reason-desc POLICY_DENIED",
        "--uuid 5a13ae0c-6ac8-4d56-9115-d8ce97361c78",
        "--trace-id 5a13",
        "--ip-trace-id 7",
        "--snat-ip 10.0.0.1",
        "--node-label a=b",
        "--encrypted",
        "--unencrypted",
        "--cel-expression true",
        "--interface eth0",
        "--allowlist {\"source_pod\":[\"a/b\"]} --denylist {\"verdict\":[\"DROPPED\"]}",
      })
  void theSameIsAskedFor(String line) throws Exception {
    var arguments = new ArrayList<>(List.of("observe", "-o", "json"));
    if (!line.isEmpty()) {
      arguments.addAll(List.of(line.split(" ", -1)));
    }
    ours(arguments);
    theirs(arguments);
    assertThat(asked.get(0)).isEqualTo(asked.get(1));
  }
}
