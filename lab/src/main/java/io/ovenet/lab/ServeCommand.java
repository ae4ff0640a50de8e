package io.ovenet.lab;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The lab's own process, which `up` starts. It ends, and takes everything down, at SIGTERM. */
@Command(name = "serve", description = "The lab's own process, started by `up`.", hidden = true)
final class ServeCommand implements Callable<Integer> {
  private static final Logger LOG = LoggerFactory.getLogger(ServeCommand.class);

  @Mixin private LabOptions lab = new LabOptions();

  @Option(names = "--nodes", defaultValue = "1", description = "How many nodes.")
  private int nodes;

  @Option(
      names = {"-c", "--config"},
      description = "A key of the ConfigMap kube-system/cilium-config.")
  private Map<String, String> configuration = new LinkedHashMap<>();

  @Option(names = "--kernel-cache", hidden = true, description = "Where guests' kernel is kept.")
  private Path kernelCache = GuestKernel.CACHE;

  @Override
  public Integer call() throws IOException, InterruptedException {
    LabDirectory directory = lab.directory();
    LabPlan plan =
        new LabPlan(
            directory,
            nodes,
            command(LabPlan.AGENT_VARIABLE),
            command(LabPlan.OPERATOR_VARIABLE),
            configuration,
            kernelCache);
    CountDownLatch stop = new CountDownLatch(1);
    CountDownLatch stopped = new CountDownLatch(1);
    Thread serving = Thread.currentThread();
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  stop.countDown();
                  serving.interrupt();
                  try {
                    stopped.await();
                  } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                  }
                },
                "stop"));
    try (Lab running = Lab.start(plan)) {
      LOG.info("lab {} is ready: {}", directory.name(), running);
      stop.await();
    } catch (InterruptedException e) {
      LOG.info("stopping");
    } catch (IOException | RuntimeException e) {
      // The files are gone by now; `up` waits for this one.
      LOG.error("the lab failed", e);
      Files.createDirectories(directory.run());
      new LabStatus(
              directory.name(),
              "failed",
              ProcessHandle.current().pid(),
              List.of(),
              String.valueOf(e.getMessage()),
              null,
              null,
              List.of(),
              List.of(),
              List.of())
          .write(directory.status());
      stopped.countDown();
      return 1;
    } finally {
      stopped.countDown();
    }
    return 0;
  }

  private static List<String> command(String variable) {
    String value = System.getenv(variable);
    return value == null ? List.of() : LabPlan.words(value);
  }
}
