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

  private enum World {
    small,
    large
  }

  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private Output output = new Output();

  @Option(names = "--changes", description = "How many (default: 1000; large world: 200).")
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
        "a control group of half a processor and 512 MiB (default: ${DEFAULT-VALUE})."
      })
  private World world = World.small;

  @Option(names = "--seed", description = "Of the large world (default: ${DEFAULT-VALUE}).")
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
    boolean large = world == World.large;
    int count = changes > 0 ? changes : large ? 200 : 1000;
    int first = warmUp >= 0 ? warmUp : count / 2;
    try (BenchNode node = large ? new BenchNode(0.5, 512L << 20) : new BenchNode(0, 0)) {
      PolicyWorld.Ends ends =
          large ? PolicyWorld.large(node, seed, report) : PolicyWorld.small(node);
      try (var _ = node.api().watch(RecordKind.CILIUM_NETWORK_POLICIES, WatchScope.ALL, clock())) {
        long before = node.processorTime().toNanos();
        try (PodChurn pods = new PodChurn(churn ? ends.others() : List.of())) {
          measure(node, ends, first, count, report);
          report.put("pods deleted and added meanwhile", pods.count());
        }
        report.put(
            "the agent's processor time a change, probes' flows included, ms",
            Math.round((node.processorTime().toNanos() - before) / 1e4 / (first + count)) / 100.0);
      }
      if (large) {
        NewIdentities.measure(node, Math.max(1, count / 2), seed, report);
      }
      report.put("agent", new Memory(node).now());
    }
    output.print(spec, report, "Milliseconds, and MiB.");
    return 0;
  }

  /** What changes took, in nanoseconds. */
  private static final class Samples {
    final List<Long> toPacket = new ArrayList<>();
    final Map<String, List<Long>> toPacketByKind = new LinkedHashMap<>();
    final List<Long> answers = new ArrayList<>();
    final List<Long> toldToPacket = new ArrayList<>();
  }

  private void measure(
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
    report.put("PUT to first packet", Times.of(warm.toPacket));
    warm.toPacketByKind.forEach((what, each) -> report.put("  " + what, Times.of(each)));
    report.put("the API's answer to the PUT", Times.of(warm.answers));
    report.put("another watcher told to first packet", Times.of(warm.toldToPacket));
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
