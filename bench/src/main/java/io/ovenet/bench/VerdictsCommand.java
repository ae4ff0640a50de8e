package io.ovenet.bench;

import io.ovenet.policy.CompiledPolicy;
import io.ovenet.policy.Labels;
import io.ovenet.policy.PolicyEngine;
import io.ovenet.policy.PolicyLookup;
import io.ovenet.policy.PolicySettings;
import io.ovenet.policy.PolicySnapshot;
import io.ovenet.policy.TrafficDirection;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code ovenet bench verdicts}: how fast the compiled form decides. */
@Command(
    name = "verdicts",
    description = {
      "Verdicts a second of the compiled form, by one thread: endpoint, identity (of all 10,000),",
      "direction and port at random, by the sets of `bench tables`."
    },
    mixinStandardHelpOptions = true)
final class VerdictsCommand implements Callable<Integer> {
  private static final int KEYS = 1 << 20;
  private static final int TCP = 6;
  private static final int[] PORTS = {80, 443, 5432, 8080, 8443, 1100, 2100, 9};

  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private Output output = new Output();

  @Option(names = "--rounds", description = "Of 1,048,576 keys (default: ${DEFAULT-VALUE}).")
  private int rounds = 21;

  @Option(names = "--seed", description = "Of the generator (default: ${DEFAULT-VALUE}).")
  private long seed = 1;

  @Override
  public Integer call() throws IOException {
    Map<String, Object> report = new LinkedHashMap<>();
    for (TableWorld.Set set : TableWorld.Set.values()) {
      Output.note(set.title);
      report.put(set.title, Ratios.of(measure(TableWorld.of(set, seed))));
    }
    output.print(spec, report, "Verdicts a second: median of the rounds and its 95 % interval.");
    return 0;
  }

  private List<Double> measure(TableWorld world) {
    PolicyEngine engine = new PolicyEngine(PolicySettings.defaults("default"));
    int identities = 0;
    for (Labels labels : world.identities()) {
      engine.upsertIdentity(256 + identities++, labels);
    }
    world.policies().forEach(engine::upsert);
    world.endpoints().forEach(engine::addSubject);
    PolicySnapshot snapshot = engine.compile();
    List<CompiledPolicy> policies = new ArrayList<>();
    for (Labels endpoint : world.endpoints()) {
      policies.add(Objects.requireNonNull(snapshot.policyOf(endpoint)));
    }
    Random random = new Random(seed);
    int[] endpoint = random.ints(KEYS, 0, policies.size()).toArray();
    int[] peer = random.ints(KEYS, 256, 256 + identities).toArray();
    int[] what = random.ints(KEYS, 0, 2 * PORTS.length).toArray();
    List<Double> rates = new ArrayList<>();
    long passed = 0;
    // The first rounds are the compiler's.
    for (int round = -rounds / 2; round < rounds; round++) {
      long begin = System.nanoTime();
      for (int i = 0; i < KEYS; i++) {
        TrafficDirection direction =
            (what[i] & 1) == 0 ? TrafficDirection.INGRESS : TrafficDirection.EGRESS;
        passed +=
            PolicyLookup.decide(
                        snapshot,
                        policies.get(endpoint[i]),
                        direction,
                        peer[i],
                        TCP,
                        PORTS[what[i] >> 1])
                    .verdict()
                    .passes()
                ? 1
                : 0;
      }
      double seconds = (System.nanoTime() - begin) / 1e9;
      if (round >= 0) {
        rates.add(KEYS / seconds);
      }
    }
    Output.note("%,d of %,d passed".formatted(passed, (long) KEYS * (rounds + rounds / 2)));
    return rates;
  }
}
