package io.ovenet.lab;

import java.io.PrintWriter;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** The lab's commands. */
@Command(
    name = "lab",
    description = "A cluster on this machine: nodes, pods and virtual machines.",
    synopsisSubcommandLabel = "COMMAND",
    mixinStandardHelpOptions = true,
    subcommands = {
      UpCommand.class,
      ServeCommand.class,
      StatusCommand.class,
      NodeCommand.class,
      ExecCommand.class,
      ConsoleCommand.class,
      LogsCommand.class,
      DownCommand.class
    })
public final class Main implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public void run() {
    throw new CommandLine.ParameterException(
        spec.commandLine(), "which command? See `ovenet lab --help`");
  }

  /** The command line, whose errors are one line with the remedy. */
  static CommandLine commandLine() {
    CommandLine commands = new CommandLine(new Main());
    commands.setExecutionExceptionHandler(
        (failure, commandLine, parsed) -> {
          PrintWriter err = commandLine.getErr();
          String message = failure.getMessage();
          err.println("ovenet lab: " + (message == null ? failure.toString() : message));
          if (Boolean.getBoolean("ovenet.stacktrace")) {
            failure.printStackTrace(err);
          }
          return commandLine.getCommandSpec().exitCodeOnExecutionException();
        });
    return commands;
  }

  public static void main(String[] args) {
    System.exit(commandLine().execute(args));
  }
}
