package io.ovenet.cli.hubble;

import java.io.PrintWriter;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code ovenet hubble config}. */
@Command(
    name = "config",
    description = {
      "Shows or changes the file with options, ~/.config/hubble/config.yaml or HUBBLE_CONFIG.",
      "A flag goes before the environment (HUBBLE_SERVER for server), and that before the file."
    },
    synopsisSubcommandLabel = "COMMAND",
    mixinStandardHelpOptions = true)
final class ConfigCommand implements Runnable {
  private static final String KEY = "KEY";

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public void run() {
    throw new CommandLine.ParameterException(
        spec.commandLine(), "which command? get, set, reset or view");
  }

  private static HubbleConfig config() {
    return HubbleConfig.read(System.getenv());
  }

  private int print(String text) {
    PrintWriter out = spec.commandLine().getOut();
    out.print(text);
    out.flush();
    return 0;
  }

  @Command(
      name = "view",
      description = "Shows all options, with what the environment says.",
      mixinStandardHelpOptions = true)
  int view() {
    return print(config().view());
  }

  @Command(
      name = "get",
      description = "Shows an option; without KEY all.",
      mixinStandardHelpOptions = true)
  int get(@Parameters(arity = "0..1", paramLabel = KEY) @Nullable String key) {
    return print(key == null ? config().view() : config().get(key) + "\n");
  }

  @Command(
      name = "set",
      description = "Sets an option in the file; without VALUE it is as by default.",
      mixinStandardHelpOptions = true)
  int set(
      @Parameters(index = "0", paramLabel = KEY) String key,
      @Parameters(index = "1", arity = "0..1", paramLabel = "VALUE") @Nullable String value) {
    config().set(key, value);
    return 0;
  }

  @Command(
      name = "reset",
      description = "Takes an option out of the file; without KEY all.",
      mixinStandardHelpOptions = true)
  int reset(@Parameters(arity = "0..1", paramLabel = KEY) @Nullable String key) {
    if (key == null) {
      config().reset();
    } else {
      config().set(key, null);
    }
    return 0;
  }
}
