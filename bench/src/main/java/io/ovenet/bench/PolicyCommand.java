package io.ovenet.bench;

import io.ovenet.kubernetes.JsonObject;
import io.ovenet.kubernetes.ObjectKey;
import io.ovenet.kubernetes.PolicyRecord;
import io.ovenet.kubernetes.RecordHandler;
import io.ovenet.kubernetes.RecordKind;
import io.ovenet.kubernetes.WatchScope;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code ovenet bench policy}: from a client's PUT to the first packet treated by it. */
@Command(
    name = "policy",
    description = {
      "From just before a client's PUT of a policy to the first packet that is treated by it: a",
      "probe about every 100 µs, allow to deny and deny to allow, packets of one connection and of",
      "new ones, the API durable. Beside it the API's own answer, and the time from when another",
      "watcher was told of the change."
    },
    mixinStandardHelpOptions = true)
final class PolicyCommand implements Callable<Integer> {
  /** How many probes in a row have to fare alike. */
  private static final int ALIKE = 12;

  private static final long BETWEEN_NANOS = 2_000_000;

  private static final String TO_PACKET = "PUT to first packet";
  private static final String TOLD_TO_PACKET = "another watcher told to first packet";
  private static final String PROCESSOR_TIME =
      "the agent's processor time a change, probes' flows included, ms";

  private enum World {
    small,
    large,
    huge
  }

  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private Output output = new Output();

  @Option(names = "--changes", description = "How many (default: 1000; large and huge: 200).")
  private int changes;

  @Option(
      names = "--warm-up",
      description = {
        "How many changes come first, which are told apart, since API server, agent and client",
        "begin with code that is not compiled yet (default: half of --changes)."
      })
  private int warmUp = -1;

  @Option(
      names = "--world",
      description = {
        "${COMPLETION-CANDIDATES}: two pods and a policy, or 10,000 identities, 1,000 policies and",
        "250 endpoints with a policy that selects 100 of these and 1,000 identities, the agent in",
        "a control group of half a processor and 512 MiB, or such a change with 1,100 identities",
        "and then with 60,000 and 40,000 prefixes of policies (and 1 GiB), and what it costs more",
        "(default: ${DEFAULT-VALUE})."
      })
  private World world = World.small;

  @Option(names = "--seed", description = "Of large and huge (default: ${DEFAULT-VALUE}).")
  private long seed = 1;

  @Option(
      names = "--churn",
      description = "Meanwhile a pod is deleted and added again every 200 ms (large world).")
  private boolean churn;

  private final Object told = new Object();
  private String toldVersion = "";
  private long toldAt;

  @Override
  public Integer call() throws Exception {
    Map<String, Object> report = new LinkedHashMap<>();
    switch (world) {
      case small -> {
        try (BenchNode node = new BenchNode(0, 0)) {
          changes(node, PolicyWorld.small(node), changes > 0 ? changes : 1000, report);
          report.put("agent", new Memory(node).now());
        }
      }
      case large -> in(WorldSize.LARGE, report);
      case huge -> compare(WorldSize.THOUSAND, WorldSize.HUGE, report);
    }
    output.print(spec, report, "Milliseconds, and MiB.");
    return 0;
  }

  private void compare(WorldSize less, WorldSize more, Map<String, Object> report)
      throws Exception {
    Map<String, Object> ofLess = new LinkedHashMap<>();
    Map<String, Object> ofMore = new LinkedHashMap<>();
    Cost lower = in(less, ofLess);
    Cost higher = in(more, ofMore);
    ofLess.forEach((what, figure) -> report.put(less.label() + what, figure));
    ofMore.forEach((what, figure) -> report.put(more.label() + what, figure));
    report.put(TO_PACKET + ", p50, times", ratio(higher.toPacket(), lower.toPacket()));
    report.put(TOLD_TO_PACKET + ", p50, times", ratio(higher.toldToPacket(), lower.toldToPacket()));
    report.put(PROCESSOR_TIME + ", times", ratio(higher.processorTime(), lower.processorTime()));
  }

  /** Of a change: half of them took at most so long, and the agent's time on a processor. */
  private record Cost(double toPacket, double toldToPacket, double processorTime) {}

  private static double ratio(double more, double less) {
    return Math.round(100 * more / less) / 100.0;
  }

  private Cost in(WorldSize size, Map<String, Object> report) throws Exception {
    int count = changes > 0 ? changes : 200;
    try (BenchNode node = new BenchNode(0.5, size.memory())) {
      Cost cost = changes(node, PolicyWorld.of(size, node, seed, report), count, report);
      NewIdentities.measure(node, size, Math.max(1, count / 2), seed, report);
      report.put("agent", new Memory(node).now());
      return cost;
    }
  }

