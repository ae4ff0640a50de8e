package io.ovenet.bench;

import com.google.protobuf.BoolValue;
import com.google.protobuf.Timestamp;
import io.grpc.Server;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.ovenet.api.flow.CiliumEventType;
import io.ovenet.api.flow.DropReason;
import io.ovenet.api.flow.Endpoint;
import io.ovenet.api.flow.Flow;
import io.ovenet.api.flow.FlowType;
import io.ovenet.api.flow.IP;
import io.ovenet.api.flow.Layer4;
import io.ovenet.api.flow.TCP;
import io.ovenet.api.flow.TrafficDirection;
import io.ovenet.api.flow.Verdict;
import io.ovenet.api.observer.GetFlowsRequest;
import io.ovenet.api.observer.GetFlowsResponse;
import io.ovenet.api.observer.ObserverGrpc;
import io.ovenet.api.observer.ServerStatusRequest;
import io.ovenet.api.observer.ServerStatusResponse;
import io.ovenet.kubernetes.KubernetesApi;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * A Hubble server over many workloads in namespaces of twenty: each of them calls three others of
 * its namespace and one of another. Who follows gets as many flows as he asks for at once, and then
 * so many a second.
 */
final class SimulatedShop implements AutoCloseable {
  static final int APPLICATIONS = 20;
  private static final long TICK_NANOS = TimeUnit.MILLISECONDS.toNanos(20);
  private static final double DROPPED = 0.02;

  private final int namespaces;
  private final int perSecond;
  private final Server server;
  private volatile boolean closed;

  /**
   * Listens.
   *
   * @param workloads a multiple of {@link #APPLICATIONS}
   */
  SimulatedShop(int workloads, int perSecond) throws IOException {
    this.namespaces = workloads / APPLICATIONS;
    this.perSecond = perSecond;
    server =
        NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .addService(new Observer())
            .build()
            .start();
  }

  String address() {
    return "127.0.0.1:" + server.getPort();
  }

  /** Makes the workloads' pods, and policies that select one application each. */
  void populate(KubernetesApi api, int policies) throws IOException {
    for (int n = 0; n < namespaces; n++) {
      String namespace = "team-" + n;
      api.create(
          "/api/v1/namespaces",
          Map.of("apiVersion", "v1", "kind", "Namespace", "metadata", Map.of("name", namespace)));
      for (int a = 0; a < APPLICATIONS; a++) {
        api.create(
            "/api/v1/namespaces/" + namespace + "/pods",
            Map.of(
                "apiVersion",
                "v1",
                "kind",
                "Pod",
                "metadata",
                Map.of("name", "app-" + a + "-0", "labels", Map.of("app", "app-" + a)),
                "spec",
                Map.of("containers", List.of(Map.of("name", "c", "image", "busybox")))));
      }
    }
    for (int p = 0; p < policies; p++) {
      api.create(
          "/apis/networking.k8s.io/v1/namespaces/team-" + p % namespaces + "/networkpolicies",
          policy(p));
    }
  }

  private Map<String, Object> policy(int number) {
    int which = number / namespaces;
    return Map.of(
        "apiVersion",
        "networking.k8s.io/v1",
        "kind",
        "NetworkPolicy",
        "metadata",
        Map.of("name", "policy-" + number),
        "spec",
        Map.of(
            "podSelector",
            Map.of("matchLabels", Map.of("app", "app-" + which % APPLICATIONS)),
            "policyTypes",
            List.of("Ingress"),
            "ingress",
            List.of(
                Map.of(
                    "from",
                    List.of(
                        Map.of(
                            "podSelector",
                            Map.of(
                                "matchLabels",
                                Map.of("app", "app-" + (which + 3) % APPLICATIONS)))),
                    "ports",
                    List.of(Map.of("protocol", "TCP", "port", 8000 + number % 50))))));
  }

  private final class Observer extends ObserverGrpc.ObserverImplBase {
    @Override
    public void getFlows(GetFlowsRequest request, StreamObserver<GetFlowsResponse> to) {
      var call = (ServerCallStreamObserver<GetFlowsResponse>) to;
      call.setOnCancelHandler(() -> {});
      Thread.ofVirtual().name("shop").start(() -> tell(call, request.getNumber()));
    }

    @Override
    public void serverStatus(ServerStatusRequest request, StreamObserver<ServerStatusResponse> to) {
      to.onNext(ServerStatusResponse.newBuilder().setVersion("simulated").build());
      to.onCompleted();
    }
  }

  private void tell(ServerCallStreamObserver<GetFlowsResponse> call, long first) {
    var random = new Random(1);
    long begun = System.nanoTime();
    long told = 0;
    while (!closed && !call.isCancelled()) {
      long due = first + (System.nanoTime() - begun) * perSecond / TimeUnit.SECONDS.toNanos(1);
      for (; told < due && call.isReady(); told++) {
        // What was before has been so within the last ten seconds.
        long back = told < first ? (first - told) * TimeUnit.SECONDS.toNanos(10) / first : 0;
        call.onNext(flow(random, Instant.now().minusNanos(back)));
      }
      LockSupport.parkNanos(TICK_NANOS);
    }
  }

  private GetFlowsResponse flow(Random random, Instant at) {
    int from = random.nextInt(namespaces * APPLICATIONS);
    int step = random.nextInt(4);
    int namespace = from / APPLICATIONS;
    int application = (from + step + 1) % APPLICATIONS;
    int to = (step == 3 ? (namespace + 1) % namespaces : namespace) * APPLICATIONS + application;
    boolean dropped = random.nextDouble() < DROPPED;
    var time = Timestamp.newBuilder().setSeconds(at.getEpochSecond()).setNanos(at.getNano());
    var flow =
        Flow.newBuilder()
            .setTime(time)
            .setUuid(new UUID(random.nextLong(), random.nextLong()).toString())
            .setNodeName("default/node-" + from % 300)
            .setSource(end(from))
            .setDestination(end(to))
            .setIP(IP.newBuilder().setSource(ip(from)).setDestination(ip(to)))
            .setL4(
                Layer4.newBuilder()
                    .setTCP(
                        TCP.newBuilder()
                            .setSourcePort(32_768 + random.nextInt(28_000))
                            .setDestinationPort(8000 + to % 50)))
            .setType(FlowType.L3_L4)
            .setTrafficDirection(TrafficDirection.INGRESS)
            .setVerdict(dropped ? Verdict.DROPPED : Verdict.FORWARDED)
            .setEventType(CiliumEventType.newBuilder().setType(dropped ? 1 : 4));
    if (dropped) {
      flow.setDropReasonDesc(DropReason.POLICY_DENIED);
    } else {
      flow.setIsReply(BoolValue.of(false));
    }
    return GetFlowsResponse.newBuilder()
        .setFlow(flow)
        .setNodeName(flow.getNodeName())
        .setTime(time)
        .build();
  }

  private static Endpoint end(int workload) {
    String namespace = "team-" + workload / APPLICATIONS;
    String application = "app-" + workload % APPLICATIONS;
    return Endpoint.newBuilder()
        .setIdentity(20_000 + workload)
        .setNamespace(namespace)
        .setPodName(application + "-0")
        .addLabels("k8s:app=" + application)
        .addLabels("k8s:io.cilium.k8s.policy.cluster=default")
        .addLabels("k8s:io.kubernetes.pod.namespace=" + namespace)
        .build();
  }

  private static String ip(int workload) {
    return "10.0." + workload / 250 + "." + (workload % 250 + 1);
  }

  @Override
  public void close() {
    closed = true;
    server.shutdownNow();
  }
}
