package io.ovenet.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.Map;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

/** How a benchmark tells what it found: a line for each figure, or one JSON object. */
final class Output {
  private enum Format {
    text,
    json
  }

  @Option(
      names = {"-o", "--output"},
      description = "${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
  private Format format = Format.text;

  /** Progress, to stderr. */
  static void note(String what) {
    System.err.println("ovenet bench: " + what);
  }

  void print(CommandSpec spec, Map<String, ?> figures, String unit) throws IOException {
    PrintWriter out = spec.commandLine().getOut();
    if (format == Format.json) {
      out.println(new ObjectMapper().writeValueAsString(figures));
    } else {
      int width = figures.keySet().stream().mapToInt(String::length).max().orElse(1);
      figures.forEach((what, figure) -> out.printf("%-" + width + "s  %s%n", what, figure));
      out.println(unit);
    }
    out.flush();
  }
}
