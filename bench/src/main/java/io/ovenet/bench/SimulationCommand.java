package io.ovenet.bench;

import io.ovenet.kubernetes.ApiException;
import io.ovenet.kubernetes.CiliumEndpointRecord;
import io.ovenet.kubernetes.CiliumEndpointSliceRecord;
import io.ovenet.kubernetes.KubernetesApi;
import io.ovenet.kubernetes.RecordKind;
import io.ovenet.kubernetes.WatchScope;
import io.ovenet.lab.api.ApiServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code ovenet bench simulation}: a large cluster's control plane on one machine. */
@Command(
    name = "simulation",
    description = {
      "The control planes of many nodes' agents, without kernels, over a lab's API and the shipped",
      "operator: how long all take from nothing, what one costs (in a process of its own, with the",
      "agent's flags) and what the API does; how soon the others know of a pod that comes or goes,",
      "against a bare watch of the same objects; and how long all take to know of a new pod after",
      "the API was killed and started again. Needs neither root nor the kernel, but memory: about",
      "100 MiB for each agent that has 50,000 pods to know of."
    },
    mixinStandardHelpOptions = true)
final class SimulationCommand implements Callable<Integer> {
  private static final Duration CEILING = Duration.ofMinutes(20);
  private static final int QUIET_SECONDS = 10;
  private static final int WRITERS = 16;

  /** Half of them come, each with an address of its own. */
  private static final int MOST_CHANGES = 100_000;

  /** Of the other nodes, how many tell when they hear of a pod. */
  private static final int REPORTERS = 9;

  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private Output output = new Output();

  @Option(names = "--nodes", description = "In the cluster (default: ${DEFAULT-VALUE}).")
  private int nodes = 300;

  @Option(
      names = "--agents",
      description = "Of the nodes, how many have an agent at most (default: ${DEFAULT-VALUE}).")
  private int agents = 100;

  @Option(names = "--containers", description = "Pods of containers (default: ${DEFAULT-VALUE}).")
  private int containers = 50_000;

  @Option(names = "--vms", description = "Virtual machines (default: ${DEFAULT-VALUE}).")
  private int machines = 2_000;

  @Option(
      names = "--changes",
      description = "Pods that come or go a second (default: ${DEFAULT-VALUE}).")
  private int changes = 50;

  @Option(names = "--seconds", description = "Of changes (default: ${DEFAULT-VALUE}).")
  private int seconds = 60;

  @Option(names = "--heap", description = "Of all agents but one (default: ${DEFAULT-VALUE}).")
  private String heap = "14g";

  private final Path home = Path.of(System.getenv().getOrDefault("OVENET_HOME", "."));
  private final Map<String, Object> report = new LinkedHashMap<>();
  private final Arrivals one = new Arrivals(1);
  private final Arrivals others = new Arrivals(REPORTERS);
  private final Arrivals told = new Arrivals(1);
  private final Arrivals sliced = new Arrivals(1);
  private final CountDownLatch ready = new CountDownLatch(2);

  @Override
  public Integer call() throws Exception {
    agents = Math.min(agents, nodes);
    if (agents < 1 + REPORTERS
        || changes < 1
        || seconds < 1
        || (long) changes * seconds > MOST_CHANGES) {
      throw new ParameterException(
          spec.commandLine(),
          "--nodes and --agents from %d; --changes times --seconds from 1 to %,d"
              .formatted(1 + REPORTERS, MOST_CHANGES));
    }
    SimulatedCluster cluster;
    try {
      cluster = new SimulatedCluster(nodes, containers + machines, machines);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
    }
    try (var undo = new Undo("the simulation")) {
      run(cluster, undo);
    }
    output.print(
        spec,
        report,
        "Aims: one agent 256 MiB, and a tenth of a core at 50 changes a second; others know within"
            + " 500 ms (p99).");
    return 0;
  }

