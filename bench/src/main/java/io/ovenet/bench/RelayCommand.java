package io.ovenet.bench;

import io.grpc.Context;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.StreamObserver;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioDomainSocketChannel;
import io.ovenet.api.observer.GetFlowsRequest;
import io.ovenet.api.observer.GetFlowsResponse;
import io.ovenet.api.observer.ObserverGrpc;
import io.ovenet.flow.HubbleServer;
import io.ovenet.flow.PeerService;
import io.ovenet.flow.Peers;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code ovenet bench relay}: what a relay over many nodes costs. */
@Command(
    name = "relay",
    description = {
      "The shipped relay over simulated agents on loopback, some of them dead (half refuse",
      "connections, half never answer), and one follower of all flows: its processor time, its",
      "memory, how late flows come, and whether any is missing. The limit is a process of the same",
      "flags that follows the same agents and throws away what they tell."
    },
    mixinStandardHelpOptions = true)
final class RelayCommand implements Callable<Integer> {
  private static final Duration CEILING = Duration.ofMinutes(2);

  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private Output output = new Output();

  @Option(names = "--agents", description = "All of them (default: ${DEFAULT-VALUE}).")
  private int agents = 300;

  @Option(names = "--dead", description = "Of these (default: ${DEFAULT-VALUE}).")
  private int dead = 20;

  @Option(names = "--flows", description = "A second and agent (default: ${DEFAULT-VALUE}).")
  private int perSecond = 100;

  @Option(names = "--warm-up", description = "Seconds before (default: ${DEFAULT-VALUE}).")
  private int warmUp = 20;

  @Option(names = "--seconds", description = "To measure (default: ${DEFAULT-VALUE}).")
  private int seconds = 60;

  private final Path home = Path.of(System.getenv().getOrDefault("OVENET_HOME", "."));

  /** What a process took in the time that was measured. */
  private record Cost(double cores, long resident, long most) {
    @Override
    public String toString() {
      return "%.2f cores, %d MiB resident (%d at most)".formatted(cores, resident, most);
    }
  }

  @Override
  public Integer call() throws Exception {
    if (agents > 60_000 || dead >= agents || dead < 0 || perSecond < 1 || seconds < 1) {
      throw new ParameterException(
          spec.commandLine(), "--agents up to 60,000, --dead fewer, --flows and --seconds from 1");
    }
    Map<String, Object> report = new LinkedHashMap<>();
    try (Undo undo = new Undo("the benchmark")) {
      Path directory =
          undo.make(() -> Files.createTempDirectory("ovt-relay"), BenchNode::deleteAll);
      int alive = agents - dead;
      report.put("agents", agents + ", " + dead + " of them dead");
      report.put("flows a second", alive * perSecond);
      limit(undo, alive, report);
      relay(undo, directory, alive, report);
    }
    output.print(spec, report, "Aims: 1 core, 256 MiB, none missing.");
    return 0;
  }

  private void limit(Undo undo, int alive, Map<String, Object> report) throws Exception {
    Output.note("the limit: " + alive + " streams read and thrown away");
    try (var simulated = new SimulatedAgents(alive, perSecond)) {
      Process reader =
          undo.make(
              () ->
                  new ProcessBuilder(reader(alive, simulated.port()))
                      .redirectError(ProcessBuilder.Redirect.INHERIT)
                      .start(),
              Process::destroyForcibly);
      await("all agents are followed", () -> simulated.followed() == alive);
      TimeUnit.SECONDS.sleep(warmUp);
      Cost cost = measured(reader.toHandle());
      simulated.stop();
      reader.getOutputStream().close();
      reader.waitFor();
      report.put("limit: reading them", cost);
    }
  }

  private void relay(Undo undo, Path directory, int alive, Map<String, Object> report)
      throws Exception {
    Output.note("the relay");
    var peers = new Peers();
    Path socket = directory.resolve("relay.sock");
    Path peerSocket = directory.resolve("peers.sock");
    Path log = directory.resolve("log");
    var follower = new FollowerOfAll();
    try (var simulated = new SimulatedAgents(alive, perSecond);
        var silent = new Silence(simulated.port());
        var served =
            HubbleServer.start(List.of(new PeerService(peers)), "1.19.4", peerSocket, null, null)) {
      Objects.requireNonNull(served);
      for (int agent = 1; agent <= agents; agent++) {
        if (agent > alive && agent % 2 == 0) {
          silent.add(agent);
        }
        peers.upsert(
            "default/node-" + agent,
            SimulatedAgents.address(agent).getHostAddress() + ":" + simulated.port(),
            "");
      }
      Process relay =
          undo.make(
              () ->
                  new ProcessBuilder(
                          home.resolve("ovenet").toString(),
                          "relay",
                          "--listen-address=",
                          "--socket-path=" + socket,
                          "--peer-service=unix://" + peerSocket)
                      .redirectErrorStream(true)
                      .redirectOutput(log.toFile())
                      .start(),
              process -> {
                process.destroy();
                process.waitFor();
              });
      await("the relay listens", () -> Files.exists(socket));
      try (var client = new Client(socket)) {
        client.follow(follower);
        await("all agents are followed", () -> simulated.followed() == alive);
        TimeUnit.SECONDS.sleep(warmUp);
        follower.measure();
        Cost cost;
        try {
          cost = measured(relay.toHandle());
        } catch (NoSuchElementException | IOException e) {
          throw new IOException("the relay ended: " + end(log), e);
        }
        Times late = follower.measured();
        simulated.stop();
        await(
            "all that was told has come",
            () -> follower.received() >= simulated.told() || follower.quietNanos() > 10e9);
        follower.end();
        report.put("relay", cost);
        report.put("flows late by, ms", late);
        report.put("told", simulated.told());
        report.put("missing", simulated.told() - follower.received());
      }
    }
  }

