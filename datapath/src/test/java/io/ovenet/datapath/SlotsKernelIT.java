package io.ovenet.datapath;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.bpf.BpfProgram;
import io.ovenet.datapath.TestNode.Pod;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/**
 * All processors at one connection table, too small for what they ask of it: the same tuples and
 * others, in both directions, beginning, expiring and evicted at the same time.
 */
class SlotsKernelIT {
  private static final int SLOTS = 256;
  private static final int THREADS = 2 * Math.max(2, Runtime.getRuntime().availableProcessors());
  private static final int ROUNDS = 10;
  private static final int PACKETS = 1500;

  private static final int UDP = 17;
  private static final int SOURCE_PORTS = 64;
  private static final int FIRST_PORT = 100;
  private static final int PORTS = 4;
  private static final int REFUSED_PORT = 99;

  /** {@code SLOT_USED} of {@code enum slot_flags}. */
  private static final int USED = 4;

  /** Packets that were not delivered. */
  private record Dropped(long allowed, long refused) {
    Dropped plus(Dropped other) {
      return new Dropped(allowed + other.allowed, refused + other.refused);
    }
  }

  private static DatapathOptions options() {
    Duration brief = Duration.ofMillis(20);
    return TestNode.options()
        .withConnections(SLOTS)
        .withTimeouts(new ConntrackTimeouts(brief, brief, brief, brief, brief, brief, brief));
  }

  private static int rule(int identity, int port) {
    return identity * 100 + port;
  }

  @Test
  void noConnectionIsDoubledOrMixedAndNoVerdictIsLost() throws Exception {
    long seed = System.nanoTime();
    try (TestNode node = new TestNode(options())) {
      node.enforce(node.web, Endpoint.Flag.ENFORCE_INGRESS);
      for (int identity : new int[] {TestNode.CLIENT, TestNode.STRANGER}) {
        for (int port = FIRST_PORT; port < FIRST_PORT + PORTS; port++) {
          node.rule(
              node.web,
              PolicyKey.INGRESS,
              identity,
              UDP,
              port,
              Verdict.ALLOW,
              rule(identity, port));
        }
      }
      Dropped dropped = new Dropped(0, 0);
      for (int round = 0; round < ROUNDS; round++) {
        dropped = dropped.plus(sendAtOnce(node, seed + round * 1000L));
        String when = "round " + round + ", seed " + seed;
        entriesAreWhole(node, when);
        slotsAndEntriesAreTheSame(node, when);
      }
      assertThat(drops(node, DropReason.CT_MAP_INSERTION_FAILED))
          .as("seed %d: what was allowed and not delivered found no room", seed)
          .isEqualTo(dropped.allowed);
      assertThat(drops(node, DropReason.POLICY_DENIED))
          .as("seed %d: what was not allowed", seed)
          .isEqualTo(dropped.refused)
          .isPositive();
    }
  }

  private static Dropped sendAtOnce(TestNode node, long seed)
      throws InterruptedException, ExecutionException {
    Dropped dropped = new Dropped(0, 0);
    try (ExecutorService threads = Executors.newFixedThreadPool(THREADS)) {
      List<Future<Dropped>> all = new ArrayList<>();
      for (int i = 0; i < THREADS; i++) {
        Random random = new Random(seed + i);
        all.add(threads.submit(() -> node.inside(() -> send(node, random))));
      }
      for (Future<Dropped> each : all) {
        dropped = dropped.plus(each.get());
      }
      threads.shutdown();
      assertThat(threads.awaitTermination(1, TimeUnit.MINUTES)).isTrue();
    }
    return dropped;
  }