  private void run(SimulatedCluster cluster, Undo undo) throws Exception {
    Path directory =
        undo.make(() -> Files.createTempDirectory("ovt-simulation"), BenchNode::deleteAll);
    Path kubeconfig = directory.resolve("kubeconfig");
    var listens = new CompletableFuture<String>();
    JavaProcess api = undo.make(() -> api(directory, "0", listens), JavaProcess::end);
    String port = listens.get(CEILING.toSeconds(), TimeUnit.SECONDS);
    Files.writeString(kubeconfig, ApiServer.kubeconfig("http://127.0.0.1:" + port));
    KubernetesApi client = undo.keep(() -> KubernetesApi.open(kubeconfig));

    report.put("nodes", "%,d, %,d of them with agents".formatted(nodes, agents));
    report.put("pods", "%,d, and %,d virtual machines'".formatted(containers, machines));
    report.put("identities", cluster.identities());
    report.put("policies", 2 * cluster.namespaces());
    Output.note("making the cluster's objects");
    long began = System.nanoTime();
    JavaProcess operator = undo.make(() -> operator(directory, kubeconfig), JavaProcess::end);
    awaitSlices(client, 0);
    cluster.make(client);
    report.put("objects made, s", since(began));
    Output.note("waiting for the operator's slices");
    long slices = awaitSlices(client, containers + machines);
    report.put("all endpoints in slices, s", since(began) + " (" + slices + " slices)");

    Output.note("starting " + agents + " agents");
    began = System.nanoTime();
    var apiBefore = api.taken();
    JavaProcess measured =
        undo.make(
            () -> nodes(cluster, directory, kubeconfig, shipped(), 0, 1, one), JavaProcess::end);
    JavaProcess crowd =
        undo.make(
            () -> nodes(cluster, directory, kubeconfig, many(), 1, agents - 1, others),
            JavaProcess::end);
    awaitReady(List.of(api, operator, measured, crowd));
    report.put("all agents follow, s", since(began));
    report.put(
        "API meanwhile",
        "%.2f cores, %d MiB".formatted(api.taken().cores(apiBefore), api.resident()));
    report.put(
        "one agent's start",
        "%.1f s of processor, %.1f MiB read"
            .formatted(
                measured.taken().processor().toMillis() / 1e3,
                measured.taken().read() / 1048576.0));

    Map<String, JavaProcess> processes = new LinkedHashMap<>();
    processes.put("one agent", measured);
    processes.put("the other agents together", crowd);
    processes.put("API", api);
    processes.put("operator", operator);
    Output.note("nothing changes for " + QUIET_SECONDS + " s");
    cost("quiet", processes, () -> TimeUnit.SECONDS.sleep(QUIET_SECONDS));

    watchBare(client);
    Output.note(changes + " changes a second for " + seconds + " s");
    var churn = new Churn(cluster, client);
    cost("with changes", processes, churn::run);
    churn.awaitHeard();
    report.put("changes asked for a second", "%.1f".formatted(churn.rate()));
    churn.tell("limit: a bare watch of endpoints, ms", told);
    churn.tell("limit: a bare watch of slices, ms", sliced);
    churn.tell("one agent's tables, ms", one);
    churn.tell(REPORTERS + " others' tables, ms", others);

    restart(cluster, directory, undo, api, operator, port, client);
  }

  private void restart(
      SimulatedCluster cluster,
      Path directory,
      Undo undo,
      JavaProcess api,
      JavaProcess operator,
      String port,
      KubernetesApi client)
      throws Exception {
    Output.note("the API is killed and started again");
    long began = System.nanoTime();
    api.kill();
    var listens = new CompletableFuture<String>();
    JavaProcess again = undo.make(() -> api(directory, port, listens), JavaProcess::end);
    String _ = listens.get(CEILING.toSeconds(), TimeUnit.SECONDS);
    report.put("API there again after a kill, s", since(began));
    var before = again.taken();
    int last = 0xffff;
    cluster.come(client, last);
    awaitCondition(
        "the agent knows of a pod that came after the API's restart",
        () -> one.know(SimulatedCluster.churnAddress(last)),
        List.of(again, operator));
    report.put("one agent knows of a new pod, s", since(began));
    awaitCondition(
        "the other agents know of it",
        () -> others.know(SimulatedCluster.churnAddress(last)),
        List.of(again, operator));
    report.put(REPORTERS + " others know, too, s", since(began));
    report.put("API meanwhile, cores", "%.2f".formatted(again.taken().cores(before)));
  }

