package io.ovenet.relay;

import com.google.common.util.concurrent.ListenableFuture;
import com.google.protobuf.UInt32Value;
import io.grpc.BindableService;
import io.grpc.MethodDescriptor;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServiceDescriptor;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import io.ovenet.api.observer.GetAgentEventsRequest;
import io.ovenet.api.observer.GetAgentEventsResponse;
import io.ovenet.api.observer.GetDebugEventsRequest;
import io.ovenet.api.observer.GetDebugEventsResponse;
import io.ovenet.api.observer.GetFlowsRequest;
import io.ovenet.api.observer.GetNamespacesRequest;
import io.ovenet.api.observer.GetNamespacesResponse;
import io.ovenet.api.observer.GetNodesRequest;
import io.ovenet.api.observer.GetNodesResponse;
import io.ovenet.api.observer.Namespace;
import io.ovenet.api.observer.Node;
import io.ovenet.api.observer.ObserverGrpc;
import io.ovenet.api.observer.ServerStatusRequest;
import io.ovenet.api.observer.ServerStatusResponse;
import io.ovenet.api.observer.TLS;
import io.ovenet.api.relay.NodeState;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/** Hubble's observer over all nodes. Safe for any number of calls at once. */
final class RelayService implements BindableService, ObserverGrpc.AsyncService {
  private static final int CALL_SECONDS = 5;
  private static final int MOST_UNAVAILABLE = 10;

  private final PeerDirectory directory;
  private final String nodeName;
  private final String version;

  /**
   * Over the agents of a directory.
   *
   * @param nodeName where the relay runs
   */
  RelayService(PeerDirectory directory, String nodeName, String version) {
    this.directory = directory;
    this.nodeName = nodeName;
    this.version = version;
  }

  /** The same methods; GetFlows by what passes answers on as they are. */
  @Override
  public ServerServiceDefinition bindService() {
    var all = ObserverGrpc.bindService(this);
    var described = all.getServiceDescriptor();
    var methods = ServiceDescriptor.newBuilder(described.getName());
    methods.setSchemaDescriptor(described.getSchemaDescriptor());
    for (var method : described.getMethods()) {
      methods.addMethod(isGetFlows(method) ? FlowAnswer.METHOD : method);
    }
    var bound = ServerServiceDefinition.builder(methods.build());
    for (var method : all.getMethods()) {
      if (isGetFlows(method.getMethodDescriptor())) {
        bound.addMethod(FlowAnswer.METHOD, ServerCalls.asyncServerStreamingCall(this::passFlowsOn));
      } else {
        bound.addMethod(method);
      }
    }
    return bound.build();
  }

  private static boolean isGetFlows(MethodDescriptor<?, ?> method) {
    return method.getFullMethodName().equals(FlowAnswer.METHOD.getFullMethodName());
  }

  private void passFlowsOn(GetFlowsRequest request, StreamObserver<FlowAnswer> answers) {
    if (request.getFirst() && request.getFollow()) {
      answers.onError(
          Status.INVALID_ARGUMENT
              .withDescription("first and follow exclude each other")
              .asRuntimeException());
      return;
    }
    var client = (ServerCallStreamObserver<FlowAnswer>) answers;
    new FlowMerge(directory, request, nodeName, client, TenantGate.namespaces()).start();
  }

  /** What each connected agent answers, in time; null for one that does not. */
  private <T> Map<Peer, T> ask(Function<ObserverGrpc.ObserverFutureStub, ListenableFuture<T>> call)
      throws InterruptedException {
    var asked = new LinkedHashMap<Peer, ListenableFuture<T>>();
    for (Peer peer : directory.peers()) {
      var channel = peer.channel();
      if (channel != null && peer.isConnected()) {
        asked.put(
            peer,
            call.apply(
                ObserverGrpc.newFutureStub(channel)
                    .withDeadlineAfter(CALL_SECONDS, TimeUnit.SECONDS)));
      }
    }
    var answers = new LinkedHashMap<Peer, T>();
    for (var each : asked.entrySet()) {
      try {
        answers.put(each.getKey(), each.getValue().get());
      } catch (ExecutionException e) {
        // Told as a node that is not available, below.
        org.slf4j.LoggerFactory.getLogger(RelayService.class)
            .debug("{} does not answer", each.getKey().name(), e.getCause());
      }
    }
    return answers;
  }

  /** Runs a call whose agents answer in their own time. */
  private static void call(StreamObserver<?> responses, Interruptible call) {
    try {
      call.run();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      responses.onError(Status.CANCELLED.asRuntimeException());
    }
  }

