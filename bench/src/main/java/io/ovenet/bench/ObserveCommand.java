package io.ovenet.bench;

import io.ovenet.api.flow.FlowFilter;
import io.ovenet.api.flow.Verdict;
import io.ovenet.bpf.BpfMap;
import io.ovenet.datapath.EventCounter;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code ovenet bench observe}: how many new tuples a second are told of and none lost. */
@Command(
    name = "observe",
    description = {
      "New UDP tuples by real packets from many pods to 10,000 addresses outside, each event told",
      "(aggregation none), with two followers of all flows, one of which takes 1,000 a second: at",
      "rising rates, then at the highest of which nothing was lost, for long. What a follower got",
      "and was told to have missed has to be what the kernel counts, exactly, or it fails. Then how",
      "fast a client reads the full ring (65,535 flows) by a filter. The agent has 512 MiB, 80 KiB",
      "more for each pod's devices, and as much of the processors as sender and followers leave it."
    },
    mixinStandardHelpOptions = true)
final class ObserveCommand implements Callable<Integer> {
  private static final int CAPACITY = 65_535;
  private static final int NAMESPACES = 10;
  private static final int SLOW = 1000;
  private static final long AGENT_BYTES = 512L << 20;

  /** The kernel charges a pod's devices, some 75 KiB, to whoever makes them: the agent. */
  private static final long POD_BYTES = 80L << 10;

  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private Output output = new Output();

  @Option(names = "--pods", description = "That send (default: ${DEFAULT-VALUE}).")
  private int pods = 2000;

  @Option(
      names = "--rates",
      split = ",",
      description = "New tuples a second, rising (default: ${DEFAULT-VALUE}).",
      defaultValue = "10000,20000,40000,60000,80000,100000,120000")
  private List<Integer> rates = List.of();

  @Option(names = "--step", description = "Seconds of each rate (default: ${DEFAULT-VALUE}).")
  private int step = 10;

  @Option(
      names = "--seconds",
      description = "Of the highest rate without loss (default: ${DEFAULT-VALUE}).")
  private int seconds = 60;

  @Option(names = "--rounds", description = "Of reading the ring (default: ${DEFAULT-VALUE}).")
  private int rounds = 30;

  /** One run at a rate. */
  private record Run(
      double sentPerSecond,
      EventCounter kernel,
      Follower.Account follower,
      Follower.Account slow,
      double agentCores,
      double followerCores,
      double senderCores) {
    boolean isWhole() {
      return kernel.lost() == 0 && follower.lostByReader() == 0;
    }

    @Override
    public String toString() {
      return ("%,.0f sent a second, %,d events, lost in the kernel %,d, by the follower %,d; the slow"
              + " one got %,d and missed %,d; cores: agent %.2f, follower %.2f, sender %.2f")
          .formatted(
              sentPerSecond,
              kernel.written() + kernel.lost(),
              kernel.lost(),
              follower.lostByReader(),
              slow.flows(),
              slow.lostByReader() + slow.lostInKernel(),
              agentCores,
              followerCores,
              senderCores);
    }
  }

  @Override
  public Integer call() throws Exception {
    if (pods < 1 || pods > 4000 || step < 1 || seconds < 1 || rounds < 1 || rates.isEmpty()) {
      throw new ParameterException(
          spec.commandLine(), "--pods from 1 to 4000; --rates, --step, --seconds, --rounds from 1");
    }
    Map<String, Object> report = new LinkedHashMap<>();
    try (BenchNode node =
        new BenchNode(
            0,
            AGENT_BYTES,
            "--monitor-aggregation=none",
            "--hubble-event-buffer-capacity=" + CAPACITY)) {
      node.groups().limit(AGENT_BYTES + pods * POD_BYTES);
      node.sink(TupleFlood.OUTSIDE);
      node.startAgent();
      List<BenchPod> senders = populate(node);
      try (TupleFlood flood = new TupleFlood(senders);
          BpfMap counters = node.map("event_counters");
          Follower follower = Follower.start(node.hubbleSocket())) {
        flood.send(pods, Duration.ofSeconds(1));
        Integer best = null;
        run(node, flood, counters, follower, rates.getFirst(), step); // what compiling costs
        for (int rate : rates) {
          Run run = run(node, flood, counters, follower, rate, step);
          report.put("at %,d a second, %d s".formatted(rate, step), run);
          best = run.isWhole() ? (Integer) rate : best;
        }
        for (int at = rates.indexOf(best); best != null && at >= 0; at--) {
          Run run = run(node, flood, counters, follower, rates.get(at), seconds);
          report.put("at %,d a second, %d s".formatted(rates.get(at), seconds), run);
          if (run.isWhole()) {
            report.put("new tuples a second, nothing lost", "%,.0f".formatted(run.sentPerSecond));
            break;
          }
        }
        report.put("agent's memory", new Memory(node).now());
      } catch (IOException e) {
        node.resident(); // says why the agent ended, if it is that
        throw e;
      }
      read(node, report);
    }
    output.print(
        spec,
        report,
        "Aims: 100,000 new tuples a second with nothing lost, or every loss counted (it is, or this"
            + " fails); 500,000 flows a second read.");
    return 0;
  }

