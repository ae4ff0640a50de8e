package io.ovenet.datapath;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.bpf.BpfMap;
import io.ovenet.datapath.Endpoint.Flag;
import io.ovenet.datapath.TestNode.Outcome;
import io.ovenet.datapath.TestNode.Pod;
import io.ovenet.datapath.TestNode.Seen;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What programs remember of policy_map and class_map is what these say. */
class VerdictCacheKernelIT {
  private static final int IN = PolicyKey.INGRESS;
  private static final int TCP = 6;
  private static final int POLICY_OFFSET = 8; // in struct cached_verdict
  private static final int STEPS = 4000;
  private static final int PORTS = 6;

  private TestNode node;
  private int sourcePort = 1000;

  @BeforeEach
  void open() throws IOException {
    node = new TestNode(TestNode.options());
    node.enforce(node.web, Flag.ENFORCE_INGRESS);
  }

  @AfterEach
  void close() throws IOException {
    node.close();
  }

  /** What web's policy says to a new connection. */
  private Verdict asked(Pod from, int port) {
    sourcePort++;
    Outcome outcome = node.send(from, from.to(node.web).tcp(sourcePort, port, Frame.SYN));
    for (Seen seen : outcome.events()) {
      if (seen.event().kind() == EventKind.POLICY_VERDICT.number()
          && seen.event().direction() == IN) {
        return Objects.requireNonNull(Verdict.of(seen.event().subtype()));
      }
    }
    throw new AssertionError("no verdict of web's in " + outcome.what());
  }

  private static PolicyKey key(Pod pod, int peer, int port) {
    return PolicyKey.port(pod.policy(), peer, IN, TCP, port);
  }

  @Test
  void theNextConnectionHearsOfEveryWrite() {
    Pod client = node.client;
    MapTable<PolicyKey, PolicyValue> policies = node.datapath.policies();
    MapTable<Integer, Integer> classes = node.datapath.classes();
    PolicyKey key = key(node.web, TestNode.CLIENT, 80);
    PolicyValue allow = new PolicyValue(Verdict.ALLOW, 2, 1);
    assertThat(asked(client, 80)).isEqualTo(Verdict.DEFAULT);
    policies.upsert(key, allow);
    assertThat(asked(client, 80)).isEqualTo(Verdict.ALLOW);
    policies.upsert(key, new PolicyValue(Verdict.DENY, 2, 1));
    assertThat(asked(client, 80)).isEqualTo(Verdict.DENY);
    policies.delete(key);
    assertThat(asked(client, 80)).isEqualTo(Verdict.DEFAULT);
    policies.upsertAll(Map.of(key, allow));
    assertThat(asked(client, 80)).isEqualTo(Verdict.ALLOW);
    policies.deleteAll(List.of(key));
    assertThat(asked(client, 80)).isEqualTo(Verdict.DEFAULT);
    policies.upsert(key, allow);
    assertThat(asked(client, 80)).isEqualTo(Verdict.ALLOW);
    classes.upsert(TestNode.CLIENT, TestNode.STRANGER);
    assertThat(asked(client, 80)).isEqualTo(Verdict.DEFAULT);
    classes.upsertAll(Map.of(TestNode.CLIENT, TestNode.CLIENT));
    assertThat(asked(client, 80)).isEqualTo(Verdict.ALLOW);
    classes.delete(TestNode.CLIENT);
    assertThat(asked(client, 80)).isEqualTo(Verdict.DEFAULT);
    classes.upsert(TestNode.CLIENT, TestNode.CLIENT);
    assertThat(asked(client, 80)).isEqualTo(Verdict.ALLOW);
    classes.deleteAll(List.of(TestNode.CLIENT));
    assertThat(asked(client, 80)).isEqualTo(Verdict.DEFAULT);
  }

  /** Of who was killed before he could tell of a write. */
  @Test
  void whatWasRememberedBeforeTheTablesWereOpenedIsForgotten() {
    node.rule(node.web, IN, TestNode.CLIENT, TCP, 80, Verdict.ALLOW, 1);
    assertThat(asked(node.client, 80)).isEqualTo(Verdict.ALLOW);
    assertThat(remembered(node.web)).isPositive();
    byte[] key = new byte[PolicyKey.CODEC.size()];
    PolicyKey.CODEC.write(key(node.web, TestNode.CLIENT, 80), MemorySegment.ofArray(key), 0);
    assertThat(node.datapath.map("policy_map").delete(key)).isTrue();
    Datapath.open(node.bpffs.resolve("ovenet"), TestNode.options()).close();
    assertThat(asked(node.client, 80)).isEqualTo(Verdict.DEFAULT);
  }

  /** How many answers of a pod's policy are remembered on all processors. */
  private int remembered(Pod pod) {
    BpfMap cache = node.datapath.map("verdict_cache");
    int count = 0;
    for (int index = 0; index < cache.maxEntries(); index++) {
      byte[] key = ByteBuffer.allocate(4).order(ByteOrder.nativeOrder()).putInt(index).array();
      byte[] each = Objects.requireNonNull(cache.lookup(key));
      ByteBuffer values = ByteBuffer.wrap(each).order(ByteOrder.nativeOrder());
      for (int at = 0; at < each.length; at += cache.valueStride()) {
        count += values.getInt(at + POLICY_OFFSET) == pod.policy() ? 1 : 0;
      }
    }
    return count;
  }

  /** Against the same question by the maps alone, with writes at random in between. */
  @Test
  void whatIsRememberedIsWhatTheMapsSay() {
    long seed = Long.getLong("ovenet.seed", System.nanoTime());
    System.out.println("VerdictCacheKernelIT: -Dovenet.seed=" + seed);
    Random random = new Random(seed);
    List<Pod> callers = List.of(node.client, node.stranger);
    PolicyProbe probe = node.datapath.probe();
    var seen = new HashMap<Verdict, Integer>();
    for (int step = 0; step < STEPS; step++) {
      if (random.nextInt(4) == 0) {
        write(random);
      }
      Pod from = callers.get(random.nextInt(callers.size()));
      int port = 80 + random.nextInt(PORTS);
      var question = PolicyQuestion.at(node.web.id(), IN, from.address(), TCP, port);
      Verdict told = probe.ask(List.of(question)).getFirst().verdict();
      assertThat(asked(from, port)).as("seed %d, step %d", seed, step).isEqualTo(told);
      seen.merge(Objects.requireNonNull(told), 1, Integer::sum);
    }
    assertThat(seen).containsOnlyKeys(Verdict.ALLOW, Verdict.DENY, Verdict.DEFAULT);
  }

  private void write(Random random) {
    int peer = List.of(TestNode.CLIENT, TestNode.STRANGER, 0).get(random.nextInt(3));
    PolicyKey key = key(node.web, peer, 80 + random.nextInt(PORTS));
    switch (random.nextInt(6)) {
      case 0, 1 -> node.datapath.policies().upsert(key, new PolicyValue(Verdict.ALLOW, 2, 1));
      case 2 -> node.datapath.policies().upsert(key, new PolicyValue(Verdict.DENY, 2, 2));
      case 3 -> node.datapath.policies().delete(key);
      case 4 -> node.datapath.classes().upsert(TestNode.CLIENT, TestNode.STRANGER);
      default -> node.datapath.classes().upsert(TestNode.CLIENT, TestNode.CLIENT);
    }
  }
}
