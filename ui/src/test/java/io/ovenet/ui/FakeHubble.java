package io.ovenet.ui;

import com.google.protobuf.BoolValue;
import com.google.protobuf.Timestamp;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
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
import io.ovenet.api.observer.GetNamespacesRequest;
import io.ovenet.api.observer.GetNamespacesResponse;
import io.ovenet.api.observer.GetNodesRequest;
import io.ovenet.api.observer.GetNodesResponse;
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
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * A Hubble server over gRPC whose flows a test makes. Followers get all from the first on; where
 * there are tenants, those of their namespace.
 */
final class FakeHubble extends ObserverGrpc.ObserverImplBase implements AutoCloseable {
  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);
  private static final Context.Key<String> TOKEN = Context.key("token");

  /**
   * Somebody who follows.
   *
   * @param token with which
   * @param namespace whose flows he sees; "": all
   */
  private record Follower(
      String token, String namespace, ServerCallStreamObserver<GetFlowsResponse> observer) {
    void say(GetFlowsResponse response) {
      Flow flow = response.getFlow();
      if (namespace.isEmpty()
          || flow.getSource().getNamespace().equals(namespace)
          || flow.getDestination().getNamespace().equals(namespace)) {
        observer.onNext(response);
      }
    }
  }

  private final List<GetFlowsResponse> all = new ArrayList<>();
  private final List<Follower> followers = new ArrayList<>();
  private final Map<String, String> tenants = new ConcurrentHashMap<>();
  private volatile boolean forTenants;
  private final Server server;

  FakeHubble(int port) throws IOException {
    server =
        NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), port))
            .addService(this)
            .intercept(new Tokens())
            .addService(new Traces())
            .build()
            .start();
  }

  /** Where there are tenants, nobody else is known. */
  private final class Tokens implements ServerInterceptor {
    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
      String token =
          Objects.requireNonNullElse(headers.get(AUTHORIZATION), "").replaceFirst("^Bearer ", "");
      Status refusal = refusal(token);
      if (refusal != null) {
        call.close(refusal, new Metadata());
        return new ServerCall.Listener<>() {};
      }
      return Contexts.interceptCall(Context.current().withValue(TOKEN, token), call, headers, next);
    }
  }

  /** Why nothing is shown to a token's holder; null: something is. */
  private @Nullable Status refusal(String token) {
    String namespace = forTenants ? tenants.get(token) : "";
    if (namespace == null) {
      return Status.UNAUTHENTICATED.withDescription("who is that?");
    }
    return namespace.equals("-")
        ? Status.PERMISSION_DENIED.withDescription("he may see nothing")
        : null;
  }

  /** From now on there are tenants; the token's holder sees one namespace, of "-" nothing. */
  void tenant(String token, String namespace) {
    forTenants = true;
    tenants.put(token, namespace);
  }

  /** The token is nobody's any more; who follows with it is told so. */
  void revoke(String token) {
    var _ = Objects.requireNonNull(tenants.remove(token));
    end(token);
  }

  /** The token's holder may see nothing any more; who follows with it is told so. */
  void takeRights(String token) {
    tenants.put(token, "-");
    end(token);
  }

  private synchronized void end(String token) {
    followers.removeIf(
        follower -> {
          boolean his = follower.token.equals(token);
          if (his) {
            follower.observer.onError(Objects.requireNonNull(refusal(token)).asRuntimeException());
          }
          return his;
        });
  }

  @Override
  public void getNamespaces(
      GetNamespacesRequest request, StreamObserver<GetNamespacesResponse> observer) {
    observer.onNext(GetNamespacesResponse.getDefaultInstance());
    observer.onCompleted();
  }

  @Override
  public void getNodes(GetNodesRequest request, StreamObserver<GetNodesResponse> observer) {
    observer.onError(
        Status.PERMISSION_DENIED
            .withDescription("observer.Observer/GetNodes is for whoever may see all namespaces")
            .asRuntimeException());
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
    followers.removeIf(follower -> follower.observer.isCancelled());
    followers.forEach(follower -> follower.say(response));
  }

  void flow(Flow flow) {
    say(GetFlowsResponse.newBuilder().setFlow(flow).setTime(flow.getTime()).build());
  }

  @Override
  public synchronized void getFlows(
      GetFlowsRequest request, StreamObserver<GetFlowsResponse> observer) {
    var client = (ServerCallStreamObserver<GetFlowsResponse>) observer;
    client.setOnCancelHandler(() -> {});
    String token = TOKEN.get();
    // Whose rights went since the call came is not among the followers that were told so.
    Status refusal = refusal(token);
    if (refusal != null) {
      client.onError(refusal.asRuntimeException());
      return;
    }
    String namespace = forTenants ? Objects.requireNonNull(tenants.get(token)) : "";
    var follower = new Follower(token, namespace, client);
    all.forEach(follower::say);
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
