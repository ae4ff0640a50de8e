package io.ovenet.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.ovenet.prove.Devices;
import io.ovenet.prove.Disagreement;
import io.ovenet.prove.Proof;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code ovenet bench prove}: documents, compiled form and kernel held against each other. */
@Command(
    name = "prove",
    description = {
      "Worlds of policies, identities and endpoints by chance, and sequences of changes to them;",
      "each packet is decided by the documents read sentence by sentence, by the compiled form,",
      "and by the program in the kernel with its maps filled as an agent fills them.",
      "Exit status 0 only if all agree; 1 with the world, made small, as YAML."
    },
    mixinStandardHelpOptions = true)
final class ProveCommand implements Callable<Integer> {
  private static final long TOLD_EVERY_NANOS = TimeUnit.SECONDS.toNanos(10);

  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(
      names = "--cases",
      description = "Decisions of the kernel at least (default: ${DEFAULT-VALUE}).")
  private long cases = 50_000;

  @Option(names = "--seed", description = "The same seed asks the same (default: by the clock).")
  private long seed = System.nanoTime();

  @Option(names = "--json", description = "Machine-readable.")
  private boolean json;

  @Override
  public Integer call() throws Exception {
    var proof = new Proof(seed);
    var began = System.nanoTime();
    var told = began;
    note("seed " + seed);
    try (var devices = new Devices()) {
      while (proof.coverage().byKernel() < cases) {
        proof.world(devices);
        if (System.nanoTime() - told > TOLD_EVERY_NANOS) {
          told = System.nanoTime();
          note(proof.coverage().byKernel() + " of " + cases);
        }
      }
    } catch (Disagreement e) {
      spec.commandLine().getErr().println(e.getMessage());
      return 1;
    }
    var seconds = (System.nanoTime() - began) / 1e9;
    if (json) {
      Map<String, Object> report = new LinkedHashMap<>(proof.coverage().fields());
      report.put("seed", seed);
      report.put("seconds", seconds);
      spec.commandLine().getOut().println(new ObjectMapper().writeValueAsString(report));
    } else {
      proof
          .coverage()
          .fields()
          .forEach((name, count) -> spec.commandLine().getOut().printf("%-44s %,d%n", name, count));
      spec.commandLine().getOut().printf("%-44s %.1f%n", "seconds", seconds);
    }
    return 0;
  }

  private void note(String text) {
    spec.commandLine().getErr().println("· " + text);
  }
}
