package io.ovenet.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * {@code ovenet bench path}: what the way between two pods costs, as ratios of a bare veth pair.
 */
@Command(
    name = "path",
    description = {
      "Two pods of a lab with policy and flows on, a bare veth pair and redirect_peer without",
      "policy, in turn: requests on one connection (RR), connections (CRR), new UDP flows."
    },
    mixinStandardHelpOptions = true)
final class PathCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(names = "--rounds", description = "Rounds in turn (default: ${DEFAULT-VALUE}).")
  private int rounds = 20;

  @Option(
      names = "--millis",
      description = "Length of one measurement (default: ${DEFAULT-VALUE}).")
  private int millis = 300;

  @Option(names = "--json", description = "Machine-readable.")
  private boolean json;

  private enum Figure {
    RR,
    CRR,
    UDP
  }

  @Override
  public Integer call() throws Exception {
    PrintWriter out = spec.commandLine().getOut();
    try (Lab lab = Lab.up("examples/bench/path.yaml");
        Follower follower = lab.follow();
        Network bare = BarePair.make();
        Network redirect = RedirectPair.make();
        Network pods = lab.pair("bench/client", "bench/server")) {
      List<Network> networks = List.of(bare, redirect, pods);
      Map<Figure, Map<String, List<Double>>> measured = measure(networks);
      Map<String, Object> report = new LinkedHashMap<>();
      for (Map.Entry<Figure, Map<String, List<Double>>> figure : measured.entrySet()) {
        Map<String, Object> ratios = new LinkedHashMap<>();
        List<Double> base = rates(figure.getValue(), bare);
        for (Network network : networks) {
          Ratios ratio = Ratios.of(divide(rates(figure.getValue(), network), base));
          double rate = Ratios.of(rates(figure.getValue(), network)).median();
          ratios.put(network.name(), Map.of("ratio", ratio, "per_second", rate));
          if (!json) {
            out.printf("%-4s %-26s %9.0f/s  %s%n", figure.getKey(), network.name(), rate, ratio);
          }
        }
        report.put(figure.getKey().name(), ratios);
      }
      report.put("flows", Map.of("followed", follower.flows(), "lost", follower.lost()));
      out.println(
          json
              ? new ObjectMapper().writeValueAsString(report)
              : "flows: the follower got %d, told lost %d"
                  .formatted(follower.flows(), follower.lost()));
      out.flush();
      return 0;
    }
  }

  private Map<Figure, Map<String, List<Double>>> measure(List<Network> networks)
      throws IOException {
    Map<Figure, Map<String, List<Double>>> all = new LinkedHashMap<>();
    Duration time = Duration.ofMillis(millis);
    for (int round = -2; round < rounds; round++) {
      for (int i = 0; i < networks.size(); i++) {
        // Each network comes first, in the middle and last equally often.
        Network network = networks.get(Math.floorMod(i + round, networks.size()));
        for (Figure figure : Figure.values()) {
          double rate = rate(figure, network, time);
          if (round >= 0) {
            all.computeIfAbsent(figure, f -> new LinkedHashMap<>())
                .computeIfAbsent(network.name(), n -> new ArrayList<>())
                .add(rate);
          }
        }
      }
    }
    return all;
  }

  private static double rate(Figure figure, Network network, Duration time) throws IOException {
    if (figure == Figure.UDP) {
      try (UdpTuples tuples = new UdpTuples(network)) {
        return tuples.rate(time);
      }
    }
    try (RequestResponse tcp = new RequestResponse(network, 8080)) {
      return figure == Figure.RR ? tcp.rr(time) : tcp.crr(time);
    }
  }

  private static List<Double> rates(Map<String, List<Double>> byName, Network network) {
    return byName.getOrDefault(network.name(), List.of());
  }

  private static List<Double> divide(List<Double> rates, List<Double> base) {
    List<Double> ratios = new ArrayList<>();
    for (int i = 0; i < rates.size(); i++) {
      ratios.add(rates.get(i) / base.get(i));
    }
    return ratios;
  }
}
