package io.ovenet.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
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

/** {@code ovenet bench flows}: how many flows a second the agent takes from its ring. */
@Command(
    name = "flows",
    description = {
      "From the ring's bytes to serialized flows on one core, garbage collection included: 10,000",
      "endpoints at random, names, ring, statistics, a filter that a tenth passes. In a process of",
      "its own with the agent's shipped flags. By processor time of the whole process, so that what",
      "else runs on the machine does not count; by the clock beside it. The limit is reading the",
      "same records' fields and nothing more."
    },
    mixinStandardHelpOptions = true)
final class FlowsCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private Output output = new Output();

  @Option(names = "--rounds", description = "Rounds of 524,288 flows (default: ${DEFAULT-VALUE}).")
  private int rounds = 12;

  @Override
  public Integer call() throws Exception {
    Path dist = Path.of(System.getenv().getOrDefault("OVENET_HOME", ".")).resolve("target/ovenet");
    Process process =
        new ProcessBuilder(command(dist)).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    Map<String, List<Double>> rates = new LinkedHashMap<>();
    try (var lines = process.inputReader(StandardCharsets.UTF_8)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        int tab = line.indexOf('\t');
        rates
            .computeIfAbsent(line.substring(0, tab), name -> new ArrayList<>())
            .add(Double.parseDouble(line.substring(tab + 1)));
      }
    }
    if (process.waitFor() != 0) {
      throw new IOException("the measuring process ended with " + process.exitValue());
    }
    Map<String, Object> report = new LinkedHashMap<>();
    rates.forEach(
        (name, each) ->
            // The first rounds are the compiler's.
            report.put(name, Ratios.of(each.subList(each.size() / 3, each.size()))));
    output.print(spec, report, "Flows a second: median of the rounds and its 95 % interval.");
    return 0;
  }

  /** The agent's flags as shipped, with the bench's classes added. */
  private List<String> command(Path dist) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
    for (String argument : Files.readAllLines(dist.resolve("agent.args"))) {
      if (argument.equals("-cp")) {
        break;
      }
      command.add(argument);
    }
    command.addAll(
        List.of(
            "-cp",
            System.getProperty("java.class.path"),
            FlowRate.class.getName(),
            Integer.toString(rounds)));
    return command;
  }
}
