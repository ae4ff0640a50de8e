package io.ovenet.journeys;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.ovenet.bpf.NetworkNamespace;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.DatagramChannel;
import java.time.Duration;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

/**
 * The agent is killed again and again: what passed goes on passing, what was denied stays denied.
 */
class AgentKilledIT {
  private static final int KILLS = 20;
  private static final String AGENT = "io.ovenet.agent.Main";

  private static String policy(String allowed) {
    return """
        apiVersion: cilium.io/v2
        kind: CiliumNetworkPolicy
        metadata:
          name: server
          namespace: default
        spec:
          endpointSelector:
            matchLabels:
              app: server
          ingress:
          - fromEndpoints:
            - matchLabels:
                app: %s
          - fromEndpoints:
            - matchLabels:
                app: client
        """
        .formatted(allowed);
  }

  @Test
  void nothingIsLostAndNothingLeaks() throws Exception {
    try (RunningLab lab = RunningLab.up()) {
      lab.apply(policy("nobody"));
      lab.pod("default", "server", Map.of("app", "server"));
      lab.pod("default", "client", Map.of("app", "client"));
      lab.pod("default", "stranger", Map.of("app", "stranger"));
      lab.pod("default", "later", Map.of("app", "later"));
      JsonNode server = lab.running("default", "server");
      InetAddress address = InetAddress.ofLiteral(server.path("ip").asText());
      try (Receiver allowed = Receiver.on(server, 7001);
          Receiver denied = Receiver.on(server, 7002);
          Receiver granted = Receiver.on(server, 7003);
          Sender client = new Sender(lab.running("default", "client"), address, 7001);
          Sender stranger = new Sender(lab.running("default", "stranger"), address, 7002);
          Sender later = new Sender(lab.running("default", "later"), address, 7003)) {
        Ovenet.await("the allowed stream flows", () -> allowed.count() > 100);
        for (int kill = 1; kill <= KILLS; kill++) {
          kill(lab);
          if (kill == KILLS) {
            assertThat(granted.count()).as("not granted yet").isZero();
            lab.apply(policy("later"));
          }
          long seen = allowed.count();
          Ovenet.await("the allowed stream flows on", () -> allowed.count() > seen + 50);
          Ovenet.await("the agent is back", () -> lab.processes(AGENT).size() == 1);
        }
        Ovenet.await("what was granted while it was down applies", () -> granted.count() > 0);
        client.stop();
        Ovenet.await("all have arrived", () -> allowed.count() == client.sent());
        assertThat(denied.count()).as("leaked from the denied stream").isZero();
        assertThat(stranger.sent()).isPositive();
        assertThat(later.sent()).isPositive();
      }
    }
  }

  private static void kill(RunningLab lab) throws Exception {
    List<ProcessHandle> agents = lab.processes(AGENT);
    assertThat(agents).isNotEmpty();
    for (ProcessHandle agent : agents) {
      agent.destroyForcibly();
      Ovenet.await("the agent is dead", () -> !agent.isAlive());
    }
  }

  /** Counts the distinct numbers that arrive at a port of a pod. */
  private static final class Receiver implements AutoCloseable {
    private final DatagramChannel channel;
    private final BitSet numbers = new BitSet();
    private final AtomicLong count = new AtomicLong();

    private Receiver(DatagramChannel channel) {
      this.channel = channel;
      Thread.ofPlatform().daemon().name("receiver").start(this::receive);
    }

    static Receiver on(JsonNode pod, int port) throws Exception {
      try (NetworkNamespace namespace = RunningLab.namespaceOf(pod)) {
        return new Receiver(
            namespace.call(
                () -> {
                  DatagramChannel channel = DatagramChannel.open();
                  channel.setOption(StandardSocketOptions.SO_RCVBUF, 1 << 20);
                  return channel.bind(new InetSocketAddress(port));
                }));
      }
    }

    private void receive() {
      ByteBuffer number = ByteBuffer.allocate(8);
      try {
        while (true) {
          channel.receive(number.clear());
          int value = (int) number.flip().getLong();
          if (!numbers.get(value)) {
            numbers.set(value);
            count.incrementAndGet();
          }
        }
      } catch (AsynchronousCloseException closed) {
        return;
      } catch (IOException failure) {
        throw new UncheckedIOException(failure);
      }
    }

    long count() {
      return count.get();
    }

    @Override
    public void close() throws IOException {
      channel.close();
    }
  }

  /** Sends numbered datagrams, 500 a second: a rate that loses none by itself. */
  private static final class Sender implements AutoCloseable {
    private final DatagramChannel channel;
    private final AtomicLong sent = new AtomicLong();
    private final AtomicBoolean stopped = new AtomicBoolean();
    private final Thread thread;

    Sender(JsonNode pod, InetAddress address, int port) throws Exception {
      try (NetworkNamespace namespace = RunningLab.namespaceOf(pod)) {
        channel = namespace.call(DatagramChannel::open);
      }
      InetSocketAddress target = new InetSocketAddress(address, port);
      thread = Thread.ofPlatform().daemon().name("sender").start(() -> send(target));
    }

    private void send(InetSocketAddress target) {
      ByteBuffer number = ByteBuffer.allocate(8);
      while (!stopped.get()) {
        try {
          number.clear().putLong(sent.get()).flip();
          channel.send(number, target);
          sent.incrementAndGet();
        } catch (IOException failure) {
          throw new UncheckedIOException(failure);
        }
        LockSupport.parkNanos(Duration.ofMillis(2).toNanos());
      }
    }

    long sent() {
      return sent.get();
    }

    void stop() {
      stopped.set(true);
      try {
        thread.join();
      } catch (InterruptedException interrupted) {
        Thread.currentThread().interrupt();
      }
    }

    @Override
    public void close() throws IOException {
      stop();
      channel.close();
    }
  }
}