  @FunctionalInterface
  private interface Interruptible {
    void run() throws InterruptedException;
  }

  @Override
  public void serverStatus(
      ServerStatusRequest request, StreamObserver<ServerStatusResponse> responses) {
    call(
        responses,
        () -> {
          Map<Peer, ServerStatusResponse> answers = ask(stub -> stub.serverStatus(request));
          var sum = ServerStatusResponse.newBuilder().setVersion(version);
          // How much goes on in all namespaces, and what nodes there are, is not for tenants.
          boolean all = TenantGate.namespaces() == null;
          if (all) {
            answers.values().forEach(answer -> add(sum, answer));
          }
          int unavailable = 0;
          for (Peer peer : directory.peers()) {
            if (!answers.containsKey(peer) && unavailable++ < MOST_UNAVAILABLE && all) {
              sum.addUnavailableNodes(peer.name());
            }
          }
          responses.onNext(
              sum.setNumConnectedNodes(UInt32Value.of(answers.size()))
                  .setNumUnavailableNodes(UInt32Value.of(unavailable))
                  .build());
          responses.onCompleted();
        });
  }

  private static void add(ServerStatusResponse.Builder sum, ServerStatusResponse answer) {
    sum.setNumFlows(sum.getNumFlows() + answer.getNumFlows())
        .setMaxFlows(sum.getMaxFlows() + answer.getMaxFlows())
        .setSeenFlows(sum.getSeenFlows() + answer.getSeenFlows())
        .setFlowsRate(sum.getFlowsRate() + answer.getFlowsRate())
        .setUptimeNs(Math.max(sum.getUptimeNs(), answer.getUptimeNs()));
  }

  @Override
  public void getNodes(GetNodesRequest request, StreamObserver<GetNodesResponse> responses) {
    call(
        responses,
        () -> {
          Map<Peer, ServerStatusResponse> answers =
              ask(stub -> stub.serverStatus(ServerStatusRequest.getDefaultInstance()));
          var nodes = GetNodesResponse.newBuilder();
          for (Peer peer : directory.peers()) {
            var node = Node.newBuilder().setName(peer.name()).setAddress(peer.told().getAddress());
            var tls = TLS.newBuilder().setEnabled(peer.told().hasTls());
            node.setTls(tls.setServerName(peer.told().getTls().getServerName()));
            ServerStatusResponse answer = answers.get(peer);
            if (answer == null) {
              boolean reached = peer.isConnected() && peer.problem().isEmpty();
              node.setState(reached ? NodeState.NODE_ERROR : NodeState.NODE_UNAVAILABLE);
            } else {
              node.setState(NodeState.NODE_CONNECTED)
                  .setVersion(answer.getVersion())
                  .setUptimeNs(answer.getUptimeNs())
                  .setNumFlows(answer.getNumFlows())
                  .setMaxFlows(answer.getMaxFlows())
                  .setSeenFlows(answer.getSeenFlows());
            }
            nodes.addNodes(node);
          }
          responses.onNext(nodes.build());
          responses.onCompleted();
        });
  }

  @Override
  public void getNamespaces(
      GetNamespacesRequest request, StreamObserver<GetNamespacesResponse> responses) {
    call(
        responses,
        () -> {
          var namespaces =
              new TreeSet<>(
                  Comparator.comparing(Namespace::getCluster)
                      .thenComparing(Namespace::getNamespace));
          Set<String> his = TenantGate.namespaces();
          for (GetNamespacesResponse answer : ask(stub -> stub.getNamespaces(request)).values()) {
            answer.getNamespacesList().stream()
                .filter(each -> his == null || his.contains(each.getNamespace()))
                .forEach(namespaces::add);
          }
          responses.onNext(GetNamespacesResponse.newBuilder().addAllNamespaces(namespaces).build());
          responses.onCompleted();
        });
  }

  private static void unimplemented(StreamObserver<?> responses, String what) {
    responses.onError(
        Status.UNIMPLEMENTED
            .withDescription("a relay has no " + what + " events: ask a node's agent")
            .asRuntimeException());
  }

  @Override
  public void getAgentEvents(
      GetAgentEventsRequest request, StreamObserver<GetAgentEventsResponse> responses) {
    unimplemented(responses, "agent");
  }

  @Override
  public void getDebugEvents(
      GetDebugEventsRequest request, StreamObserver<GetDebugEventsResponse> responses) {
    unimplemented(responses, "debug");
  }
}
