package io.ovenet.flow;

import io.grpc.BindableService;
import io.grpc.MethodDescriptor;
import io.grpc.ServerMethodDefinition;
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
import io.ovenet.api.observer.ObserverGrpc;
import io.ovenet.api.observer.ServerStatusRequest;
import io.ovenet.api.observer.ServerStatusResponse;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hubble's observer for one node. Safe for any number of calls at once, each of which has its own
 * virtual thread.
 */
public final class ObserverService implements BindableService {
  private static final Logger LOG = LoggerFactory.getLogger(ObserverService.class);

  private final FlowRing ring;
  private final FlowStatistics statistics;
  private final FlowFilters filters;

  /** For tenants, to whom no node's name is told. */
  private final FlowFilters placeless;

  private final FlowUuids uuids;
  private final String nodeName;
  private final String version;
  private final LongSupplier now;
  private final AgentEvents agentEvents;

  /**
   * Over a ring.
   *
   * @param nodeName {@code cluster/node}
   * @param version what ServerStatus says
   * @param now nanoseconds since 1970; called by any thread
   */
  public ObserverService(
      FlowRing ring,
      FlowStatistics statistics,
      FlowUuids uuids,
      String nodeName,
      String version,
      LongSupplier now) {
    this(ring, statistics, uuids, nodeName, version, now, new AgentEvents());
  }

  /** The same, with what the agent itself did. */
  public ObserverService(
      FlowRing ring,
      FlowStatistics statistics,
      FlowUuids uuids,
      String nodeName,
      String version,
      LongSupplier now,
      AgentEvents agentEvents) {
    this.agentEvents = agentEvents;
    this.ring = ring;
    this.statistics = statistics;
    this.filters = new FlowFilters(nodeName, uuids);
    this.placeless = new FlowFilters("", uuids);
    this.uuids = uuids;
    this.nodeName = nodeName;
    this.version = version;
    this.now = now;
  }

  /** As generated, except that GetFlows answers with bytes. */
  @Override
  public ServerServiceDefinition bindService() {
    MethodDescriptor<GetFlowsRequest, byte[]> getFlows =
        ObserverGrpc.getGetFlowsMethod().toBuilder(
                ObserverGrpc.getGetFlowsMethod().getRequestMarshaller(),
                SerializedMarshaller.INSTANCE)
            .build();
    ServerServiceDefinition generated = new Unary().bindService();
    ServiceDescriptor descriptor = generated.getServiceDescriptor();
    var service =
        ServiceDescriptor.newBuilder(descriptor.getName())
            .setSchemaDescriptor(descriptor.getSchemaDescriptor());
    for (MethodDescriptor<?, ?> method : descriptor.getMethods()) {
      service.addMethod(isGetFlows(method) ? getFlows : method);
    }
    var definition = ServerServiceDefinition.builder(service.build());
    for (ServerMethodDefinition<?, ?> method : generated.getMethods()) {
      if (!isGetFlows(method.getMethodDescriptor())) {
        definition.addMethod(method);
      }
    }
    return definition
        .addMethod(getFlows, ServerCalls.asyncServerStreamingCall(this::getFlows))
        .build();
  }

  private static boolean isGetFlows(MethodDescriptor<?, ?> method) {
    return method.getFullMethodName().equals(ObserverGrpc.getGetFlowsMethod().getFullMethodName());
  }

  private void getFlows(GetFlowsRequest request, StreamObserver<byte[]> responses) {
    TenantView view = TenantScope.current();
    FlowQuery query;
    try {
      query = FlowQuery.of(request, view == null ? filters : placeless, view);
    } catch (IllegalArgumentException e) {
      responses.onError(
          Status.INVALID_ARGUMENT.withDescription(e.getMessage()).asRuntimeException());
      return;
    }
    var client = (ServerCallStreamObserver<byte[]>) responses;
    // On which node the other end is, is that one's.
    var encoder = new FlowEncoder(view == null ? nodeName : "", uuids, query.mask());
    var stream = new FlowStream(ring, query, encoder, now, new Client(client));
    Thread thread = Thread.ofVirtual().name("flows").unstarted(() -> run(stream, client));
    client.setOnReadyHandler(() -> LockSupport.unpark(thread));
    client.setOnCancelHandler(() -> LockSupport.unpark(thread));
    thread.start();
  }

