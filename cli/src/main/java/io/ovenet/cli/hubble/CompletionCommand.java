package io.ovenet.cli.hubble;

import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code ovenet hubble completion}. */
@Command(
    name = "completion",
    description = {
      "Writes a script that completes commands and options: source <(hubble completion bash)."
    },
    mixinStandardHelpOptions = true)
final class CompletionCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(paramLabel = "SHELL", description = "bash or zsh.")
  private String shell = "";

  @Override
  public Integer call() {
    if (!shell.equals("bash") && !shell.equals("zsh")) {
      throw new HubbleException(
          "completion " + shell + ": there are scripts for bash and zsh alone");
    }
    CommandLine whole = spec.commandLine();
    while (whole.getParent() != null) {
      whole = whole.getParent();
    }
    PrintWriter out = spec.commandLine().getOut();
    out.println(AutoComplete.bash(whole.getCommandName(), whole)); // says itself what zsh needs
    out.flush();
    return 0;
  }
}
