package io.ovenet.cli.demo;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.io.File;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code ovenet demo}. */
@Command(
    name = "demo",
    description = {
      "Shows the mission's policies at work on two nodes: containers and virtual machines of two",
      "tenants, what they share, and a client outside."
    },
    mixinStandardHelpOptions = true)
public final class DemoCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(
      names = "--once",
      description = "Take everything down afterwards; 0 only if every expectation held.")
  private boolean once;

  @Override
  public Integer call() throws IOException, InterruptedException {
    Launcher launcher = new Launcher(Path.of(System.getenv().getOrDefault("OVENET_HOME", ".")));
    PrintWriter out = spec.commandLine().getOut();
    AtomicBoolean keep = new AtomicBoolean();
    Runtime.getRuntime()
        .addShutdownHook(
            Thread.ofPlatform().name("demo-cleanup").unstarted(() -> end(launcher, keep)));
    int up = launcher.runInForeground("lab", "up", "--nodes", "2");
    if (up != 0) {
      throw new IOException("the lab did not come up (lab up ended with " + up + ")");
    }
    boolean held;
    try (KubernetesClient client = client(launcher)) {
      held =
          new Demo(launcher, client, status(launcher).at("/outside/address").asText(), out).run();
    }
    out.println();
    out.flush();
    launcher.runInForeground("hubble", "observe", "--namespace", "app-web-prod", "--last", "20");
    keep.set(!once && held);
    if (keep.get()) {
      whereNext(launcher, out);
    }
    return held ? 0 : 1;
  }

  /** At the process's end, whichever it is. */
  private static void end(Launcher launcher, AtomicBoolean keep) {
    if (keep.get()) {
      return;
    }
    try {
      launcher.stop();
      if (launcher.takeDown() != 0) {
        System.err.println("ovenet demo: the lab could not be taken down: run `ovenet lab down`");
      }
    } catch (IOException e) {
      System.err.println("ovenet demo: run `ovenet lab down`: " + e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static JsonNode status(Launcher launcher) throws IOException, InterruptedException {
    return new ObjectMapper().readTree(launcher.run("lab", "status", "--json").out());
  }

  private static KubernetesClient client(Launcher launcher)
      throws IOException, InterruptedException {
    String kubeconfig = status(launcher).path("api").path("kubeconfig").asText();
    return new KubernetesClientBuilder()
        .withConfig(Config.fromKubeconfig(new File(kubeconfig)))
        .build();
  }

  private static void whereNext(Launcher launcher, PrintWriter out)
      throws IOException, InterruptedException {
    out.printf(
        """

        The lab is still up. Where to look next:
          ./ovenet hubble observe --verdict DENIED      what was dropped, and why
          ./ovenet hubble observe --pod vm-web-vm -f    what the virtual machine does
          ./ovenet lab status                           nodes, pods, machines, addresses
          ./ovenet lab console app-web-prod/web-vm      a shell in the virtual machine
          ./ovenet lab exec outside -- wget -qO- http://10.100.0.10/
          KUBECONFIG=%s kubectl get cep -A
          ./ovenet lab down                             takes it all away
        The page: %s
        """,
        status(launcher).path("api").path("kubeconfig").asText(),
        status(launcher).path("api").path("page").asText("not running: see ./ovenet lab status"));
    out.flush();
  }
}
