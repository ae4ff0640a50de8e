package io.ovenet.cli.hubble;

import picocli.CommandLine.Option;

/** In what form a command of Hubble's prints. A picocli mixin. */
final class FormOptions {
  @Option(
      names = {"-o", "--output"},
      paramLabel = "FORM",
      defaultValue = "compact",
      description = "compact, dict, json (jsonpb) or table (tab).")
  private String form = "compact";

  /** As it was written. */
  String form() {
    return form;
  }
}
