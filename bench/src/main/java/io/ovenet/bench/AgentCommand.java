package io.ovenet.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code ovenet bench agent}: what the agent holds. */
@Command(
    name = "agent",
    description = {
      "Memory of the agent with the shipped flags: resident, and as its control group counts it,",
      "maps included. With as many pods and policies as the demo has; then with many for a while,",
      "each pod opening a connection a second, and a follower of all flows. The limit is the same",
      "runtime with nothing in it."
    },
    mixinStandardHelpOptions = true)
final class AgentCommand implements Callable<Integer> {
  private static final int DEMO_PODS = 6;
  private static final Path HOME = Path.of(System.getenv().getOrDefault("OVENET_HOME", "."));

  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private Output output = new Output();

  @Option(
      names = "--pods",
      description = "Pods and policies of the second reading (default: ${DEFAULT-VALUE}).")
  private int many = 100;

  @Option(names = "--minutes", description = "How long with those (default: ${DEFAULT-VALUE}).")
  private int minutes = 10;

  @Override
  public Integer call() throws Exception {
    Map<String, Object> report = new LinkedHashMap<>();
    report.put("limit: the runtime alone, resident MiB", runtimeAlone() >> 20);
    try (BenchNode node = new BenchNode(0, 0)) {
      node.namespace(PolicyWorld.NAMESPACE);
      node.startAgent();
      List<BenchPod> pods = new ArrayList<>();
      pods.add(node.pod(PolicyWorld.NAMESPACE, "server", Map.of("app", "server")));
      node.awaitAgent(pods.getFirst());
      Follower follower = Follower.start(node.hubbleSocket());
      try (Echo echo = new Echo(pods.getFirst());
          follower) {
        grow(node, pods, DEMO_PODS, DEMO_PODS);
        connect(echo, pods, 30);
        report.put("as in the demo", new Memory(node).now());
        grow(node, pods, many, many);
        for (int minute = 1; minute <= minutes; minute++) {
          connect(echo, pods, 60);
          Output.note("after " + minute + " min: " + new Memory(node).now());
        }
        report.put(
            "with %d pods and policies after %d min".formatted(many, minutes),
            new Memory(node).now());
        report.put("flows followed, told lost", follower.settled());
      }
    }
    output.print(spec, report, "");
    return 0;
  }

  private static void grow(BenchNode node, List<BenchPod> pods, int podCount, int policies)
      throws IOException {
    while (pods.size() < podCount) {
      String app = "app-" + pods.size();
      BenchPod pod = node.pod(PolicyWorld.NAMESPACE, app, Map.of("app", app));
      pod.add();
      pods.add(pod);
    }
    for (int i = 1; i <= policies; i++) {
      PolicyWorld.allowFrom(node, "server-" + i, "server", "app-" + i);
    }
  }

  /** A connection of each pod a second. */
  private static void connect(Echo echo, List<BenchPod> pods, int seconds) throws IOException {
    for (int i = 0; i < seconds; i++) {
      long next = System.nanoTime() + TimeUnit.SECONDS.toNanos(1);
      for (BenchPod pod : pods.subList(1, pods.size())) {
        echo.await(pod);
      }
      LockSupport.parkNanos(next - System.nanoTime());
    }
  }

  private static long runtimeAlone() throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(
            List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
    command.addAll(
        List.of(
            "@" + HOME.resolve("target/ovenet/agent.args"),
            "-cp",
            System.getProperty("java.class.path")));
    command.add(Idle.class.getName());
    Process idle =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    try (var lines = idle.inputReader()) {
      if (lines.readLine() == null) {
        throw new IOException("the runtime alone ended with " + idle.waitFor());
      }
      return resident(idle.pid());
    } finally {
      idle.destroy();
      idle.waitFor();
    }
  }

  /** Resident memory of a process; bytes. */
  static long resident(long pid) throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/" + pid + "/status"))) {
      if (line.startsWith("VmRSS:")) {
        return Long.parseLong(line.replaceAll("[^0-9]", "")) << 10;
      }
    }
    throw new IOException("process " + pid + " has no VmRSS: it has ended");
  }

  /** Says a word and waits to be ended. */
  static final class Idle {
    private Idle() {}

    public static void main(String[] arguments) throws IOException {
      System.out.println("here");
      System.in.readAllBytes();
    }
  }
}
