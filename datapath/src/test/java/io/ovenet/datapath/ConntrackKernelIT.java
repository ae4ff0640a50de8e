package io.ovenet.datapath;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.datapath.TestNode.Outcome;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** A table of a few connections: full, collected, flooded. */
class ConntrackKernelIT {
  private static final int SLOTS = 64;
  private static final ConntrackTimeouts SHORT = timeouts(Duration.ofMillis(50));

  private static ConntrackTimeouts timeouts(Duration each) {
    return new ConntrackTimeouts(each, each, each, each, each, each, each);
  }

  private static DatapathOptions options() {
    return TestNode.options().withConnections(SLOTS);
  }

  private static Outcome flood(TestNode node, int port) {
    return node.send(node.stranger, node.stranger.to(node.web).udp(port, 53));
  }

  private static Outcome established(TestNode node, int port) {
    Outcome asked = node.send(node.client, node.client.to(node.web).udp(port, 53));
    node.send(node.web, node.web.to(node.client).udp(53, port));
    return asked;
  }

  @Test
  void aFullTableRefusesWhatIsNewAndKeepsWhatIsThere() throws IOException {
    try (TestNode node = new TestNode(options())) {
      for (int port = 1; port <= SLOTS; port++) {
        assertThat(established(node, port).returned()).isEqualTo(TestNode.REDIRECT);
      }
      assertThat(node.connections()).isEqualTo(SLOTS);
      for (int port = 1; port <= 3; port++) {
        assertThat(flood(node, port).what()).contains("drop CT_MAP_INSERTION_FAILED NONE");
      }
      for (int port = 1; port <= SLOTS; port++) {
        Outcome again = node.send(node.client, node.client.to(node.web).udp(port, 53));
        assertThat(again.returned()).isEqualTo(TestNode.REDIRECT);
        assertThat(again.events()).isEmpty();
      }
    }
  }

  /** Connections that began together lie side by side, and must not look like a full table. */
  @Test
  void aBlockOfLastingConnectionsDoesNotHideTheRoomBehindIt() throws Exception {
    int slots = 1024;
    Duration lasting = Duration.ofHours(1);
    Duration brief = Duration.ofMillis(50);
    ConntrackTimeouts timeouts =
        new ConntrackTimeouts(lasting, lasting, lasting, lasting, brief, lasting, lasting);
    try (TestNode node =
        new TestNode(TestNode.options().withConnections(slots).withTimeouts(timeouts))) {
      for (int port = 1; port <= slots / 2; port++) {
        established(node, port);
      }
      for (int port = 1; port <= slots / 2; port++) {
        flood(node, port);
      }
      // What nobody answered expires; the hand is back at the block. 100 times the timeout is
      // past it whatever the clocks' ticks.
      long expired = System.nanoTime() + brief.toNanos() * 100;
      while (System.nanoTime() < expired) {
        Thread.onSpinWait();
      }
      for (int port = 2000; port < 2100; port++) {
        assertThat(flood(node, port).returned()).as("port " + port).isEqualTo(TestNode.REDIRECT);
      }
    }
  }

  @Test
  void whatHasExpiredMakesRoomWithoutAnyAgent() throws Exception {
    try (TestNode node = new TestNode(options().withTimeouts(SHORT))) {
      for (int port = 1; port <= SLOTS; port++) {
        established(node, port);
      }
      long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
      int port = 1000;
      while (flood(node, ++port).returned() != TestNode.REDIRECT) {
        assertThat(System.nanoTime()).as("room at last").isLessThan(deadline);
        Thread.onSpinWait();
      }
      assertThat(node.connections()).isLessThanOrEqualTo(SLOTS);
      assertThat(owned(node)).isEqualTo(node.connections());
    }
  }

  @Test
  void oneEndpointsFloodCostsTheOthersNoEstablishedConnection() throws IOException {
    try (TestNode node = new TestNode(options())) {
      int kept = SLOTS / 2;
      for (int port = 1; port <= kept; port++) {
        established(node, port);
      }
      for (int port = 1; port <= 20_000; port++) {
        flood(node, port);
      }
      for (int port = 1; port <= kept; port++) {
        Outcome reply = node.send(node.web, node.web.to(node.client).udp(53, port));
        assertThat(reply.what()).as("reply to port " + port).isEmpty();
        assertThat(reply.returned()).isEqualTo(TestNode.REDIRECT);
      }
      for (int port = 1000; port < 1000 + SLOTS / 8; port++) {
        assertThat(established(node, port).returned())
            .as("new of another")
            .isEqualTo(TestNode.REDIRECT);
      }
      assertThat(owned(node)).isEqualTo(node.connections());
    }
  }