  private List<BenchPod> populate(BenchNode node) throws IOException {
    for (int i = 0; i < NAMESPACES; i++) {
      node.namespace(namespace(i));
      node.create(
          "/apis/cilium.io/v2/namespaces/" + namespace(i) + "/ciliumnetworkpolicies",
          Map.of(
              "apiVersion",
              "cilium.io/v2",
              "kind",
              "CiliumNetworkPolicy",
              "metadata",
              Map.of("name", "outside", "namespace", namespace(i)),
              "spec",
              Map.of(
                  "endpointSelector",
                  Map.of(),
                  "egress",
                  List.of(Map.of("toEntities", List.of("world"))))));
    }
    List<BenchPod> senders = new ArrayList<>();
    for (int i = 0; i < pods; i++) {
      if (i % 200 == 0) {
        Output.note("pod " + i + " of " + pods);
      }
      String app = "app-" + i % NAMESPACES;
      BenchPod pod = node.pod(namespace(i), app + "-7d9f5c-" + i, Map.of("app", app));
      if (i == 0) {
        node.awaitAgent(pod);
      } else {
        pod.add();
      }
      senders.add(pod);
    }
    return senders;
  }

  private static String namespace(int index) {
    return "app-" + index % NAMESPACES + "-prod";
  }

  private static Run run(
      BenchNode node, TupleFlood flood, BpfMap counters, Follower follower, int rate, int length)
      throws IOException {
    Output.note("%,d a second for %d s".formatted(rate, length));
    Follower.Account before = follower.settled();
    try (Follower slow = Follower.start(node.hubbleSocket(), SLOW)) {
      slow.begun();
      EventCounter counted = counted(counters);
      Duration agent = node.processorTime();
      Duration reader = follower.processorTime();
      Duration self = self();
      long begin = System.nanoTime();
      long sent = flood.send(rate, Duration.ofSeconds(length));
      double elapsed = (System.nanoTime() - begin) / 1e9;
      double senderCores = self().minus(self).toNanos() / 1e9 / elapsed;
      Follower.Account told = follower.settled().minus(before);
      double spent = node.processorTime().minus(agent).toNanos() / 1e9 / elapsed;
      double read = follower.processorTime().minus(reader).toNanos() / 1e9 / elapsed;
      Follower.Account slowTold = slow.settled();
      EventCounter now = counted(counters);
      EventCounter kernel =
          new EventCounter(now.written() - counted.written(), now.lost() - counted.lost());
      exact("the follower", told, kernel);
      exact("the slow follower", slowTold, kernel);
      return new Run(sent / elapsed, kernel, told, slowTold, spent, read, senderCores);
    }
  }

  private static void exact(String who, Follower.Account told, EventCounter kernel)
      throws IOException {
    if (told.flows() + told.lostByReader() + told.lostInKernel()
        != kernel.written() + kernel.lost()) {
      throw new IOException(
          who + " was told " + told + ", but the kernel counts " + kernel + " events");
    }
  }

  private static Duration self() {
    return ProcessHandle.current().info().totalCpuDuration().orElse(Duration.ZERO);
  }

  /** Of all processors together. */
  private static EventCounter counted(BpfMap counters) {
    MemorySegment each =
        MemorySegment.ofArray(Objects.requireNonNull(counters.lookup(new byte[Integer.BYTES])));
    long written = 0;
    long lost = 0;
    for (long at = 0; at < each.byteSize(); at += counters.valueStride()) {
      EventCounter one = EventCounter.CODEC.read(each, at);
      written += one.written();
      lost += one.lost();
    }
    return new EventCounter(written, lost);
  }

  private void read(BenchNode node, Map<String, Object> report) {
    FlowFilter threeFields =
        FlowFilter.newBuilder()
            .addSourcePod(namespace(3) + "/")
            .addProtocol("udp")
            .addVerdict(Verdict.FORWARDED)
            .build();
    try (RingReader reader = new RingReader(node.hubbleSocket())) {
      long held = reader.read().flows();
      report.put("the ring holds", held);
      report.put(
          "flows a second read by a filter of three fields, of which %,d pass"
              .formatted(reader.read(threeFields).flows()),
          reader.rate(held, rounds, threeFields));
      report.put(
          "flows a second read without a filter",
          reader.rate(held, rounds, FlowFilter.getDefaultInstance()));
    }
  }
}
