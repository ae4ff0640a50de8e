package io.ovenet.ui;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.ovenet.api.flow.Endpoint;
import io.ovenet.lab.api.ApiServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a page shows where something is wrong, or far too much, in a real browser: {@code
 * ui/src/test/web/journeys/states.test.ts} says to this test over HTTP what is to happen next.
 */
class StatesIT {
  private static final Duration AHEAD = Duration.ofMinutes(10);
  private static final int NAMESPACES = 50;

  @TempDir private Path directory;
  private FakeHubble hubble;
  private int port;

  @BeforeEach
  void serve() throws IOException {
    hubble = new FakeHubble(0);
    port = hubble.port();
  }

  @Test
  void eachStateSaysWhatToDo() throws Exception {
    HttpServer control =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    control.createContext("/", this::happen);
    control.start();
    try (ApiServer api = ApiServer.start(directory.resolve("api"), ApiServer.Options.DEFAULT);
        Ui ui =
            new Ui(
                UiOptions.parse(
                    Map.of(),
                    "--listen=127.0.0.1:0",
                    "--server=" + hubble.address(),
                    "--kubeconfig="
                        + Files.writeString(directory.resolve("kubeconfig"), api.kubeconfig())));
        Ui ofTenants =
            new Ui(
                UiOptions.parse(
                    Map.of(),
                    "--listen=127.0.0.1:0",
                    "--server=" + hubble.address(),
                    "--tenants=true"))) {
      Path module = Path.of("").toAbsolutePath();
      Process browsed =
          browse(
              module,
              Map.of(
                  "OVENET_PAGE",
                  ui.url(),
                  "OVENET_TENANTS_PAGE",
                  ofTenants.url(),
                  "OVENET_CONTROL",
                  "http://127.0.0.1:" + control.getAddress().getPort()));
      String said = new String(browsed.getInputStream().readAllBytes(), UTF_8);
      assertThat(browsed.waitFor()).as(said).isZero();
    } finally {
      control.stop(0);
      hubble.close();
    }
  }

  private static Process browse(Path module, Map<String, String> environment) throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(
                "node", module.resolve("build.mjs").toString(), "journeys", "states.test.ts")
            .redirectErrorStream(true);
    builder.environment().putAll(environment);
    return builder.start();
  }

  /** By the path of what it is. */
  private void happen(HttpExchange exchange) throws IOException {
    try (exchange) {
      String what = exchange.getRequestURI().getPath().substring(1);
      switch (what) {
        case "hostile" ->
            hubble.flow(
                FakeHubble.tcp(
                        named("shop", "<img src=x onerror=alert(1)>"),
                        named("shop", "\u202e\u001b[31mreversed\u0007"),
                        80,
                        true)
                    .build());
        case "ahead" ->
            hubble.flow(
                FakeHubble.tcp(
                        named("shop", "early"),
                        named("shop", "late"),
                        80,
                        true,
                        System.currentTimeMillis() + AHEAD.toMillis())
                    .build());
        case "crowd" -> {
          for (int i = 0; i < 5_000; i++) {
            hubble.flow(
                FakeHubble.tcp(
                        named("team-" + i % NAMESPACES, "app-" + i),
                        named("team-" + (i + 1) % NAMESPACES, "app-" + (i + 1)),
                        80,
                        i % 100 != 0)
                    .build());
          }
        }
        case "away" -> hubble.close();
        case "back" -> hubble = new FakeHubble(port);
        case "tenant" -> hubble.tenant("a-token", "shop");
        case "expired" -> hubble.revoke("a-token");
        default -> throw new IOException("nothing is called " + what);
      }
      exchange.sendResponseHeaders(204, -1);
    }
  }

  private static Endpoint named(String namespace, String name) {
    return FakeHubble.pod(namespace, name, name);
  }
}