  private Cost changes(BenchNode node, PolicyWorld.Ends ends, int count, Map<String, Object> report)
      throws IOException {
    int first = warmUp >= 0 ? warmUp : count / 2;
    try (var _ = node.api().watch(RecordKind.CILIUM_NETWORK_POLICIES, WatchScope.ALL, clock())) {
      long before = node.processorTime().toNanos();
      Samples samples;
      try (PodChurn pods = new PodChurn(churn ? ends.others() : List.of())) {
        samples = measure(node, ends, first, count, report);
        report.put("pods deleted and added meanwhile", pods.count());
      }
      double processorTime =
          Math.round((node.processorTime().toNanos() - before) / 1e4 / (first + count)) / 100.0;
      report.put(PROCESSOR_TIME, processorTime);
      return new Cost(
          Times.of(samples.toPacket).p50(), Times.of(samples.toldToPacket).p50(), processorTime);
    }
  }

  /** What changes took, in nanoseconds. */
  private static final class Samples {
    final List<Long> toPacket = new ArrayList<>();
    final Map<String, List<Long>> toPacketByKind = new LinkedHashMap<>();
    final List<Long> answers = new ArrayList<>();
    final List<Long> toldToPacket = new ArrayList<>();
  }

  private Samples measure(
      BenchNode node, PolicyWorld.Ends ends, int first, int count, Map<String, Object> report)
      throws IOException {
    Samples cold = new Samples();
    Samples warm = new Samples();
    if (first > 0) {
      change(node, ends, false, first, cold);
    }
    change(node, ends, false, count / 2, warm);
    change(node, ends, true, count / 2, warm);
    if (first > 0) {
      report.put("PUT to first packet, the first " + first, Times.of(cold.toPacket));
    }
    report.put(TO_PACKET, Times.of(warm.toPacket));
    warm.toPacketByKind.forEach((what, each) -> report.put("  " + what, Times.of(each)));
    report.put("the API's answer to the PUT", Times.of(warm.answers));
    report.put(TOLD_TO_PACKET, Times.of(warm.toldToPacket));
    return warm;
  }

  private void change(
      BenchNode node, PolicyWorld.Ends ends, boolean fresh, int count, Samples samples)
      throws IOException {
    String what = fresh ? "new connections" : "an established connection";
    Output.note(count + " changes under probes of " + what);
    String version = version(node.api().get(PolicyWorld.PATH));
    try (ProbeStream probes = new ProbeStream(ends.client(), ends.server(), fresh)) {
      probes.resume();
      probes.awaitFate(true, ALIKE);
      for (int i = 0; i < count || i % 2 == 1; i++) { // ends as it began
        boolean passes = i % 2 == 1;
        probes.pause();
        LockSupport.parkNanos(BETWEEN_NANOS);
        probes.resume();
        probes.awaitFate(!passes, ALIKE);
        Map<String, Object> policy = PolicyWorld.policy(!passes, version);
        long begin = System.nanoTime();
        version = version(node.api().replace(PolicyWorld.PATH, policy));
        samples.answers.add(System.nanoTime() - begin);
        probes.awaitFate(passes, ALIKE);
        probes.pause();
        long took = probes.firstOf(passes) - begin;
        samples.toldToPacket.add(probes.firstOf(passes) - toldOf(version));
        samples.toPacket.add(took);
        samples
            .toPacketByKind
            .computeIfAbsent(
                (passes ? "deny to allow, " : "allow to deny, ") + what, w -> new ArrayList<>())
            .add(took);
      }
    }
  }

  private static String version(JsonObject object) {
    return object.object("metadata").string("resourceVersion");
  }

  private long toldOf(String version) throws IOException {
    long ceiling = System.nanoTime() + 5_000_000_000L;
    while (System.nanoTime() < ceiling) {
      synchronized (told) {
        if (version.equals(toldVersion)) {
          return toldAt;
        }
      }
      LockSupport.parkNanos(100_000);
    }
    throw new IOException("nobody was told of version " + version);
  }

  private RecordHandler<PolicyRecord> clock() {
    return new RecordHandler<>() {
      @Override
      public void upserted(PolicyRecord record) {
        long now = System.nanoTime();
        synchronized (told) {
          if (record.name().equals(PolicyWorld.NAME)) {
            toldAt = now;
            toldVersion = record.resourceVersion();
          }
        }
      }

      @Override
      public void deleted(ObjectKey key) {}

      @Override
      public void synced() {}
    };
  }
}