  /** Whoever asked. */
  private record Client(ServerCallStreamObserver<byte[]> call) implements FlowReceiver {
    @Override
    public boolean isReady() {
      return call.isReady();
    }

    @Override
    public boolean isGone() {
      return call.isCancelled();
    }

    @Override
    public void take(byte[] response) {
      call.onNext(response);
    }

    @Override
    public void end() {
      call.onCompleted();
    }
  }

  private static void run(FlowStream stream, ServerCallStreamObserver<byte[]> client) {
    try {
      stream.run();
    } catch (RuntimeException e) {
      if (!client.isCancelled()) {
        LOG.error("a stream of flows failed", e);
        client.onError(
            Status.INTERNAL.withDescription("the stream of flows failed").asRuntimeException());
      }
    }
  }

  /** The calls with one answer. */
  private final class Unary extends ObserverGrpc.ObserverImplBase {
    @Override
    public void serverStatus(
        ServerStatusRequest request, StreamObserver<ServerStatusResponse> response) {
      long time = now.getAsLong();
      response.onNext(
          ServerStatusResponse.newBuilder()
              .setNumFlows(ring.next() - ring.oldest())
              .setMaxFlows(ring.capacity())
              .setSeenFlows(statistics.total())
              .setUptimeNs(statistics.uptimeNanos(time))
              .setFlowsRate(statistics.rate(time))
              .setVersion(version)
              .build());
      response.onCompleted();
    }

    @Override
    public void getNamespaces(
        GetNamespacesRequest request, StreamObserver<GetNamespacesResponse> response) {
      TenantView view = TenantScope.current();
      var namespaces = GetNamespacesResponse.newBuilder();
      for (FlowStatistics.Place place : statistics.namespaces(now.getAsLong())) {
        if (view == null || view.includes(place.namespace())) {
          namespaces.addNamespaces(
              Namespace.newBuilder().setCluster(place.cluster()).setNamespace(place.namespace()));
        }
      }
      response.onNext(namespaces.build());
      response.onCompleted();
    }

    @Override
    public void getAgentEvents(
        GetAgentEventsRequest request, StreamObserver<GetAgentEventsResponse> responses) {
      var client = (ServerCallStreamObserver<GetAgentEventsResponse>) responses;
      AgentEventStream stream;
      try {
        stream = new AgentEventStream(agentEvents, request, nodeName, client);
      } catch (IllegalArgumentException e) {
        responses.onError(
            Status.INVALID_ARGUMENT.withDescription(e.getMessage()).asRuntimeException());
        return;
      }
      Thread thread = Thread.ofVirtual().name("agent-events").unstarted(stream);
      client.setOnCancelHandler(thread::interrupt);
      thread.start();
    }

    /** The datapath has no debug messages: none so far, and none to follow. */
    @Override
    public void getDebugEvents(
        GetDebugEventsRequest request, StreamObserver<GetDebugEventsResponse> responses) {
      if (request.getFirst() && request.getFollow()) {
        responses.onError(
            Status.INVALID_ARGUMENT
                .withDescription("first and follow exclude each other")
                .asRuntimeException());
      } else if (!request.getFollow()) {
        responses.onCompleted();
      }
    }

    @Override
    public void getNodes(GetNodesRequest request, StreamObserver<GetNodesResponse> response) {
      response.onError(
          Status.UNIMPLEMENTED
              .withDescription("a node's agent knows itself alone: ask a relay for the nodes")
              .asRuntimeException());
    }
  }
}
