package io.ovenet.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code ovenet bench questions}: how long {@code ovenet policy} takes to answer. */
@Command(
    name = "questions",
    description = {
      "Processes of `ovenet policy`, from their start to their end: lint and reach over 10,000",
      "identities and 1,000 policies, and small worlds a second of eval (8 identities, 4 policies,",
      "10 questions each)."
    },
    mixinStandardHelpOptions = true)
final class QuestionsCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private Output output = new Output();

  @Option(names = "--rounds", description = "Rounds in turn (default: ${DEFAULT-VALUE}).")
  private int rounds = 7;

  @Option(names = "--worlds", description = "Small worlds (default: ${DEFAULT-VALUE}).")
  private int worlds = 20_000;

  @Option(names = "--seed", description = "Of the generator (default: ${DEFAULT-VALUE}).")
  private long seed = 1;

  @Override
  public Integer call() throws IOException, InterruptedException {
    Path directory = Files.createTempDirectory("ovenet-bench");
    Path large = directory.resolve("large.json");
    Path small = directory.resolve("small.jsonl");
    try {
      QuestionWorlds.large(large, seed);
      QuestionWorlds.small(small, worlds, seed);
      List<Double> lint = new ArrayList<>();
      List<Double> reach = new ArrayList<>();
      List<Double> eval = new ArrayList<>();
      for (int round = 0; round < Math.max(1, rounds); round++) {
        Output.note("round " + round);
        lint.add(seconds("lint", "-f", large.toString()));
        reach.add(seconds("reach", "-f", large.toString()));
        eval.add(worlds / seconds("eval", small.toString()));
      }
      Map<String, Object> report = new LinkedHashMap<>();
      report.put("seed", seed);
      report.put("lint, seconds", Ratios.of(lint));
      report.put("reach, seconds", Ratios.of(reach));
      report.put("eval, worlds a second", Ratios.of(eval));
      output.print(spec, report, "Medians of the rounds with their 95 % interval.");
      return 0;
    } finally {
      Files.deleteIfExists(large);
      Files.deleteIfExists(small);
      Files.deleteIfExists(directory);
    }
  }

  private static double seconds(String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(
        Path.of(Objects.requireNonNullElse(System.getenv("OVENET_HOME"), "."), "ovenet")
            .toString());
    command.add("policy");
    command.addAll(Arrays.asList(arguments));
    long begin = System.nanoTime();
    Process process =
        new ProcessBuilder(command)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    int status = process.waitFor();
    double seconds = (System.nanoTime() - begin) / 1e9;
    // 3: lint found something.
    if (status != 0 && status != 3) {
      throw new IOException(command + " ended with " + status);
    }
    return seconds;
  }
}
