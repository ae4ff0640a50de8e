package io.ovenet.cli;

import io.ovenet.cli.demo.DemoCommand;
import io.ovenet.cli.doctor.DoctorCommand;
import io.ovenet.cli.hubble.HubbleCommand;
import io.ovenet.cli.hubble.TraceCommand;
import io.ovenet.cli.list.ListCommand;
import io.ovenet.cli.policy.PolicyCommand;
import io.ovenet.cli.service.ServiceCommand;
import io.ovenet.cli.status.StatusCommand;
import io.ovenet.cli.sysdump.SysdumpCommand;
import java.io.PrintWriter;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** The commands that people type. The agent and the operator have mains of their own. */
@Command(
    name = "ovenet",
    description = "The network for virtual machines and containers on Kubernetes.",
    synopsisSubcommandLabel = "COMMAND",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    subcommands = {
      DemoCommand.class,
      DoctorCommand.class,
      HubbleCommand.class,
      PolicyCommand.class,
      ServiceCommand.class,
      StatusCommand.class,
      SysdumpCommand.class,
      TraceCommand.class,
      io.ovenet.lab.Main.class
    },
    footer = {
      "",
      "Started by the launcher as well:",
      "  agent     The agent of a node.",
      "  operator  CRDs, pod CIDRs and policy status; one active in a cluster.",
      "  ui        The web page: who talks to whom, why not, what a policy would change.",
      "  bench     Benchmarks against peers.",
      "  test      Every test; --fast for those that need no root.",
      "  build     Builds what the other commands start."
    })
public final class Main implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public void run() {
    throw new CommandLine.ParameterException(spec.commandLine(), "which command?");
  }

  /** The whole command line, with its way of telling errors: one line, then what to do. */
  static CommandLine commandLine() {
    CommandLine commands = new CommandLine(new Main());
    ListCommand.addTo(commands);
    commands.setCaseInsensitiveEnumValuesAllowed(true);
    commands.setExecutionExceptionHandler(
        (failure, commandLine, parsed) -> {
          PrintWriter err = commandLine.getErr();
          err.println("ovenet: " + describe(failure));
          if (Boolean.getBoolean("ovenet.stacktrace")) {
            failure.printStackTrace(err);
          }
          return commandLine.getCommandSpec().exitCodeOnExecutionException();
        });
    return commands;
  }

  private static String describe(Throwable failure) {
    String message = failure.getMessage();
    return message == null || message.isBlank() ? failure.toString() : message;
  }

  public static void main(String[] args) {
    System.exit(commandLine().execute(args));
  }
}
