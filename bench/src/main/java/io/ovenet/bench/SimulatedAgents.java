package io.ovenet.bench;

import com.google.protobuf.Timestamp;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.ovenet.api.flow.Endpoint;
import io.ovenet.api.flow.Flow;
import io.ovenet.api.flow.IP;
import io.ovenet.api.flow.Layer4;
import io.ovenet.api.flow.TCP;
import io.ovenet.api.flow.Verdict;
import io.ovenet.api.observer.GetFlowsRequest;
import io.ovenet.api.observer.GetFlowsResponse;
import io.ovenet.api.observer.ObserverGrpc;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Agents of many nodes in one process, each at an address of its own on loopback (127/8): to
 * whoever follows it, each tells so many flows a second, at its pace, and forgets none.
 */
final class SimulatedAgents implements AutoCloseable {
  private static final io.grpc.Context.Key<String> ADDRESS = io.grpc.Context.key("address");
  private static final long TICK_NANOS = TimeUnit.MILLISECONDS.toNanos(10);
  private static final int HOSTS = 250;
  private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

  private final Server server;
  private final int perSecond;
  private final List<Follower> followers = new CopyOnWriteArrayList<>();
  private final Thread telling = Thread.ofPlatform().name("agents").unstarted(this::tell);
  private volatile boolean stopped;
  private volatile boolean closed;

  /** Who follows one of the agents. */
  private static final class Follower {
    private final ServerCallStreamObserver<GetFlowsResponse> call;
    private final String node;
    private final long began = System.nanoTime();
    private long told;

    Follower(ServerCallStreamObserver<GetFlowsResponse> call, String node) {
      this.call = call;
      this.node = node;
    }
  }

  /** The address of an agent. */
  static InetAddress address(int agent) throws IOException {
    return InetAddress.getByAddress(
        new byte[] {127, 66, (byte) (agent / HOSTS), (byte) (agent % HOSTS + 1)});
  }

  /**
   * Listens.
   *
   * @param agents how many; {@link #address} of 1 and up
   * @param perSecond flows of each
   */
  SimulatedAgents(int agents, int perSecond) throws IOException {
    this.perSecond = perSecond;
    int port = 0;
    NettyServerBuilder builder = null;
    for (int agent = 1; agent <= agents; agent++) {
      if (builder == null) {
        port = freePort();
        builder = NettyServerBuilder.forAddress(new InetSocketAddress(address(agent), port));
      } else {
        builder.addListenAddress(new InetSocketAddress(address(agent), port));
      }
    }
    if (builder == null) {
      throw new IllegalArgumentException("no agents");
    }
    server = builder.intercept(addresses()).addService(new Observer()).build().start();
    telling.start();
  }

  private static int freePort() throws IOException {
    try (var socket = new java.net.ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  /** The same of all. */
  int port() {
    return server.getPort();
  }

  private static ServerInterceptor addresses() {
    return new ServerInterceptor() {
      @Override
      public <Q, A> ServerCall.Listener<Q> interceptCall(
          ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
        var at = (InetSocketAddress) call.getAttributes().get(Grpc.TRANSPORT_ATTR_LOCAL_ADDR);
        String text = at == null ? "" : at.getAddress().getHostAddress();
        return io.grpc.Contexts.interceptCall(
            io.grpc.Context.current().withValue(ADDRESS, text), call, headers, next);
      }
    };
  }

  private final class Observer extends ObserverGrpc.ObserverImplBase {
    @Override
    public void getFlows(GetFlowsRequest request, StreamObserver<GetFlowsResponse> to) {
      var call = (ServerCallStreamObserver<GetFlowsResponse>) to;
      var follower = new Follower(call, "default/" + ADDRESS.get());
      call.setOnCancelHandler(() -> followers.remove(follower));
      followers.add(follower);
    }
  }

  /** How many are followed. */
  int followed() {
    return followers.size();
  }

  /** From here on nobody has anything new; what is still to be told is told. */
  void stop() {
    stopped = true;
  }

  /** How many flows were told so far, to all followers. */
  long told() {
    long sum = 0;
    for (Follower follower : followers) {
      synchronized (follower) {
        sum += follower.told;
      }
    }
    return sum;
  }

  private void tell() {
    Flow flow = flow();
    long stoppedAt = 0;
    while (!closed) {
      long now = System.nanoTime();
      if (stopped && stoppedAt == 0) {
        stoppedAt = now;
      }
      long until = stoppedAt == 0 ? now : stoppedAt;
      for (Follower follower : followers) {
        synchronized (follower) {
          long due = (until - follower.began) * perSecond / SECOND;
          while (follower.told < due && follower.call.isReady()) {
            follower.call.onNext(response(flow, follower.node));
            follower.told++;
          }
        }
      }
      LockSupport.parkNanos(Math.max(0, TICK_NANOS - (System.nanoTime() - now)));
    }
  }

  private static GetFlowsResponse response(Flow flow, String node) {
    Timestamp now = now();
    return GetFlowsResponse.newBuilder()
        .setFlow(flow.toBuilder().setTime(now).setNodeName(node))
        .setNodeName(node)
        .setTime(now)
        .build();
  }

  private static Timestamp now() {
    var instant = java.time.Instant.now();
    return Timestamp.newBuilder()
        .setSeconds(instant.getEpochSecond())
        .setNanos(instant.getNano())
        .build();
  }

  /** As long as flows are. */
  private static Flow flow() {
    var labels = new ArrayList<String>();
    for (String label : List.of("app=web", "tier=front", "team=shop", "version=v1.2.3")) {
      labels.add("k8s:" + label);
    }
    labels.add("k8s:io.kubernetes.pod.namespace=app-web-prod");
    labels.add("k8s:io.cilium.k8s.policy.cluster=default");
    labels.add("k8s:io.cilium.k8s.policy.serviceaccount=default");
    var end = Endpoint.newBuilder().setClusterName("default").addAllLabels(labels);
    return Flow.newBuilder()
        .setVerdict(Verdict.FORWARDED)
        .setUuid("0d2c8a52-6f0e-4c1b-9a51-6a2c0f7c6f11")
        .setIP(IP.newBuilder().setSource("10.0.17.31").setDestination("10.0.200.7"))
        .setL4(
            Layer4.newBuilder()
                .setTCP(TCP.newBuilder().setSourcePort(43_210).setDestinationPort(8080)))
        .setSource(
            end.clone()
                .setID(17)
                .setIdentity(20_001)
                .setNamespace("app-web-prod")
                .setPodName("web-7d9f8c6b5-x2x4z"))
        .setDestination(
            end.clone()
                .setIdentity(20_002)
                .setNamespace("app-database-prod")
                .setPodName("virt-launcher-database-7f8x2"))
        .build();
  }

  @Override
  public void close() throws IOException {
    closed = true;
    server.shutdownNow();
    try {
      telling.join();
      server.awaitTermination(5, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