  private static Dropped send(TestNode node, Random random) {
    BpfProgram program = node.datapath.program(Datapath.FROM_POD);
    long allowed = 0;
    long refused = 0;
    for (int i = 0; i < PACKETS; i++) {
      Pod peer = random.nextBoolean() ? node.client : node.stranger;
      boolean refuse = random.nextInt(10) == 0;
      boolean fromWeb = !refuse && random.nextInt(4) == 0;
      int port = refuse ? REFUSED_PORT : FIRST_PORT + random.nextInt(PORTS);
      int peerPort = 1 + random.nextInt(SOURCE_PORTS);
      Pod from = fromWeb ? node.web : peer;
      Frame frame =
          fromWeb ? from.to(peer).udp(port, peerPort) : from.to(node.web).udp(peerPort, port);
      byte[] context = TestNode.context(Endpoint.ifindexOf(from.id()));
      int returned = program.testRun(frame.bytes(), context, 1).returnValue();
      if (refuse) {
        assertThat(returned).isEqualTo(TestNode.SHOT);
        refused++;
      } else if (returned != TestNode.REDIRECT) {
        allowed++;
      }
    }
    return new Dropped(allowed, refused);
  }

  /** Every field of a connection is of the same connection. */
  private static void entriesAreWhole(TestNode node, String when) {
    node.datapath
        .conntrack()
        .forEach(
            (key, entry) -> {
              String what = when + ": " + key + " " + entry;
              boolean webIsLo = key.lo().equals(node.web.address());
              int port = webIsLo ? key.loPort() : key.hiPort();
              Pod peer =
                  (webIsLo ? key.hi() : key.lo()).equals(node.client.address())
                      ? node.client
                      : node.stranger;
              Pod lo = webIsLo ? node.web : peer;
              Pod hi = webIsLo ? peer : node.web;
              boolean webBegan = ((entry.flags() & ConntrackEntry.HI_BEGAN) != 0) != webIsLo;
              assertThat(entry.lo()).as(what).isEqualTo(new EndpointRef(lo.id(), 1));
              assertThat(entry.hi()).as(what).isEqualTo(new EndpointRef(hi.id(), 1));
              assertThat(entry.loIdentity()).as(what).isEqualTo(lo.identity());
              assertThat(entry.hiIdentity()).as(what).isEqualTo(hi.identity());
              assertThat(entry.verdict()).as(what).isEqualTo(Verdict.ALLOW.number());
              assertThat(entry.revision()).as(what).isEqualTo(node.datapath.revisions().current());
              assertThat(entry.ingressRule())
                  .as(what)
                  .isEqualTo(webBegan ? 0 : rule(peer.identity(), port));
              assertThat(entry.packetsOnwards()).as(what).isPositive();
              assertThat(entry.dropReason()).as(what).isZero();
            });
  }

  /**
   * Each connection has one slot, each slot that is used a connection; owners' counts are right.
   */
  private static void slotsAndEntriesAreTheSame(TestNode node, String when) {
    Set<ConntrackKey> connections = new HashSet<>();
    node.datapath.conntrack().forEach((key, entry) -> connections.add(key));
    List<ConntrackKey> slots = new ArrayList<>();
    Map<Integer, Long> owned = new HashMap<>();
    node.datapath
        .map("conntrack_slots")
        .forEach(
            (index, slot) -> {
              long state = slot.get(Bytes.U64, ConntrackKey.CODEC.size());
              if (state != 0) {
                assertThat(state & 0xff & ~1).as(when + ": only used").isEqualTo(USED);
                slots.add(ConntrackKey.CODEC.read(slot, 0));
                owned.merge((int) (state >> 8) & 0xffff, 1L, Long::sum);
              }
            });
    assertThat(slots).as(when).containsExactlyInAnyOrderElementsOf(connections);
    for (Pod pod : node.pods()) {
      byte[] key = {(byte) pod.id(), (byte) (pod.id() >> 8), 0, 0};
      byte[] value = node.datapath.map("conntrack_owned").lookup(key);
      assertThat(ByteBuffer.wrap(value).order(ByteOrder.nativeOrder()).getLong())
          .as(when + ": slots of " + pod)
          .isEqualTo(owned.getOrDefault(pod.id(), 0L));
    }
  }

  private static long drops(TestNode node, DropReason reason) throws IOException {
    return node.datapath.drops().stream()
        .filter(drop -> drop.number() == reason.number())
        .mapToLong(drop -> drop.counter().packets())
        .sum();
  }
}
