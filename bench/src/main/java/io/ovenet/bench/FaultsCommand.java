package io.ovenet.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.ovenet.prove.FaultHunt;
import io.ovenet.prove.PlantedFault;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code ovenet bench faults}: whether the proof finds faults that were planted. */
@Command(
    name = "faults",
    description = {
      "Plants the faults of prove/src/test/faults in the compiler and in the eBPF program, one at"
          + " a",
      "time and in a copy, and lets the proof look for each. First it looks where there is none.",
      "Exit status 0 only if every fault is found, and nothing where there is none."
    },
    mixinStandardHelpOptions = true)
final class FaultsCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(names = "--only", description = "Faults with this text in their names.")
  private String only = "";

  @Option(
      names = "--seed",
      description = "The same seed looks the same way (default: the clock's).")
  private long seed = System.nanoTime();

  @Option(names = "--json", description = "Machine-readable.")
  private boolean json;

  @Override
  public Integer call() throws Exception {
    var home = Path.of(Objects.requireNonNullElse(System.getenv("OVENET_HOME"), "."));
    var faults = new ArrayList<>(PlantedFault.readAll(home.resolve("prove/src/test/faults")));
    faults.removeIf(fault -> !fault.name().contains(only));
    spec.commandLine().getErr().println("· seed " + seed);
    var hunt = new FaultHunt(home.toAbsolutePath().normalize());
    var control = hunt.control(seed);
    if (control.found()) {
      spec.commandLine().getErr().println("found without a planted fault: " + control.output());
      return 1;
    }
    return report(faults, hunt);
  }

  private int report(List<PlantedFault> faults, FaultHunt hunt)
      throws IOException, InterruptedException {
    var out = spec.commandLine().getOut();
    List<Map<String, Object>> results = new ArrayList<>();
    var missed = 0;
    for (var fault : faults) {
      var outcome = hunt.hunt(fault, seed);
      missed += outcome.found() ? 0 : 1;
      Map<String, Object> result = new LinkedHashMap<>();
      result.put("fault", fault.name());
      result.put("what", fault.what());
      result.put("found", outcome.found());
      result.put("seconds", outcome.took().toMillis() / 1e3);
      results.add(result);
      if (!json) {
        out.printf(
            "%s %5.1f s  %s%n",
            outcome.found() ? "✓" : "✗", outcome.took().toMillis() / 1e3, fault.what());
        out.flush();
      }
    }
    if (json) {
      out.println(new ObjectMapper().writeValueAsString(Map.of("seed", seed, "faults", results)));
    } else {
      out.printf("%d of %d found%n", faults.size() - missed, faults.size());
    }
    return missed == 0 ? 0 : 1;
  }
}
