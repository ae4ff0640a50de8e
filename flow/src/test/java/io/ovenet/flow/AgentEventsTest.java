package io.ovenet.flow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.ovenet.api.flow.AgentEvent;
import io.ovenet.api.flow.AgentEventType;
import io.ovenet.api.flow.EndpointUpdateNotification;
import io.ovenet.api.observer.GetAgentEventsRequest;
import io.ovenet.api.observer.GetAgentEventsResponse;
import io.ovenet.api.observer.GetDebugEventsRequest;
import io.ovenet.api.observer.ObserverGrpc;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** GetAgentEvents and GetDebugEvents over a real connection. */
@Timeout(60)
final class AgentEventsTest {
  private static final long SECOND = 1_000_000_000;

  @TempDir Path directory = Path.of("");
  private final EventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final AgentEvents events = new AgentEvents();
  private HubbleServer server;
  private ManagedChannel channel;

  @BeforeEach
  void start() throws Exception {
    server =
        HubbleServer.start(
            new ObserverService(
                new FlowRing(1),
                new FlowStatistics(0),
                Flows.UUIDS,
                "default/node1",
                "test",
                () -> 1,
                events),
            "0.1.0",
            directory.resolve("hubble.sock"),
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    channel =
        NettyChannelBuilder.forAddress("127.0.0.1", server.port())
            .channelType(NioSocketChannel.class)
            .eventLoopGroup(loop)
            .usePlaintext()
            .build();
  }

  @AfterEach
  void stop() {
    channel.shutdownNow();
    server.close();
    loop.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(5, TimeUnit.SECONDS);
  }

  /** Event n happens at second n, about endpoint n. */
  private void write(int from, int to) {
    for (int i = from; i < to; i++) {
      events.add(
          i * SECOND,
          AgentEvent.newBuilder()
              .setType(AgentEventType.ENDPOINT_CREATED)
              .setEndpointUpdate(EndpointUpdateNotification.newBuilder().setId(i))
              .build());
    }
  }

  private Iterator<GetAgentEventsResponse> get(GetAgentEventsRequest.Builder request) {
    return ObserverGrpc.newBlockingStub(channel).getAgentEvents(request.build());
  }

  private List<Long> ids(GetAgentEventsRequest.Builder request) {
    var ids = new ArrayList<Long>();
    get(request)
        .forEachRemaining(
            response -> {
              ids.add(response.getAgentEvent().getEndpointUpdate().getId());
              assertThat(response.getNodeName()).isEqualTo("default/node1");
            });
    return ids;
  }

  @Test
  void whichOnesAreAskedFor() {
    write(0, 10);
    var all = GetAgentEventsRequest.newBuilder();
    assertThat(ids(all)).hasSize(10);
    assertThat(ids(all.clone().setNumber(3))).containsExactly(7L, 8L, 9L);
    assertThat(ids(all.clone().setNumber(-1))).as("all that there are").hasSize(10);
    assertThat(ids(all.clone().setNumber(3).setFirst(true))).containsExactly(0L, 1L, 2L);
    all.setSince(AgentEventStream.timestamp(4 * SECOND));
    assertThat(ids(all)).containsExactly(4L, 5L, 6L, 7L, 8L, 9L);
    all.setUntil(AgentEventStream.timestamp(6 * SECOND));
    assertThat(ids(all)).containsExactly(4L, 5L, 6L);
    all.clearSince().setNumber(2);
    assertThat(ids(all)).containsExactly(5L, 6L);
    assertThatThrownBy(() -> ids(all.clone().setFirst(true).setFollow(true)))
        .isInstanceOf(StatusRuntimeException.class)
        .hasMessageContaining("first and follow");
  }

  @Test
  void aFollowerGetsThoseToCome() {
    write(0, 3);
    Iterator<GetAgentEventsResponse> later =
        get(GetAgentEventsRequest.newBuilder().setFollow(true).setNumber(1));
    assertThat(later.next().getAgentEvent().getEndpointUpdate().getId()).isEqualTo(2);
    write(3, 5);
    assertThat(later.next().getAgentEvent().getEndpointUpdate().getId()).isEqualTo(3);
    assertThat(later.next().getAgentEvent().getEndpointUpdate().getId()).isEqualTo(4);
  }

  @Test
  void theOldestAreForgotten() {
    write(0, AgentEvents.CAPACITY + 5);
    assertThat(ids(GetAgentEventsRequest.newBuilder()))
        .hasSize(AgentEvents.CAPACITY)
        .startsWith(5L);
  }

  @Test
  void thereAreNoDebugEvents() {
    assertThat(
            ObserverGrpc.newBlockingStub(channel)
                .withDeadlineAfter(20, TimeUnit.SECONDS)
                .getDebugEvents(GetDebugEventsRequest.newBuilder().setNumber(20).build())
                .hasNext())
        .isFalse();
  }
}
