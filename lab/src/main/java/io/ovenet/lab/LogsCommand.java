package io.ovenet.lab;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Prints what a pod's first container said; of a virtual machine's pod, the guest's console. */
@Command(name = "logs", description = "Show what a pod printed.", mixinStandardHelpOptions = true)
final class LogsCommand implements Callable<Integer> {
  @Mixin private LabOptions lab = new LabOptions();

  @Parameters(index = "0", paramLabel = "POD", description = "namespace/name, or a pod's name.")
  private String target = "";

  @Option(
      names = {"-f", "--follow"},
      description = "Go on until the pod ends.")
  private boolean follow;

  @Override
  public Integer call() throws IOException, InterruptedException {
    LabStatus.Pod pod = Lookup.pod(lab.status(), target);
    if (pod.log() == null) {
      throw new LabException(
          pod.namespace() + "/" + pod.name() + " has not started yet: see `ovenet lab status`");
    }
    OutputStream out = System.out;
    try (FileFollower from =
        new FileFollower(Path.of(pod.log()), 0, () -> follow && goesOn(pod.pid()))) {
      from.drain(
          chunk -> {
            out.write(chunk);
            out.flush();
          });
    }
    return 0;
  }

  /** Whether more may come of a pod: one that has completed keeps its first process for a while. */
  private boolean goesOn(long pid) {
    try {
      for (LabStatus.Pod pod : lab.status().pods()) {
        if (pod.pid() == pid) {
          return !pod.phase().equals("Succeeded") && !pod.phase().equals("Failed");
        }
      }
      return false;
    } catch (IOException e) {
      return false; // the lab is gone, and the pod with it
    }
  }
}
