package io.ovenet.lab;

import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/**
 * Takes a lab down, whether it lives or was killed. Where there is none, there is nothing to do.
 */
@Command(
    name = "down",
    description = "Take the lab down; nothing of it is left.",
    mixinStandardHelpOptions = true)
final class DownCommand implements Callable<Integer> {
  private static final Duration GRACE = Duration.ofSeconds(20);

  @Mixin private LabOptions lab = new LabOptions();
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() throws IOException, InterruptedException {
    PrintWriter out = spec.commandLine().getOut();
    LabDirectory directory = lab.directory();
    LabLease lease = LabLease.read(directory).orElse(null);
    if (lease != null && lease.isAlive()) {
      out.println("· taking the lab down");
      out.flush();
      ProcessHandle.of(lease.pid()).ifPresent(ProcessHandle::destroy);
      Instant deadline = Instant.now().plus(GRACE);
      while (lease.isAlive()) {
        if (Instant.now().isAfter(deadline)) {
          ProcessHandle.of(lease.pid()).ifPresent(ProcessHandle::destroyForcibly);
        }
        Thread.sleep(10);
      }
    }
    LabLease.removeRemains(directory);
    return 0;
  }
}
