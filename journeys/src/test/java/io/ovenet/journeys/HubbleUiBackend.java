package io.ovenet.journeys;

import io.grpc.Context;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.StreamObserver;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioDomainSocketChannel;
import io.ovenet.api.flow.Endpoint;
import io.ovenet.api.flow.EventTypeFilter;
import io.ovenet.api.flow.Flow;
import io.ovenet.api.flow.FlowFilter;
import io.ovenet.api.observer.GetFlowsRequest;
import io.ovenet.api.observer.GetFlowsResponse;
import io.ovenet.api.observer.GetNodesRequest;
import io.ovenet.api.observer.Node;
import io.ovenet.api.observer.ObserverGrpc;
import io.ovenet.api.observer.ServerStatusRequest;
import io.ovenet.api.observer.ServerStatusResponse;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Asks a relay as the backend of upstream's hubble-ui does (its {@code
 * backend/internal/flow_stream} and {@code statuschecker}), with the filters that its page makes
 * for a namespace ({@code src/api/grpc/common.ts}), and draws the arrows that it would. Safe for
 * any thread.
 */
final class HubbleUiBackend implements AutoCloseable {
  private static final int DROP = 1;
  private static final int TRACE = 4;
  private static final int POLICY_VERDICT = 5;
  private static final int L7 = 129;
  private static final int FLOWS_BEFORE = 10_000;

  private final EventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final Context.CancellableContext context = Context.current().withCancellation();
  private final ManagedChannel channel;
  private final Set<String> arrows = new ConcurrentSkipListSet<>();
  private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();

  /** Follows what has to do with a namespace's pods. */
  HubbleUiBackend(Path relaySocket, String namespace) {
    channel =
        NettyChannelBuilder.forAddress(UnixDomainSocketAddress.of(relaySocket))
            .channelType(NioDomainSocketChannel.class, UnixDomainSocketAddress.class)
            .eventLoopGroup(loop)
            .overrideAuthority("localhost")
            .withOption(ChannelOption.SO_KEEPALIVE, null)
            .usePlaintext()
            .build();
    context.run(() -> ObserverGrpc.newStub(channel).getFlows(request(namespace), observer()));
  }

  private static GetFlowsRequest request(String namespace) {
    return GetFlowsRequest.newBuilder()
        .setFollow(true)
        .setNumber(FLOWS_BEFORE)
        .addWhitelist(base().addSourcePod(namespace + "/"))
        .addWhitelist(base().addDestinationPod(namespace + "/"))
        .addBlacklist(
            FlowFilter.newBuilder()
                .addAllSourceLabel(
                    List.of("reserved:unknown", "reserved:host", "reserved:remote-node")))
        .addBlacklist(
            FlowFilter.newBuilder()
                .addAllDestinationLabel(
                    List.of("reserved:unknown", "reserved:host", "reserved:remote-node")))
        .addBlacklist(
            FlowFilter.newBuilder()
                .addDestinationLabel("k8s:k8s-app=kube-dns")
                .addDestinationPort("53"))
        .addBlacklist(FlowFilter.newBuilder().addSourceFqdn("*.cluster.local*"))
        .addBlacklist(FlowFilter.newBuilder().addDestinationFqdn("*.cluster.local*"))
        .build();
  }

  private static FlowFilter.Builder base() {
    var filter = FlowFilter.newBuilder().addReply(false);
    for (int type : List.of(DROP, TRACE, L7, POLICY_VERDICT)) {
      filter.addEventType(EventTypeFilter.newBuilder().setType(type));
    }
    return filter;
  }

  private StreamObserver<GetFlowsResponse> observer() {
    return new StreamObserver<>() {
      @Override
      public void onNext(GetFlowsResponse response) {
        // What nodes are connected is told in between.
        if (response.hasFlow()) {
          arrows.add(arrow(response.getFlow()));
        }
      }

      @Override
      public void onError(Throwable thrown) {
        failure.set(thrown);
      }

      @Override
      public void onCompleted() {
        failure.set(new AssertionError("a stream that follows ended"));
      }
    };
  }

  /** What the map is made of: who, whom, where, and whether it was let. */
  private static String arrow(Flow flow) {
    var l4 = flow.getL4();
    int port = l4.hasTCP() ? l4.getTCP().getDestinationPort() : l4.getUDP().getDestinationPort();
    return "%s -> %s:%d %s%s"
        .formatted(
            service(flow.getSource()),
            service(flow.getDestination()),
            port,
            flow.getVerdict(),
            flow.hasTime() && !flow.getUuid().isEmpty() ? "" : " without time or id");
  }

  /** By its app label, as cards are named, with the identity that cards are told apart by. */
  private static String service(Endpoint end) {
    for (String label : end.getLabelsList()) {
      if (label.startsWith("k8s:app=") && end.getIdentity() > 0) {
        return label.substring("k8s:app=".length());
      }
    }
    return String.join(",", end.getLabelsList());
  }

  /** Each once. */
  Set<String> arrows() {
    var thrown = failure.get();
    if (thrown != null) {
      throw new AssertionError("the relay's stream failed", thrown);
    }
    return Set.copyOf(arrows);
  }

  ServerStatusResponse status() {
    return ObserverGrpc.newBlockingStub(channel)
        .withDeadlineAfter(30, TimeUnit.SECONDS)
        .serverStatus(ServerStatusRequest.getDefaultInstance());
  }

  List<Node> nodes() {
    return ObserverGrpc.newBlockingStub(channel)
        .withDeadlineAfter(30, TimeUnit.SECONDS)
        .getNodes(GetNodesRequest.getDefaultInstance())
        .getNodesList();
  }

  @Override
  public void close() {
    var _ = context.cancel(null);
    channel.shutdownNow();
    loop.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(5, TimeUnit.SECONDS);
  }
}
