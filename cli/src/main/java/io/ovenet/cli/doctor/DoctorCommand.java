package io.ovenet.cli.doctor;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code ovenet doctor}: 0 if nothing that is required is missing. */
@Command(
    name = "doctor",
    description = "Says what this machine has and lacks, and how to get it.",
    mixinStandardHelpOptions = true)
public final class DoctorCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(names = "--json", description = "Machine-readable.")
  private boolean json;

  @Override
  public Integer call() throws IOException, InterruptedException {
    PrintWriter out = spec.commandLine().getOut();
    List<Finding> findings =
        Machine.findings(Path.of(System.getenv().getOrDefault("OVENET_HOME", ".")));
    long faults = findings.stream().filter(Finding::isFault).count();
    if (json) {
      out.println(new ObjectMapper().writeValueAsString(findings));
    } else {
      String area = "";
      for (Finding finding : findings) {
        if (!finding.area().equals(area)) {
          area = finding.area();
          out.println(area);
        }
        out.println(finding.line());
      }
      out.println(
          faults == 0 ? "nothing required is missing" : faults + " required things are missing");
    }
    out.flush();
    return faults == 0 ? 0 : 1;
  }
}
