package io.ovenet.bench;

import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.StreamObserver;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.ovenet.api.observer.GetFlowsRequest;
import io.ovenet.api.observer.GetFlowsResponse;
import io.ovenet.api.observer.ObserverGrpc;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The least that a relay has to do: follows each agent and throws away what it tells. Says how much
 * that was when its standard input ends.
 */
final class StreamReader {
  private StreamReader() {}

  /** Arguments: the number of agents, their port. */
  public static void main(String[] arguments) throws IOException {
    int agents = Integer.parseInt(arguments[0]);
    int port = Integer.parseInt(arguments[1]);
    EventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    var received = new AtomicLong();
    var ending = new AtomicBoolean();
    List<ManagedChannel> channels = new ArrayList<>();
    for (int agent = 1; agent <= agents; agent++) {
      ManagedChannel channel =
          NettyChannelBuilder.forAddress(SimulatedAgents.address(agent).getHostAddress(), port)
              .channelType(NioSocketChannel.class)
              .eventLoopGroup(loop)
              .directExecutor()
              .usePlaintext()
              .build();
      channels.add(channel);
      ObserverGrpc.newStub(channel)
          .getFlows(
              GetFlowsRequest.newBuilder().setFollow(true).build(),
              new StreamObserver<>() {
                @Override
                public void onNext(GetFlowsResponse flow) {
                  received.incrementAndGet();
                }

                @Override
                public void onError(Throwable failure) {
                  if (!ending.get()) {
                    System.err.println("an agent's stream ended: " + failure.getMessage());
                  }
                }

                @Override
                public void onCompleted() {}
              });
    }
    System.in.readAllBytes();
    ending.set(true);
    System.out.println(received.get());
    channels.forEach(ManagedChannel::shutdownNow);
    System.exit(0);
  }
}