  private interface Step {
    void run() throws Exception;
  }

  /** What each process takes while something goes on. */
  private void cost(String when, Map<String, JavaProcess> processes, Step step) throws Exception {
    Map<String, JavaProcess.Taken> before = new TreeMap<>();
    for (var each : processes.entrySet()) {
      before.put(each.getKey(), each.getValue().taken());
    }
    step.run();
    for (var each : processes.entrySet()) {
      var taken = each.getValue().taken();
      var was = Objects.requireNonNull(before.get(each.getKey()));
      report.put(
          when + ": " + each.getKey(),
          "%.3f cores, %d MiB resident, %.1f KiB/s read"
              .formatted(
                  taken.cores(was), each.getValue().resident(), taken.readPerSecond(was) / 1024));
    }
  }

  /** Pods that come and go. */
  private final class Churn {
    private static final int STAYS = 200;

    private final SimulatedCluster cluster;
    private final KubernetesApi client;
    private final Map<String, Long> came = new TreeMap<>();
    private final Map<String, Long> went = new TreeMap<>();
    private double took;

    Churn(SimulatedCluster cluster, KubernetesApi client) {
      this.cluster = cluster;
      this.client = client;
    }

    void run() throws Exception {
      long began = System.nanoTime();
      long pause = TimeUnit.SECONDS.toNanos(1) / changes;
      int all = changes * seconds;
      List<Future<?>> done = new ArrayList<>();
      int coming = 0;
      int going = 0;
      try (var writers = Executors.newFixedThreadPool(WRITERS)) {
        for (int i = 0; i < all; i++) {
          long due = began + i * pause;
          while (System.nanoTime() < due) {
            LockSupport.parkNanos(due - System.nanoTime());
          }
          boolean comes = coming - going < STAYS || i % 2 == 0;
          int pod = comes ? coming++ : going++;
          done.add(
              writers.submit(
                  () -> {
                    change(comes, pod);
                    return null;
                  }));
        }
        for (Future<?> each : done) {
          each.get();
        }
      } catch (ExecutionException e) {
        throw new IOException("a pod could not come or go: " + e.getMessage(), e);
      }
      took = (System.nanoTime() - began) / 1e9;
    }

    private void change(boolean comes, int pod) throws IOException {
      String address = SimulatedCluster.churnAddress(pod);
      long asked = System.nanoTime();
      if (comes) {
        cluster.come(client, pod);
      } else {
        cluster.go(client, pod);
      }
      synchronized (this) {
        (comes ? came : went).put(address, asked);
      }
    }

    double rate() {
      return (came.size() + went.size()) / took;
    }

    void awaitHeard() throws Exception {
      awaitCondition(
          "all heard of all that came and went",
          () -> Stream.of(told, sliced, one, others).allMatch(a -> a.haveHeard(came, went)),
          List.of());
    }

    void tell(String what, Arrivals arrivals) {
      report.put(what, Times.of(arrivals.delays(came, went)));
    }
  }

  /** Hears of the same objects, and does nothing with them. */
  private void watchBare(KubernetesApi client) throws Exception {
    var synced = new CountDownLatch(2);
    var _ =
        client.watch(
            RecordKind.CILIUM_ENDPOINTS,
            WatchScope.ALL,
            new BareWatch<CiliumEndpointRecord>(told, synced, List::of));
    var _ =
        client.watch(
            RecordKind.CILIUM_ENDPOINT_SLICES,
            WatchScope.ALL,
            new BareWatch<>(sliced, synced, CiliumEndpointSliceRecord::endpoints));
    if (!synced.await(CEILING.toSeconds(), TimeUnit.SECONDS)) {
      throw new IOException("the API does not list endpoints or slices");
    }
  }

