package io.ovenet.cli.policy;

import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Option;

/** Files that a question is about, instead of the cluster. A picocli mixin. */
final class FileOptions {
  @Option(
      names = "-f",
      paramLabel = "FILE",
      description =
          "Files, or directories of them, that are read instead of the cluster: policies, pods,"
              + " namespaces, and what pods are made from; or what `ovenet sysdump` wrote.")
  private List<Path> files = List.of();

  /** Empty if the cluster is asked. */
  List<Path> files() {
    return files;
  }
}
