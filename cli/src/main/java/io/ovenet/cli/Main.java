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
import java.util.List;
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
  private static final List<Class<?>> COMMANDS =
      List.of(
          DemoCommand.class,
          DoctorCommand.class,
          HubbleCommand.class,
          PolicyCommand.class,
          ServiceCommand.class,
          StatusCommand.class,
          SysdumpCommand.class,
          TraceCommand.class,
          io.ovenet.lab.Main.class);

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public void run() {
    throw new CommandLine.ParameterException(spec.commandLine(), "which command?");
  }

  /**
   * The command line for these words, with its way of telling errors: one line, then what to do. It
   * has the command that the first word names, and each where it names none: to learn the options
   * of all takes longer than most commands do.
   */
  static CommandLine commandLine(String... words) {
    CommandLine commands = new CommandLine(new Main());
    List<Class<?>> named =
        COMMANDS.stream()
            .filter(c -> words.length > 0 && c.getAnnotation(Command.class).name().equals(words[0]))
            .toList();
    if (named.isEmpty()) {
      COMMANDS.forEach(c -> commands.addSubcommand(new CommandLine(c)));
      ListCommand.addTo(commands);
    } else {
      named.forEach(c -> commands.addSubcommand(new CommandLine(c)));
    }
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
    System.exit(commandLine(args).execute(args));
  }
}
