package io.ovenet.agent;

import com.google.protobuf.Timestamp;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioDomainSocketChannel;
import io.ovenet.api.flow.Flow;
import io.ovenet.api.observer.GetFlowsRequest;
import io.ovenet.api.observer.ObserverGrpc;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;

/** What an agent's Hubble says from now on. */
final class FlowFollower implements AutoCloseable {
  private final EventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final ManagedChannel channel;
  private final CopyOnWriteArrayList<Flow> flows = new CopyOnWriteArrayList<>();

  FlowFollower(Path socket) {
    channel =
        NettyChannelBuilder.forAddress(UnixDomainSocketAddress.of(socket))
            .channelType(NioDomainSocketChannel.class, UnixDomainSocketAddress.class)
            .overrideAuthority("localhost")
            .withOption(ChannelOption.SO_KEEPALIVE, null)
            .eventLoopGroup(loop)
            .usePlaintext()
            .build();
    // By time: the server may take the call after the first flow that is waited for.
    var now = Instant.now();
    var since = Timestamp.newBuilder().setSeconds(now.getEpochSecond()).setNanos(now.getNano());
    var stream =
        ObserverGrpc.newBlockingStub(channel)
            .getFlows(GetFlowsRequest.newBuilder().setFollow(true).setSince(since).build());
    Thread.ofPlatform()
        .daemon()
        .name("flows")
        .start(
            () -> {
              try {
                stream.forEachRemaining(
                    answer -> {
                      if (answer.hasFlow()) {
                        flows.add(answer.getFlow());
                      }
                    });
              } catch (io.grpc.StatusRuntimeException e) {
                System.out.println("flows end: " + e.getStatus().getCode());
              }
            });
  }

  /** All so far. */
  List<Flow> flows() {
    return flows;
  }

  /** Forgets those so far. */
  void clear() {
    flows.clear();
  }

  @Override
  public void close() {
    channel.shutdownNow();
    try {
      channel.awaitTermination(10, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    var _ = loop.shutdownGracefully(0, 1, TimeUnit.SECONDS);
  }
}
