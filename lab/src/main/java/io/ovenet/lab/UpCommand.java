package io.ovenet.lab;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Starts a lab and waits until it is ready, showing what it does. */
@Command(
    name = "up",
    description = "Start a lab and wait until it is ready.",
    mixinStandardHelpOptions = true)
final class UpCommand implements Callable<Integer> {
  @Mixin private LabOptions lab = new LabOptions();
  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(
      names = "--nodes",
      defaultValue = "1",
      description = "How many nodes (default: ${DEFAULT-VALUE}).")
  private int nodes;

  @Option(
      names = {"-c", "--config"},
      paramLabel = "KEY=VALUE",
      description = {
        "A key of the ConfigMap kube-system/cilium-config; may be repeated.",
        "Unless said otherwise kube-proxy-replacement and enable-bpf-masquerade are true."
      })
  private Map<String, String> configuration = new LinkedHashMap<>();

  @Override
  public Integer call() throws IOException, InterruptedException {
    PrintWriter out = spec.commandLine().getOut();
    LabDirectory directory = lab.directory();
    LabLease lease = LabLease.read(directory).orElse(null);
    if (lease != null && lease.isAlive()) {
      throw new LabException(
          "a lab is up already (process " + lease.pid() + "): `ovenet lab down` takes it down");
    }
    if (lease != null) {
      out.println("· cleaning up after a lab that was killed");
      out.flush();
    } else if (ControlGroup.ofLab(directory.name()).exists()) {
      throw new LabException(
          "another directory has a lab named "
              + directory.name()
              + ": choose another name with --name, or take that one down");
    }
    LabLease.removeRemains(directory);
    Serving serving = new Serving(directory);
    Thread cleaning = new Thread(serving::giveUp, "up-cleanup");
    Runtime.getRuntime().addShutdownHook(cleaning);
    Files.createDirectories(directory.run());
    LabStatus status = await(serving.start(command(directory)), directory, out);
    serving.keep();
    boolean _ = Runtime.getRuntime().removeShutdownHook(cleaning);
    out.println("· ready: KUBECONFIG=" + status.kubeconfig());
    out.flush();
    return 0;
  }

  /** The lab's process until it is ready: one that is given up leaves nothing. Thread-safe. */
  private static final class Serving {
    private final LabDirectory directory;
    private @Nullable Process process;
    private boolean kept;
    private boolean givenUp;

    Serving(LabDirectory directory) {
      this.directory = directory;
    }

    synchronized Process start(List<String> command) throws IOException {
      if (givenUp) {
        throw new LabException("interrupted");
      }
      Process started =
          new ProcessBuilder(command)
              .redirectInput(Path.of("/dev/null").toFile())
              .redirectErrorStream(true)
              .redirectOutput(directory.log().toFile())
              .start();
      process = started;
      return started;
    }

    synchronized void keep() {
      kept = true;
    }

    synchronized void giveUp() {
      givenUp = true;
      if (kept) {
        return;
      }
      try {
        if (process != null) {
          process.destroy();
          process.waitFor();
        }
        LabLease.removeRemains(directory);
      } catch (IOException e) {
        System.err.println(
            "ovenet lab: could not clean up, run `ovenet lab down`: " + e.getMessage());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** The lab's process in a session of its own, so that the terminal's Ctrl-C is not for it. */
  private List<String> command(LabDirectory directory) {
    List<String> command = new ArrayList<>();
    command.addAll(
        List.of("setsid", Path.of(System.getProperty("java.home"), "bin", "java").toString()));
    String cache = System.getenv("OVENET_LAB_CACHE");
    if (cache != null) {
      command.add("-XX:AOTCache=" + cache);
    }
    command.addAll(
        List.of(
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-Djava.net.preferIPv4Stack=true",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-Xmx384m",
            "-XX:+ExitOnOutOfMemoryError",
            "-cp",
            System.getProperty("java.class.path"),
            Main.class.getName(),
            "serve",
            "--nodes",
            Integer.toString(nodes),
            "--name",
            directory.name()));
    Path base = directory.base();
    if (base != null) {
      command.addAll(List.of("--state-dir", base.toString()));
    }
    configuration.forEach((key, value) -> command.addAll(List.of("--config", key + "=" + value)));
    return command;
  }

  private static LabStatus await(Process serving, LabDirectory directory, PrintWriter out)
      throws IOException, InterruptedException {
    int shown = 0;
    while (true) {
      LabStatus status = LabStatus.read(directory.status()).orElse(null);
      if (status != null) {
        for (; shown < status.progress().size(); shown++) {
          out.println("· " + status.progress().get(shown));
          out.flush();
        }
        if (status.state().equals("ready")) {
          return status;
        }
      }
      if (!serving.isAlive()) {
        // Its last word may have come after the look above.
        LabStatus last = LabStatus.read(directory.status()).orElse(null);
        String why =
            last != null && last.failure() != null
                ? last.failure()
                : "its process ended with "
                    + serving.exitValue()
                    + ":\n"
                    + Lab.tail(directory.log());
        LabLease.removeRemains(directory);
        throw new LabException("the lab did not come up: " + why);
      }
      Thread.sleep(20);
    }
  }
}
