package io.ovenet.bench;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** The benchmarks. */
@Command(
    name = "ovenet bench",
    description = "Benchmarks; each compares with a peer or a limit in the same run.",
    synopsisSubcommandLabel = "COMMAND",
    mixinStandardHelpOptions = true,
    subcommands = {
      AgentCommand.class,
      CniCommand.class,
      FaultsCommand.class,
      FlowsCommand.class,
      ObserveCommand.class,
      PageCommand.class,
      PathCommand.class,
      PolicyCommand.class,
      ProgramCommand.class,
      ProveCommand.class,
      QuestionsCommand.class,
      RelayCommand.class,
      SimulationCommand.class,
      TablesCommand.class,
      VerdictsCommand.class
    })
public final class Main implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public void run() {
    throw new CommandLine.ParameterException(spec.commandLine(), "which benchmark?");
  }

  public static void main(String[] args) {
    System.exit(new CommandLine(new Main()).execute(args));
  }
}
