package io.ovenet.cli.hubble;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code ovenet hubble version}. */
@Command(
    name = "version",
    description = "Says which version this is.",
    mixinStandardHelpOptions = true)
final class VersionCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() {
    var out = spec.commandLine().getOut();
    out.println(
        "hubble "
            + io.ovenet.cli.Version.TEXT
            + " on Java "
            + Runtime.version().feature()
            + ", "
            + System.getProperty("os.name").toLowerCase(java.util.Locale.ROOT)
            + "/"
            + System.getProperty("os.arch"));
    out.flush();
    return 0;
  }
}
