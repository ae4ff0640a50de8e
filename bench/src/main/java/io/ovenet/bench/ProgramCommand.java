package io.ovenet.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.ovenet.bench.ProgramRuns.Variant;
import io.ovenet.bpf.RingBuffer;
import io.ovenet.datapath.EventCounter;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code ovenet bench program}: nanoseconds of {@code from_pod} above those of an empty one. */
@Command(
    name = "program",
    description = {
      "Test runs (BPF_PROG_TEST_RUN) of from_pod, of an empty program and of redirect_peer without",
      "policy, in turn: a packet of a connection to a local peer, and new connections while the",
      "connection table is half full and the events are written and read."
    },
    mixinStandardHelpOptions = true)
final class ProgramCommand implements Callable<Integer> {
  private static final int FILLERS = 4;
  private static final int FILL = 28_800;
  private static final int NEW_IN_A_ROUND = 1_500;
  private static final long READ_EVERY_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(
      names = "--rounds",
      description = "Rounds in turn, at most 21 (default: ${DEFAULT-VALUE}).")
  private int rounds = 21;

  @Option(
      names = "--runs",
      description = "Runs of one round on an established connection (default: ${DEFAULT-VALUE}).")
  private int runs = 200_000;

  @Option(names = "--json", description = "Machine-readable.")
  private boolean json;

  private volatile boolean ended;

  @Override
  public Integer call() throws Exception {
    rounds = Math.clamp(rounds, 1, 21); // more would be beyond an endpoint's share of the table
    Map<String, Object> report = new LinkedHashMap<>();
    try (ProgramNode node = new ProgramNode(2 + FILLERS);
        RingBuffer ring = new RingBuffer(node.datapath().events());
        ProgramRuns programs = new ProgramRuns(node)) {
      Thread reader = Thread.ofPlatform().name("events").start(() -> read(ring));
      try {
        note("filling half of the connection table");
        for (int i = 0; i < FILLERS; i++) {
          programs.fill(3 + i, FILL, new Random(i));
        }
        long before = connections(node);
        byte[] begin = Frames.udp(node.from(1, 0), node.to(2, ProgramNode.PORT));
        note("new connections");
        report.put("new", measure(programs, begin, true));
        report.put("connections", Map.of("before", before, "after", connections(node)));
        note("an established connection");
        report.put("established", measure(programs, established(node, programs), false));
        EventCounter events = node.datapath().eventCounter();
        report.put("events", Map.of("written", events.written(), "lost", events.lost()));
      } finally {
        ended = true;
        reader.join();
      }
    }
    print(report);
    return 0;
  }

  private static byte[] established(ProgramNode node, ProgramRuns programs) {
    int port = 40_000;
    Frames.End client = node.from(1, port);
    Frames.End server = node.to(2, ProgramNode.PORT);
    programs.send(1, Frames.tcp(client, server, Frames.SYN));
    programs.send(
        2, Frames.tcp(node.from(2, ProgramNode.PORT), node.to(1, port), Frames.SYN | Frames.ACK));
    return Frames.tcp(client, server, Frames.ACK);
  }

  private Map<String, Object> measure(ProgramRuns programs, byte[] frame, boolean fresh) {
    Map<Variant, List<Double>> nanos = new EnumMap<>(Variant.class);
    List<Double> above = new ArrayList<>();
    List<Double> abovePeer = new ArrayList<>();
    for (int round = 0; round < rounds; round++) {
      Map<Variant, Double> each = new EnumMap<>(Variant.class);
      for (Variant variant : Variant.values()) {
        int first = fresh ? 1 + round * NEW_IN_A_ROUND : -1;
        double mean = programs.nanos(variant, frame, first, fresh ? NEW_IN_A_ROUND : runs);
        each.put(variant, mean);
        nanos.computeIfAbsent(variant, v -> new ArrayList<>()).add(mean);
      }
      double ours = each.getOrDefault(Variant.FROM_POD, 0.0);
      above.add(ours - each.getOrDefault(Variant.EMPTY, 0.0));
      abovePeer.add(ours - each.getOrDefault(Variant.REDIRECT, 0.0));
    }
    Map<String, Object> result = new LinkedHashMap<>();
    nanos.forEach((variant, values) -> result.put(variant.title, Ratios.of(values)));
    result.put("above empty", Ratios.of(above));
    result.put("above redirect_peer", Ratios.of(abovePeer));
    return result;
  }

  private static long connections(ProgramNode node) {
    long[] count = new long[1];
    node.datapath().conntrack().forEach((key, value) -> count[0]++);
    return count[0];
  }

  private void read(RingBuffer ring) {
    long[] bytes = new long[1];
    while (!ended) {
      if (ring.drain((data, offset, length) -> bytes[0] += length) == 0) {
        LockSupport.parkNanos(READ_EVERY_NANOS);
      }
    }
  }

  private static void note(String what) {
    System.err.println("bench program: " + what);
  }

  private void print(Map<String, Object> report) throws IOException {
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      out.println(new ObjectMapper().writeValueAsString(report));
    } else {
      report.forEach(
          (what, figures) -> {
            out.println(what + ":");
            if (figures instanceof Map<?, ?> map) {
              map.forEach((name, figure) -> out.printf("  %-26s %s%n", name, figure));
            }
          });
      out.println("Nanoseconds; the median of the rounds and its 95 % interval.");
    }
    out.flush();
  }
}
