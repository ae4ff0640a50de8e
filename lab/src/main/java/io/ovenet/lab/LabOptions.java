package io.ovenet.lab;

import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Options of every command: which lab is meant. */
final class LabOptions {
  @Option(
      names = "--state-dir",
      paramLabel = "DIR",
      description =
          "Where the lab keeps its files (default: the environment's OVENET_LAB_DIR, else"
              + " /run/ovenet-lab and /var/lib/ovenet-lab).")
  private @Nullable Path stateDir;

  @Option(
      names = "--name",
      paramLabel = "NAME",
      description = "The lab's name, which sets it apart from others on the machine.")
  private @Nullable String name;

  LabDirectory directory() {
    return LabDirectory.of(stateDir, name);
  }

  /** The status of a lab that runs; an error with its remedy where none does. */
  LabStatus status() throws IOException {
    LabDirectory directory = directory();
    LabLease lease = LabLease.read(directory).orElse(null);
    LabStatus status = LabStatus.read(directory.status()).orElse(null);
    if (lease == null || status == null) {
      throw new LabException("no lab is up: start one with `ovenet lab up`");
    }
    if (!lease.isAlive()) {
      throw new LabException(
          "the lab's process "
              + lease.pid()
              + " is gone: run `ovenet lab up` or `ovenet lab down`");
    }
    return status;
  }
}
