package io.ovenet.bench;

import io.ovenet.agent.AttachmentKey;
import io.ovenet.agent.LocalEndpoint;
import io.ovenet.agent.Realizer;
import io.ovenet.agent.RuleNumbers;
import io.ovenet.agent.Tables;
import io.ovenet.bpf.BpfMap;
import io.ovenet.bpf.MacAddress;
import io.ovenet.bpf.Mounts;
import io.ovenet.datapath.Datapath;
import io.ovenet.datapath.DatapathOptions;
import io.ovenet.policy.Labels;
import io.ovenet.policy.PolicyEngine;
import io.ovenet.policy.PolicySettings;
import java.io.IOException;
import java.net.Inet4Address;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code ovenet bench tables}: what policy takes in the kernel. */
@Command(
    name = "tables",
    description = {
      "Kernel memory and entries of policy for 250 endpoints and 10,000 identities: policy_map and",
      "class_map as the agent fills them, against an LPM trie for each endpoint with an entry for",
      "each identity and prefix of ports, built beside them. Memory is what the kernel says of",
      "each map (memlock in fdinfo), the programs' maps otherwise untouched."
    },
    mixinStandardHelpOptions = true)
final class TablesCommand implements Callable<Integer> {
  /** Of one way of holding it. */
  record Held(long entries, double kibibytes) {
    Held and(Held other) {
      return new Held(entries + other.entries, kibibytes + other.kibibytes);
    }

    /** As parts of another way. */
    List<Double> of(Held other) {
      return List.of(
          Math.round(1e4 * entries / other.entries) / 1e4,
          Math.round(1e4 * kibibytes / other.kibibytes) / 1e4);
    }

    @Override
    public String toString() {
      return "%,d entries, %,.0f KiB".formatted(entries, kibibytes);
    }
  }

  /** What the agent fills: policies' own entries, and the class of each identity. */
  private record Here(Held policy, Held classes) {}

  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private Output output = new Output();

  @Option(names = "--seed", description = "Of the generator (default: ${DEFAULT-VALUE}).")
  private long seed = 1;

  @Override
  public Integer call() throws IOException {
    Map<String, Object> report = new LinkedHashMap<>();
    for (TableWorld.Set set : TableWorld.Set.values()) {
      Output.note(set.title);
      TableWorld world = TableWorld.of(set, seed);
      Here here = here(world);
      Held elsewhere;
      try (EndpointTables tables = new EndpointTables(world)) {
        elsewhere = new Held(tables.entries(), kibibytes(tables.maps()));
      }
      report.put(set.title + ", an LPM trie for each endpoint", elsewhere);
      report.put(set.title + ", policy_map", here.policy());
      report.put(set.title + ", class_map", here.classes());
      report.put(
          set.title + ", policy_map of elsewhere: entries, memory", here.policy().of(elsewhere));
      report.put(
          set.title + ", both maps of elsewhere: entries, memory",
          here.policy().and(here.classes()).of(elsewhere));
    }
    output.print(spec, report, "");
    return 0;
  }

  private static Here here(TableWorld world) throws IOException {
    try (Undo undo = new Undo("the tables")) {
      Path bpffs = undo.make(() -> Files.createTempDirectory("ovt-bench-tables"), Files::delete);
      undo.make(
          () -> {
            Mounts.mountBpffs(bpffs);
            return bpffs;
          },
          Mounts::unmount);
      DatapathOptions options = new DatapathOptions(1, MacAddress.parse("02:00:00:00:00:aa"));
      Datapath datapath = undo.keep(() -> Datapath.open(bpffs.resolve("ovenet"), options));
      Realizer realizer =
          new Realizer(
              Tables.of(datapath),
              new PolicyEngine(PolicySettings.defaults("default")),
              new RuleNumbers(1),
              List.of());
      Map<Labels, Integer> numbers = new HashMap<>();
      for (Labels labels : world.identities()) {
        int number = 256 + numbers.size();
        numbers.put(labels, number);
        realizer.upsertIdentity(number, labels);
      }
      world.policies().forEach(realizer::upsertPolicy);
      for (int i = 0; i < world.endpoints().size(); i++) {
        Labels labels = world.endpoints().get(i);
        realizer.addEndpoint(endpoint(i, numbers.getOrDefault(labels, 0), labels));
      }
      realizer.complete();
      realizer.realize();
      return new Here(held(datapath.map("policy_map")), held(datapath.map("class_map")));
    }
  }

  private static Held held(BpfMap map) throws IOException {
    long[] count = new long[1];
    map.forEach((_, _) -> count[0]++);
    return new Held(count[0], kibibytes(List.of(map)));
  }

  private static LocalEndpoint endpoint(int index, int identity, Labels labels) {
    return new LocalEndpoint(
        1 + index,
        1,
        new AttachmentKey("c" + index, "eth0"),
        "/none",
        "n",
        "pod-" + index,
        "u",
        MacAddress.parse("0a:58:0a:00:00:%02x".formatted(index)),
        Inet4Address.ofLiteral("10.0.0." + (1 + index)),
        1500,
        identity,
        labels);
  }

  private static double kibibytes(List<BpfMap> maps) throws IOException {
    double bytes = 0;
    for (BpfMap map : maps) {
      for (String line : Files.readAllLines(Path.of("/proc/self/fdinfo/" + map.fd()))) {
        if (line.startsWith("memlock:")) {
          bytes += Long.parseLong(line.substring("memlock:".length()).strip());
        }
      }
    }
    return Math.round(bytes / 102.4) / 10.0;
  }
}
