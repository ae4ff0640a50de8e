package io.ovenet.cli.hubble;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code ovenet hubble}. */
@Command(
    name = "hubble",
    description = "Shows flows: who talks to whom, what was denied, and by which policy.",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {
      ObserveCommand.class,
      StatusCommand.class,
      ListCommand.class,
      LedgerCommand.class,
      WatchCommand.class,
      ConfigCommand.class,
      CompletionCommand.class,
      VersionCommand.class,
      picocli.AutoComplete.GenerateCompletion.class
    })
public final class HubbleCommand implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public void run() {
    throw new CommandLine.ParameterException(
        spec.commandLine(),
        "which command? observe, ledger, status, list, watch, config, completion or version");
  }
}