  /** How many slices there are once all endpoints are in one. */
  private static long awaitSlices(KubernetesApi client, int endpoints) throws Exception {
    var slices = new AtomicInteger();
    awaitCondition(
        endpoints + " endpoints are in slices",
        () -> {
          var found = new AtomicInteger();
          slices.set(0);
          try {
            client.list(
                RecordKind.CILIUM_ENDPOINT_SLICES,
                slice -> {
                  slices.incrementAndGet();
                  found.addAndGet(slice.endpoints().size());
                });
          } catch (ApiException e) {
            // Until the operator has made the definition.
            return false;
          }
          return found.get() >= endpoints;
        },
        List.of());
    return slices.get();
  }

  private interface Condition {
    boolean holds() throws Exception;
  }

  private static void awaitCondition(String what, Condition condition, List<JavaProcess> meanwhile)
      throws Exception {
    Instant deadline = Instant.now().plus(CEILING);
    while (!condition.holds()) {
      for (JavaProcess process : meanwhile) {
        process.check();
      }
      if (Instant.now().isAfter(deadline)) {
        throw new IOException("not within " + CEILING.toMinutes() + " minutes: " + what);
      }
      TimeUnit.MILLISECONDS.sleep(20);
    }
  }

  private void awaitReady(List<JavaProcess> meanwhile) throws Exception {
    awaitCondition("all agents follow", () -> ready.getCount() == 0, meanwhile);
  }

  private static String since(long began) {
    return "%.1f".formatted((System.nanoTime() - began) / 1e9);
  }

  private JavaProcess api(Path directory, String port, CompletableFuture<String> listens)
      throws IOException {
    List<String> command = java(List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx1g"));
    command.addAll(
        List.of(
            "-Djava.util.logging.config.file=/dev/null",
            ApiProcess.class.getName(),
            directory.resolve("api").toString(),
            port));
    return JavaProcess.start(
        command,
        directory.resolve("api.log"),
        line -> listens.complete(line.substring(line.indexOf(' ') + 1)));
  }

  private JavaProcess operator(Path directory, Path kubeconfig) throws IOException {
    return JavaProcess.start(
        List.of(
            home.resolve("ovenet").toString(),
            "operator",
            "--kubeconfig=" + kubeconfig,
            "--enable-cilium-endpoint-slice=true"),
        directory.resolve("operator.log"),
        line -> Output.note("the operator says: " + line));
  }

  private JavaProcess nodes(
      SimulatedCluster cluster,
      Path directory,
      Path kubeconfig,
      List<String> flags,
      int first,
      int count,
      Arrivals arrivals)
      throws IOException {
    List<String> command = java(flags);
    command.addAll(
        List.of(
            "-Djava.util.logging.config.file=/dev/null",
            SimulatedNodes.class.getName(),
            kubeconfig.toString(),
            directory.toString(),
            Integer.toString(first),
            Integer.toString(count),
            Integer.toString(Math.min(count, REPORTERS)),
            Integer.toString(cluster.nodes()),
            Integer.toString(cluster.workloads()),
            Integer.toString(cluster.machines())));
    return JavaProcess.start(
        command,
        directory.resolve("nodes-" + first + ".log"),
        line -> {
          if (line.equals("ready")) {
            ready.countDown();
          }
          arrivals.line(line);
        });
  }

  private static List<String> java(List<String> flags) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(flags);
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    return command;
  }

  /** The agent's flags as shipped. */
  private List<String> shipped() throws IOException {
    List<String> flags = new ArrayList<>();
    for (String argument : Files.readAllLines(home.resolve("target/ovenet/agent.args"))) {
      if (argument.equals("-cp")) {
        break;
      }
      flags.add(argument);
    }
    return flags;
  }

  private List<String> many() {
    return List.of(
        "--enable-native-access=ALL-UNNAMED",
        "--sun-misc-unsafe-memory-access=allow",
        "-XX:+UseParallelGC",
        "-Xss512k",
        "-Xmx" + heap,
        "-XX:+ExitOnOutOfMemoryError");
  }
}
