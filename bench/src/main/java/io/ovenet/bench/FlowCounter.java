package io.ovenet.bench;

import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.channel.ChannelOption;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioDomainSocketChannel;
import io.ovenet.api.flow.LostEvent;
import io.ovenet.api.flow.LostEventSource;
import io.ovenet.api.observer.GetFlowsRequest;
import io.ovenet.api.observer.GetFlowsResponse;
import io.ovenet.api.observer.ObserverGrpc;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.io.UncheckedIOException;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * Follows all flows of an agent in a process of its own, and prints none of them: it takes each
 * answer, looks which kind it is, and adds up. To a line of its input it answers {@code FLOWS
 * LOST_IN_KERNEL LOST_BY_READER}; it ends when its input does. A slow one says {@code begun} once
 * it follows, which it knows by the last flow that was there before, so there has to be one.
 */
final class FlowCounter extends ClientCall.Listener<Follower.Account> {
  /** So that the agent is never kept waiting by the way to here. */
  static final int WINDOW_BYTES = 8 << 20;

  private static final int SLOW_WINDOW_BYTES = 64 << 10;
  private static final int TURNS = 20; // a second, of one that takes its time

  /** Tag of {@code GetFlowsResponse.flow}: field 1, with a length. */
  private static final int FLOW_TAG = 1 << 3 | 2;

  private static final Follower.Account FLOW = new Follower.Account(1, 0, 0);

  private boolean begun;
  private final AtomicLong flows = new AtomicLong();
  private final AtomicLong lostInKernel = new AtomicLong();
  private final AtomicLong lostByReader = new AtomicLong();

  private FlowCounter(boolean begun) {
    this.begun = begun;
  }

  /**
   * Arguments: the agent's unix socket, and how many answers a second it takes until it is first
   * asked; 0: all.
   */
  public static void main(String[] arguments) throws IOException {
    int aSecond = Integer.parseInt(arguments[1]);
    FlowCounter counter = new FlowCounter(aSecond == 0);
    ManagedChannel channel =
        channel(Path.of(arguments[0]), aSecond == 0 ? WINDOW_BYTES : SLOW_WINDOW_BYTES);
    ClientCall<GetFlowsRequest, Follower.Account> call =
        call(
            channel,
            counter,
            GetFlowsRequest.newBuilder().setFollow(true).setNumber(aSecond == 0 ? 0 : 1).build());
    Thread paced = null;
    if (aSecond == 0) {
      call.request(Integer.MAX_VALUE);
    } else {
      paced = Thread.ofPlatform().daemon().start(() -> pace(call, aSecond));
    }
    int input;
    while ((input = System.in.read()) >= 0) {
      if (input == '\n') {
        if (paced != null) {
          paced.interrupt();
          call.request(Integer.MAX_VALUE);
          paced = null;
        }
        System.out.println(counter.account());
        System.out.flush();
      }
    }
    System.exit(0);
  }

  private static void pace(ClientCall<?, ?> call, int aSecond) {
    while (!Thread.interrupted()) {
      call.request(Math.max(1, aSecond / TURNS));
      LockSupport.parkNanos(1_000_000_000L / TURNS);
    }
  }

  /** To an agent's unix socket, on one thread. */
  static ManagedChannel channel(Path socket, int window) {
    return NettyChannelBuilder.forAddress(UnixDomainSocketAddress.of(socket))
        .channelType(NioDomainSocketChannel.class, UnixDomainSocketAddress.class)
        .withOption(ChannelOption.SO_KEEPALIVE, null)
        .overrideAuthority("localhost")
        .eventLoopGroup(new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory()))
        .flowControlWindow(window)
        .usePlaintext()
        .directExecutor()
        .build();
  }

  /** A GetFlows of which nothing was asked to be sent yet. */
  static ClientCall<GetFlowsRequest, Follower.Account> call(
      ManagedChannel channel,
      ClientCall.Listener<Follower.Account> listener,
      GetFlowsRequest request) {
    ClientCall<GetFlowsRequest, Follower.Account> call =
        channel.newCall(
            ObserverGrpc.getGetFlowsMethod().toBuilder(
                    ObserverGrpc.getGetFlowsMethod().getRequestMarshaller(), new KindOnly())
                .build(),
            CallOptions.DEFAULT);
    call.start(listener, new Metadata());
    call.sendMessage(request);
    call.halfClose();
    return call;
  }

  private String account() {
    return flows + " " + lostInKernel + " " + lostByReader;
  }

  @Override
  public void onMessage(Follower.Account answer) {
    if (!begun) {
      begun = true; // the last one that was there already: from here on it follows
      System.out.println("begun");
      System.out.flush();
      return;
    }
    flows.addAndGet(answer.flows());
    lostInKernel.addAndGet(answer.lostInKernel());
    lostByReader.addAndGet(answer.lostByReader());
  }

  @Override
  public void onClose(Status status, Metadata trailers) {
    System.err.println("ovenet bench: the stream of flows ended: " + status);
    System.exit(1);
  }

  /** What an answer adds. A flow is known by its first byte; anything else is parsed. */
  private static final class KindOnly implements MethodDescriptor.Marshaller<Follower.Account> {
    @Override
    public InputStream stream(Follower.Account value) {
      throw new UnsupportedOperationException("answers are only read");
    }

    @Override
    public Follower.Account parse(InputStream stream) {
      try {
        byte[] first = stream.readNBytes(1);
        if (first.length == 1 && first[0] == FLOW_TAG) {
          return FLOW;
        }
        return other(
            GetFlowsResponse.parseFrom(
                new SequenceInputStream(new ByteArrayInputStream(first), stream)));
      } catch (IOException failure) {
        throw new UncheckedIOException("read an answer about flows", failure);
      }
    }

    private static Follower.Account other(GetFlowsResponse response) {
      if (response.hasFlow()) {
        return FLOW;
      }
      if (!response.hasLostEvents()) {
        throw new IllegalStateException("an answer that tells of no flow: " + response);
      }
      LostEvent lost = response.getLostEvents();
      return lost.getSource() == LostEventSource.HUBBLE_RING_BUFFER
          ? new Follower.Account(0, 0, lost.getNumEventsLost())
          : new Follower.Account(0, lost.getNumEventsLost(), 0);
    }
  }
}
