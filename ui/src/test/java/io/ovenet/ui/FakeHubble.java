package io.ovenet.ui;

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
import io.ovenet.api.trace.SendRequest;
import io.ovenet.api.trace.SendResponse;
import io.ovenet.api.trace.Step;
import io.ovenet.api.trace.TraceGrpc;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/** A Hubble server over gRPC whose flows a test makes. Followers get all from the first on. */
final class FakeHubble extends ObserverGrpc.ObserverImplBase implements AutoCloseable {
  private final List<GetFlowsResponse> all = new ArrayList<>();
  private final List<ServerCallStreamObserver<GetFlowsResponse>> followers = new ArrayList<>();
  private final Server server;

  FakeHubble(int port) throws IOException {
    server =
        NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), port))
            .addService(this)
            .addService(new Traces())
            .build()
            .start();
  }

  /** Says of each packet that its own node's policy refused it. */
  private static final class Traces extends TraceGrpc.TraceImplBase {
    @Override
    public void send(SendRequest request, StreamObserver<SendResponse> observer) {
      observer.onNext(
          SendResponse.newBuilder()
              .setNodeName("default/node-1")
              .setStep(
                  Step.newBuilder()
                      .setNodeName("default/node-1")
                      .setEnd(Step.End.REFUSED)
                      .setCalledIp(request.getDestination())
                      .setCalledPort(request.getPort())
                      .setDropReason(DropReason.POLICY_DENIED))
              .build());
      observer.onCompleted();
    }
  }

  int port() {
    return server.getPort();
  }

  String address() {
    return "127.0.0.1:" + port();
  }

  synchronized void say(GetFlowsResponse response) {
    all.add(response);
    followers.removeIf(ServerCallStreamObserver::isCancelled);
    followers.forEach(follower -> follower.onNext(response));
  }

  void flow(Flow flow) {
    say(GetFlowsResponse.newBuilder().setFlow(flow).setTime(flow.getTime()).build());
  }

  @Override
  public synchronized void getFlows(
      GetFlowsRequest request, StreamObserver<GetFlowsResponse> observer) {
    var follower = (ServerCallStreamObserver<GetFlowsResponse>) observer;
    follower.setOnCancelHandler(() -> {});
    all.forEach(follower::onNext);
    followers.add(follower);
  }

  @Override
  public void serverStatus(
      ServerStatusRequest request, StreamObserver<ServerStatusResponse> observer) {
    observer.onNext(ServerStatusResponse.newBuilder().setVersion("fake").build());
    observer.onCompleted();
  }

  @Override
  public void close() {
    server.shutdownNow();
  }

  static Endpoint pod(String namespace, String name, String app) {
    return Endpoint.newBuilder()
        .setNamespace(namespace)
        .setPodName(name)
        .setIdentity(20_000)
        .addLabels("k8s:app=" + app)
        .addLabels("k8s:io.kubernetes.pod.namespace=" + namespace)
        .build();
  }

  static Endpoint world() {
    return Endpoint.newBuilder().setIdentity(2).addLabels("reserved:world").build();
  }

  static Flow.Builder tcp(Endpoint from, Endpoint to, int port, boolean passes) {
    return tcp(from, to, port, passes, System.currentTimeMillis());
  }

  static Flow.Builder tcp(Endpoint from, Endpoint to, int port, boolean passes, long millis) {
    Flow.Builder flow =
        Flow.newBuilder()
            .setUuid(UUID.randomUUID().toString())
            .setTime(
                Timestamp.newBuilder()
                    .setSeconds(millis / 1000)
                    .setNanos((int) (millis % 1000) * 1_000_000))
            .setNodeName("default/node-1")
            .setSource(from)
            .setDestination(to)
            .setIP(IP.newBuilder().setSource("10.0.0.1").setDestination("10.0.0.2"))
            .setL4(
                Layer4.newBuilder()
                    .setTCP(TCP.newBuilder().setSourcePort(40_000).setDestinationPort(port)))
            .setType(FlowType.L3_L4)
            .setTrafficDirection(TrafficDirection.INGRESS);
    return passes
        ? flow.setVerdict(Verdict.FORWARDED)
            .setEventType(CiliumEventType.newBuilder().setType(4))
            .setIsReply(BoolValue.of(false))
        : flow.setVerdict(Verdict.DROPPED)
            .setEventType(CiliumEventType.newBuilder().setType(1).setSubType(133))
            .setDropReasonDesc(DropReason.POLICY_DENIED);
  }
}
