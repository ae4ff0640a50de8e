package io.ovenet.bench;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * {@code ovenet bench path}: what the way between two pods costs, as ratios of a bare veth pair.
 */
@Command(
    name = "path",
    description = {
      "Two pods of a lab with policy and flows on, a bare veth pair, and redirect_peer without",
      "policy, in turn: requests on one connection (RR), connections (CRR), and UDP datagrams of",
      "which each begins a flow. Both ends run on the last processor; agent and the follower of",
      "all flows on the others. The lab is made for it and taken down. With --flows, two labs: one",
      "as shipped, and one whose agents tell of no flow (enable-hubble=false)."
    },
    mixinStandardHelpOptions = true)
final class PathCommand implements Callable<Integer> {
  private static final int WARM_UP = 3;
  private static final int FIRST_PORT = 8080;

  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private Output output = new Output();

  @Option(names = "--rounds", description = "Rounds in turn (default: ${DEFAULT-VALUE}).")
  private int rounds = 21;

  @Option(
      names = "--seconds",
      description = "Length of one measurement (default: ${DEFAULT-VALUE}).")
  private double seconds = 0.15;

  @Option(names = "--flows", description = "What flows cost: on (aggregation medium) against off.")
  private boolean flows;

  private enum Figure {
    RR,
    CRR,
    UDP
  }

  private final Map<Figure, Map<String, List<Double>>> rates = new LinkedHashMap<>();
  private final Map<Figure, Follower.Account> told = new LinkedHashMap<>();

  @Override
  public Integer call() throws Exception {
    if (flows) {
      flowsOnAndOff();
    } else {
      againstBarePair();
    }
    return 0;
  }

  private void againstBarePair() throws IOException, InterruptedException {
    Output.note("starting a lab");
    try (Lab lab = lab("hubble-event-buffer-capacity=65535");
        Follower follower = lab.follow();
        Network bare = BarePair.make();
        Network redirect = RedirectPair.make();
        Network pods = lab.pair("ovenet", "bench/client", "bench/server");
        Processors processors = new Processors()) {
      processors.keepAway(lab.processes(follower.pid()));
      measure(List.of(bare, redirect, pods), pods, follower);
      report(List.of(bare, redirect, pods));
    }
  }

  private void flowsOnAndOff() throws IOException, InterruptedException {
    Output.note("starting two labs");
    try (Lab off = lab("enable-hubble=false");
        Lab on = lab("hubble-event-buffer-capacity=65535", "monitor-aggregation=medium");
        Follower follower = on.follow();
        Network without = off.pair("flows off", "bench/client", "bench/server");
        Network with = on.pair("flows on", "bench/client", "bench/server");
        Processors processors = new Processors()) {
      processors.keepAway(on.processes(follower.pid()));
      processors.keepAway(off.processes(follower.pid()));
      measure(List.of(without, with), with, follower);
      report(List.of(without, with));
    }
  }

  private static Lab lab(String... settings) throws IOException, InterruptedException {
    List<String> all = new ArrayList<>(List.of(settings));
    // The figures are of policy and flows alone, as they were from the first one on.
    all.addAll(List.of("kube-proxy-replacement=false", "enable-bpf-masquerade=false"));
    return Lab.up("examples/bench/path.yaml", all.toArray(String[]::new));
  }

  private void measure(List<Network> networks, Network followed, Follower follower)
      throws IOException {
    Duration time = Duration.ofNanos((long) (seconds * 1e9));
    Follower.Account before = follower.settled();
    for (int round = -WARM_UP; round < Math.max(1, rounds); round++) {
      if (round % 5 == 0) {
        Output.note("round " + round);
      }
      for (Figure figure : Figure.values()) {
        for (int i = 0; i < networks.size(); i++) {
          // Each network comes first, in the middle and last equally often.
          Network network = networks.get(Math.floorMod(i + round, networks.size()));
          double rate = rate(figure, network, time, FIRST_PORT + WARM_UP + round);
          Follower.Account now = new Follower.Account(0, 0, 0);
          if (network.equals(followed)) {
            Follower.Account all = follower.settled();
            now = all.minus(before);
            before = all;
          }
          if (round >= 0) {
            rates
                .computeIfAbsent(figure, f -> new LinkedHashMap<>())
                .computeIfAbsent(network.name(), n -> new ArrayList<>())
                .add(rate);
            told.merge(figure, now, Follower.Account::plus);
          }
        }
      }
    }
  }

  /**
   * One measurement.
   *
   * @param port of each round its own: the last one's connections still wait (TIME_WAIT)
   */
  private static double rate(Figure figure, Network network, Duration time, int port)
      throws IOException {
    if (figure == Figure.UDP) {
      try (UdpTuples tuples = new UdpTuples(network)) {
        return tuples.rate(time);
      }
    }
    try (RequestResponse tcp = new RequestResponse(network, port)) {
      return figure == Figure.RR ? tcp.rr(time) : tcp.crr(time);
    }
  }

  private void report(List<Network> networks) throws IOException {
    Map<String, Object> report = new LinkedHashMap<>();
    String bare = networks.getFirst().name();
    for (Figure figure : Figure.values()) {
      Map<String, List<Double>> measured = rates.getOrDefault(figure, Map.of());
      for (Network network : networks) {
        List<Double> here = measured.getOrDefault(network.name(), List.of());
        report.put(figure + " a second, " + network.name(), Ratios.of(here));
        if (!network.name().equals(bare)) {
          List<Double> ratios = divide(here, measured.getOrDefault(bare, List.of()));
          report.put(figure + " of " + bare + ", " + network.name(), Ratios.of(ratios));
        }
      }
      Follower.Account flows = told.getOrDefault(figure, new Follower.Account(0, 0, 0));
      report.put(figure + " flows followed", flows.flows());
      report.put(figure + " flows lost in the kernel", flows.lostInKernel());
      report.put(figure + " flows lost by the follower", flows.lostByReader());
      report.put(figure + " share of flows lost", flows.lostShare());
    }
    output.print(spec, report, "Medians of the rounds with their 95 % interval.");
  }

  private static List<Double> divide(List<Double> rates, List<Double> base) {
    List<Double> ratios = new ArrayList<>();
    for (int i = 0; i < rates.size(); i++) {
      ratios.add(rates.get(i) / base.get(i));
    }
    return ratios;
  }
}
