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

  @Parameters(paramLabel = "SHELL", description = "bash, zsh, fish or powershell.")
  private String shell = "";

  @Override
  public Integer call() {
    CommandLine whole = spec.commandLine();
    while (whole.getParent() != null) {
      whole = whole.getParent();
    }
    String script =
        switch (shell) {
          // It says itself what zsh needs.
          case "bash", "zsh" -> AutoComplete.bash(whole.getCommandName(), whole) + "\n";
          case "fish" -> new CompletionScript(whole).fish();
          case "powershell" -> new CompletionScript(whole).powershell();
          default ->
              throw new HubbleException(
                  "completion " + shell + ": there are scripts for bash, zsh, fish and powershell");
        };
    PrintWriter out = spec.commandLine().getOut();
    out.print(script);
    out.flush();
    return 0;
  }
}
