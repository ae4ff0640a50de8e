package io.ovenet.cli.policy;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code ovenet policy}. */
@Command(
    name = "policy",
    description = "Answers questions about policies: of the running cluster, or of files alone.",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {
      WhyCommand.class,
      ReachCommand.class,
      DiffCommand.class,
      LintCommand.class,
      ShowCommand.class,
      SelectorsCommand.class,
      IdentitiesCommand.class,
      StatusCommand.class,
      AuditCommand.class,
      VerifyCommand.class,
      EvalCommand.class,
      RecordCommand.class
    })
public final class PolicyCommand implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public void run() {
    throw new CommandLine.ParameterException(spec.commandLine(), "which command? see --help");
  }
}