  /** The same two ports again and again are one connection at a time, and one slot. */
  @Test
  void aConnectionThatBeginsAnewKeepsItsSlot() throws IOException {
    try (TestNode node = new TestNode(options())) {
      for (int i = 0; i < 4 * SLOTS; i++) {
        for (Outcome outcome :
            List.of(
                node.send(node.client, node.client.to(node.web).tcp(7, 80, Frame.SYN)),
                node.send(node.web, node.web.to(node.client).tcp(80, 7, Frame.SYN | Frame.ACK)),
                node.send(node.client, node.client.to(node.web).tcp(7, 80, Frame.RST)))) {
          assertThat(outcome.returned()).as("round " + i).isEqualTo(TestNode.REDIRECT);
        }
      }
      assertThat(node.connections()).isEqualTo(1);
      assertThat(owned(node)).isEqualTo(1);
      assertThat(flood(node, 1).returned()).as("there is room").isEqualTo(TestNode.REDIRECT);
    }
  }

  @Test
  void countsWhatPasses() throws IOException {
    try (TestNode node = new TestNode(options())) {
      established(node, 7);
      established(node, 7);
      AtomicInteger seen = new AtomicInteger();
      node.datapath
          .conntrack()
          .forEach(
              (key, entry) -> {
                seen.incrementAndGet();
                assertThat(key)
                    .isEqualTo(
                        new ConntrackKey(
                            node.web.address(), node.client.address(), 53, 7, 17, 0, 0));
                assertThat(entry.flags())
                    .isEqualTo(ConntrackEntry.HI_BEGAN | ConntrackEntry.REPLY_SEEN);
                assertThat(entry.packetsOnwards()).isEqualTo(2);
                assertThat(entry.packetsBack()).isEqualTo(2);
                assertThat(entry.bytesOnwards()).isEqualTo(2 * 46);
                assertThat(entry.lo()).isEqualTo(new EndpointRef(node.web.id(), 1));
                assertThat(entry.hiIdentity()).isEqualTo(TestNode.CLIENT);
                assertThat(entry.verdict()).isEqualTo(Verdict.ALLOW.number());
              });
      assertThat(seen).hasValue(1);
    }
  }

  /** Slots that endpoints own, by the kernel's own count. */
  private static long owned(TestNode node) {
    long sum = 0;
    for (var pod : node.pods()) {
      byte[] key = {(byte) pod.id(), (byte) (pod.id() >> 8), 0, 0};
      byte[] value = node.datapath.map("conntrack_owned").lookup(key);
      sum += java.nio.ByteBuffer.wrap(value).order(java.nio.ByteOrder.nativeOrder()).getLong();
    }
    return sum;
  }

  @Test
  void aFullRingLosesEventsNotPacketsAndCountsThem() throws IOException {
    try (TestNode node = new TestNode(TestNode.options().withRingBytes(4096))) {
      byte[] frame = node.client.to(TestNode.OUTSIDE).version(5).udp(1, 2).bytes();
      byte[] context = TestNode.context(Endpoint.ifindexOf(node.client.id()));
      int sent = 1000;
      node.inside(
          () -> {
            for (int i = 0; i < sent; i++) {
              assertThat(node.datapath.program("from_pod").testRun(frame, context, 1).returnValue())
                  .isEqualTo(TestNode.SHOT);
            }
            return sent;
          });
      int seen = node.events().size();
      EventCounter counter = node.datapath.eventCounter();
      assertThat(counter).isEqualTo(new EventCounter(seen, sent - seen));
      assertThat(seen).isBetween(1, sent - 1);
      assertThat(node.datapath.drops())
          .containsExactly(
              new DropCount(
                  DropReason.INVALID_PACKET_DROPPED.number(),
                  PolicyKey.EGRESS,
                  new Counter(sent, (long) sent * frame.length)));
    }
  }
}
