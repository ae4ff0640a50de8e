package io.ovenet.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.ovenet.kubernetes.KubernetesApi;
import io.ovenet.lab.api.ApiServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code ovenet bench page}: what the page costs who looks at it. */
@Command(
    name = "page",
    description = {
      "The shipped page's server over simulated flows and an API server with policies, in headless",
      "Chromium: its weight, the first picture with nothing cached, a keystroke in what-if until",
      "its effect is listed, and frames, processor time and memory of the map and of the flow table",
      "while flows come. The limits are a picture alone by the same server, and an idle page."
    },
    mixinStandardHelpOptions = true)
final class PageCommand implements Callable<Integer> {
  private static final Duration CEILING = Duration.ofMinutes(2);

  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private Output output = new Output();

  @Option(names = "--workloads", description = "In namespaces of 20 (default: ${DEFAULT-VALUE}).")
  private int workloads = 500;

  @Option(names = "--policies", description = "(default: ${DEFAULT-VALUE})")
  private int policies = 1000;

  @Option(names = "--flows", description = "A second (default: ${DEFAULT-VALUE}).")
  private int perSecond = 1000;

  @Option(names = "--rounds", description = "(default: ${DEFAULT-VALUE})")
  private int rounds = 10;

  @Option(names = "--seconds", description = "Of each live view (default: ${DEFAULT-VALUE}).")
  private int seconds = 60;

  private final Path home = Path.of(System.getenv().getOrDefault("OVENET_HOME", "."));

  @Override
  public Integer call() throws Exception {
    if (workloads < SimulatedShop.APPLICATIONS || perSecond < 1 || rounds < 1 || seconds < 1) {
      throw new ParameterException(
          spec.commandLine(), "--workloads from 20; --flows, --rounds and --seconds from 1");
    }
    Path chromium = Path.of(System.getenv().getOrDefault("OVENET_CHROMIUM", "/usr/bin/chromium"));
    if (!Files.isExecutable(chromium)) {
      throw new IOException(
          "no browser at " + chromium + ": install Debian's chromium, or set OVENET_CHROMIUM");
    }
    try (Undo undo = new Undo("the benchmark")) {
      Path directory = undo.make(() -> Files.createTempDirectory("ovt-page"), BenchNode::deleteAll);
      ApiServer api =
          undo.keep(() -> ApiServer.start(directory.resolve("api"), ApiServer.Options.DEFAULT));
      SimulatedShop shop = undo.keep(() -> new SimulatedShop(workloads, perSecond));
      Path kubeconfig = Files.writeString(directory.resolve("kubeconfig"), api.kubeconfig());
      Output.note("making " + workloads + " pods and " + policies + " policies");
      try (KubernetesApi client = KubernetesApi.open(kubeconfig)) {
        shop.populate(client, policies);
      }
      String url = serve(undo, shop, kubeconfig, directory.resolve("log"));
      JsonNode found = browse(undo, url, chromium);
      output.print(
          spec,
          report(found),
          "Aims: 500 KB, 2 s, 1 s; 30 frames, 1 core, the same memory after 10 minutes.");
    }
    return 0;
  }

  private String serve(Undo undo, SimulatedShop shop, Path kubeconfig, Path log)
      throws IOException, InterruptedException {
    int port;
    try (var free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    Process server =
        undo.make(
            () ->
                new ProcessBuilder(
                        home.resolve("ovenet").toString(),
                        "ui",
                        "--listen=127.0.0.1:" + port,
                        "--server=" + shop.address(),
                        "--kubeconfig=" + kubeconfig)
                    .redirectErrorStream(true)
                    .redirectOutput(log.toFile())
                    .start(),
            process -> {
              process.destroy();
              process.waitFor();
            });
    String url = "http://127.0.0.1:" + port;
    Instant deadline = Instant.now().plus(CEILING);
    while (!isReady(url)) {
      if (!server.isAlive() || Instant.now().isAfter(deadline)) {
        throw new IOException("the page's server does not come up: " + Files.readString(log));
      }
      TimeUnit.MILLISECONDS.sleep(100);
    }
    return url;
  }

  /** Whether it has flows and knows the cluster. */
  private static boolean isReady(String url) {
    try (var in = URI.create(url + "/api/state").toURL().openStream()) {
      JsonNode state = new ObjectMapper().readTree(in);
      return state.at("/relay/flows").asLong() > 9_000 && state.at("/cluster/known").asBoolean();
    } catch (IOException e) {
      return false; // not yet
    }
  }

  private JsonNode browse(Undo undo, String url, Path chromium)
      throws IOException, InterruptedException {
    Path module = home.resolve("ui");
    Process browser =
        undo.make(
            () -> {
              var builder =
                  new ProcessBuilder("node", "src/bench/page.mjs")
                      .directory(module.toFile())
                      .redirectError(ProcessBuilder.Redirect.INHERIT);
              builder.environment().put("OVENET_PAGE", url);
              builder.environment().put("OVENET_CHROMIUM", chromium.toString());
              builder.environment().put("OVENET_ROUNDS", Integer.toString(rounds));
              builder.environment().put("OVENET_SECONDS", Integer.toString(seconds));
              return builder.start();
            },
            process -> {
              process.descendants().forEach(ProcessHandle::destroy);
              process.destroy();
              process.waitFor();
            });
    String said = new String(browser.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (browser.waitFor() != 0) {
      throw new IOException("the browser's part failed: " + said);
    }
    return new ObjectMapper().readTree(said);
  }

  private Map<String, Object> report(JsonNode found) {
    Map<String, Object> report = new LinkedHashMap<>();
    report.put("workloads, policies", workloads + ", " + policies);
    report.put("flows a second", perSecond);
    report.put("weight, compressed, KB", found.at("/weight/bytes").asLong() / 1000);
    report.put("limit: a picture alone, ms", millis(found.at("/first/limit")));
    report.put("first picture, ms", millis(found.at("/first/page")));
    report.put(
        "what-if, keystroke to effect, ms",
        millis(found.at("/whatIf"))
            + ", up to "
            + found.at("/whatIf/rows").asInt()
            + " rows of changes");
    for (String view : new String[] {"map", "flows"}) {
      JsonNode live = found.path(view);
      report.put(
          view + " live",
          "%d frames/s (fewest %d; idle page %d), %.2f cores, heap %d to %d MiB, browser %d to %d MiB"
              .formatted(
                  live.path("frames").asInt(),
                  live.path("fewestFrames").asInt(),
                  live.path("limitFrames").asInt(),
                  live.path("cores").asDouble(),
                  live.at("/heapMib/0").asInt(),
                  live.at("/heapMib/1").asInt(),
                  live.at("/browserMib/0").asInt(),
                  live.at("/browserMib/1").asInt()));
    }
    return report;
  }

  private static String millis(JsonNode summary) {
    return "median %d, most %d (%d)"
        .formatted(
            summary.path("median").asInt(),
            summary.path("most").asInt(),
            summary.path("rounds").asInt());
  }
}