  private static String end(Path log) throws IOException {
    List<String> lines = Files.readAllLines(log);
    return String.join(" | ", lines.subList(Math.max(0, lines.size() - 3), lines.size()));
  }

  private interface Condition {
    boolean holds() throws Exception;
  }

  private static void await(String what, Condition condition) throws Exception {
    Instant deadline = Instant.now().plus(CEILING);
    while (!condition.holds()) {
      if (Instant.now().isAfter(deadline)) {
        throw new IOException("not within " + CEILING.toMinutes() + " minutes: " + what);
      }
      TimeUnit.MILLISECONDS.sleep(50);
    }
  }

  private Cost measured(ProcessHandle process) throws IOException, InterruptedException {
    long began = System.nanoTime();
    Duration before = process.info().totalCpuDuration().orElseThrow();
    TimeUnit.SECONDS.sleep(seconds);
    Duration after = process.info().totalCpuDuration().orElseThrow();
    double cores = after.minus(before).toNanos() / (double) (System.nanoTime() - began);
    return new Cost(cores, memory(process, "VmRSS:"), memory(process, "VmHWM:"));
  }

  private static long memory(ProcessHandle process, String field) throws IOException {
    for (String line :
        Files.readAllLines(Path.of("/proc", Long.toString(process.pid()), "status"))) {
      if (line.startsWith(field)) {
        return Long.parseLong(line.replaceAll("\\D", "")) >> 10;
      }
    }
    throw new IOException("process " + process.pid() + " has no " + field);
  }

  /** With the relay's flags as shipped. */
  private List<String> reader(int alive, int port) throws IOException {
    var command =
        new ArrayList<String>(
            List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
    for (String argument : Files.readAllLines(home.resolve("target/ovenet/relay.args"))) {
      if (argument.equals("-cp")) {
        break;
      }
      command.add(argument);
    }
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.addAll(
        List.of(StreamReader.class.getName(), Integer.toString(alive), Integer.toString(port)));
    return command;
  }

  /** Addresses where connections are taken and nothing is ever said. */
  private static final class Silence implements AutoCloseable {
    private final int port;
    private final List<ServerSocket> sockets = new ArrayList<>();

    Silence(int port) {
      this.port = port;
    }

    void add(int agent) throws IOException {
      var socket = new ServerSocket();
      sockets.add(socket);
      socket.bind(new InetSocketAddress(SimulatedAgents.address(agent), port));
    }

    @Override
    public void close() throws IOException {
      for (ServerSocket socket : sockets) {
        socket.close();
      }
    }
  }

  /** Counts what comes, and how late. */
  private static final class FollowerOfAll implements StreamObserver<GetFlowsResponse> {
    private long received;
    private long last = System.nanoTime();
    private boolean measuring;
    private boolean done;
    private final List<Long> late = new ArrayList<>();

    @Override
    public synchronized void onNext(GetFlowsResponse response) {
      if (!response.hasFlow()) {
        return;
      }
      received++;
      last = System.nanoTime();
      if (measuring && received % 16 == 0) {
        var time = response.getTime();
        Instant told = Instant.ofEpochSecond(time.getSeconds(), time.getNanos());
        late.add(Duration.between(told, Instant.now()).toNanos());
      }
    }

    synchronized long received() {
      return received;
    }

    synchronized double quietNanos() {
      return System.nanoTime() - last;
    }

    /** What ends from here on is meant to. */
    synchronized void end() {
      done = true;
    }

    synchronized void measure() {
      measuring = true;
    }

    synchronized Times measured() throws IOException {
      measuring = false;
      if (late.isEmpty()) {
        throw new IOException("no flow came");
      }
      return Times.of(late);
    }

    @Override
    public synchronized void onError(Throwable failure) {
      if (!done) {
        Output.note("the relay's stream ended: " + failure.getMessage());
      }
    }

    @Override
    public void onCompleted() {}
  }

  /** A connection to the relay. */
  private static final class Client implements AutoCloseable {
    private final EventLoopGroup loop =
        new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private final Context.CancellableContext context = Context.current().withCancellation();
    private final ManagedChannel channel;

    Client(Path socket) {
      channel =
          NettyChannelBuilder.forAddress(UnixDomainSocketAddress.of(socket))
              .channelType(NioDomainSocketChannel.class, UnixDomainSocketAddress.class)
              .eventLoopGroup(loop)
              .overrideAuthority("localhost")
              .withOption(ChannelOption.SO_KEEPALIVE, null)
              .directExecutor()
              .usePlaintext()
              .build();
    }

    void follow(StreamObserver<GetFlowsResponse> to) {
      context.run(
          () ->
              ObserverGrpc.newStub(channel)
                  .getFlows(GetFlowsRequest.newBuilder().setFollow(true).build(), to));
    }

    @Override
    public void close() {
      channel.shutdownNow();
      context.cancel(null);
      loop.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(5, TimeUnit.SECONDS);
    }
  }
}
