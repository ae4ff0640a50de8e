package io.ovenet.lab;

import java.io.IOException;
import java.io.PrintWriter;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Adds nodes to a lab that runs, and takes some away. */
@Command(
    name = "node",
    description = "Add a node to a lab that runs, or take one away.",
    synopsisSubcommandLabel = "COMMAND",
    mixinStandardHelpOptions = true)
final class NodeCommand implements Runnable {
  static final String ADD = "node-add";
  static final String REMOVE = "node-remove";

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public void run() {
    throw new CommandLine.ParameterException(
        spec.commandLine(), "which command? See `ovenet lab node --help`");
  }

  @Command(
      name = "add",
      description = {
        "Add a node, with an agent, and wait until pods can run there.",
        "Its agent has the configuration that the ConfigMap kube-system/cilium-config has now."
      },
      mixinStandardHelpOptions = true)
  int add(
      @Mixin LabOptions lab,
      @Parameters(
              arity = "0..1",
              paramLabel = "NAME",
              description = "Its name; by default node-N, the first that is free.")
          @Nullable String name)
      throws IOException {
    return ask(lab, ADD, name == null ? "" : name);
  }

  @Command(
      name = "remove",
      description =
          "Take a node away with all that runs on it, as if its machine were switched off; its"
              + " pods are deleted.",
      mixinStandardHelpOptions = true)
  int remove(
      @Mixin LabOptions lab,
      @Parameters(paramLabel = "NAME", description = "The node.") String name)
      throws IOException {
    return ask(lab, REMOVE, name);
  }

  private int ask(LabOptions lab, String what, String name) throws IOException {
    lab.status(); // says what to do where no lab runs
    PrintWriter out = spec.commandLine().getOut();
    out.println("· " + LabControl.ask(lab.directory(), what, name));
    out.flush();
    return 0;
  }
}
