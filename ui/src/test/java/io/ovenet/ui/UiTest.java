package io.ovenet.ui;

import static io.ovenet.ui.PageClient.holds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ovenet.api.flow.Endpoint;
import io.ovenet.kubernetes.Json;
import io.ovenet.kubernetes.JsonObject;
import io.ovenet.kubernetes.KubernetesApi;
import io.ovenet.lab.api.ApiServer;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The page's server over HTTP, with an API server of its own and flows that the test makes. */
class UiTest {
  private static final Endpoint WEB = FakeHubble.pod("shop", "web", "web");
  private static final Endpoint DB = FakeHubble.pod("shop", "db", "db");

  @TempDir private Path directory;
  private FakeHubble hubble;
  private ApiServer api;
  private Ui ui;

  @BeforeEach
  void start() throws Exception {
    hubble = new FakeHubble(0);
    api = ApiServer.start(directory.resolve("api"), ApiServer.Options.DEFAULT);
    Path kubeconfig = Files.writeString(directory.resolve("kubeconfig"), api.kubeconfig());
    try (KubernetesApi client = KubernetesApi.open(kubeconfig)) {
      client.create("/api/v1/namespaces", object("Namespace", "", "shop", Map.of()));
      for (String name : List.of("web", "db")) {
        client.create(
            "/api/v1/namespaces/shop/pods",
            Map.of(
                "apiVersion",
                "v1",
                "kind",
                "Pod",
                "metadata",
                Map.of("name", name, "namespace", "shop", "labels", Map.of("app", name)),
                "spec",
                Map.of("containers", List.of(Map.of("name", "c", "image", "busybox")))));
      }
      client.create(
          "/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies",
          Map.of(
              "apiVersion",
              "networking.k8s.io/v1",
              "kind",
              "NetworkPolicy",
              "metadata",
              Map.of("name", "db", "namespace", "shop"),
              "spec",
              Map.of(
                  "podSelector", Map.of("matchLabels", Map.of("app", "db")),
                  "policyTypes", List.of("Ingress"),
                  "ingress",
                      List.of(
                          Map.of(
                              "from",
                              List.of(
                                  Map.of(
                                      "podSelector", Map.of("matchLabels", Map.of("app", "web")))),
                              "ports",
                              List.of(Map.of("protocol", "TCP", "port", 5432)))))));
    }
    ui =
        new Ui(
            UiOptions.parse(
                Map.of(),
                "--listen=127.0.0.1:0",
                "--server=" + hubble.address(),
                "--kubeconfig=" + kubeconfig));
    holds(() -> get("state").object("cluster").bool("known"));
  }

  private static Map<String, Object> object(
      String kind, String namespace, String name, Map<String, String> labels) {
    return Map.of(
        "apiVersion",
        "v1",
        "kind",
        kind,
        "metadata",
        Map.of("name", name, "namespace", namespace, "labels", labels));
  }

  @AfterEach
  void stop() throws Exception {
    ui.close();
    hubble.close();
    api.close();
  }

  private PageClient.Answer ask(String method, String path, String body, String... headers)
      throws Exception {
    return new PageClient(ui.url(), List.of()).ask(method, path, body, headers);
  }

  private JsonObject get(String path) throws Exception {
    return new PageClient(ui.url(), List.of()).get(path);
  }

  private List<JsonObject> flows(String query, int wanted) throws Exception {
    holds(() -> get("flows" + query).objects("flows").size() >= wanted);
    return get("flows" + query).objects("flows");
  }

  @Test
  void thePageItselfMayLoadNothingFromElsewhere() throws Exception {
    for (String path : List.of("/", "/map", "/flow/some-id")) {
      PageClient.Answer page = ask("GET", path, "");
      assertThat(page.code()).isEqualTo(200);
      assertThat(page.body()).contains("<div id=\"page\">").doesNotContain("<style", "http://");
      assertThat(page.header("Content-Security-Policy"))
          .contains("default-src 'none'")
          .doesNotContain("unsafe");
    }
    assertThat(ask("GET", "/assets/nothing.js", "").code()).isEqualTo(404);
  }

  @Test
  void otherNamesAndOtherSitesAreRefused() throws Exception {
    assertThat(ask("GET", "/api/state", "", "Host: evil.example").code()).isEqualTo(421);
    assertThat(ask("GET", "/", "", "Host: evil.example:12000").code()).isEqualTo(421);
    assertThat(ask("POST", "/api/what-if", "{}", "Origin: http://evil.example").code())
        .isEqualTo(403);
    assertThat(ask("GET", "/api/live", "", "Sec-Fetch-Site: cross-site").code()).isEqualTo(403);
    assertThat(ask("DELETE", "/api/state", "").code()).isEqualTo(405);
  }

  @Test
  void beyondThisMachineATokenIsNeeded() {
    assertThatThrownBy(() -> UiOptions.parse(Map.of(), "--listen=0.0.0.0:0"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("--token-file");
  }

  @Test
  void withATokenNothingIsToldBeforeItWasShown() throws Exception {
    Path file = Files.writeString(directory.resolve("token"), "a-secret-of-24-characters\n");
    ui.close();
    ui =
        new Ui(
            UiOptions.parse(
                Map.of(),
                "--listen=127.0.0.1:0",
                "--server=" + hubble.address(),
                "--token-file=" + file));
    assertThat(ask("GET", "/api/state", "").code()).isEqualTo(401);
    assertThat(ask("GET", "/api/live", "").code()).isEqualTo(401);
    assertThat(ask("POST", "/api/session", "{\"token\":\"a guess\"}").code()).isEqualTo(401);
    PageClient.Answer begun =
        ask("POST", "/api/session", "{\"token\":\"a-secret-of-24-characters\"}");
    assertThat(begun.code()).isEqualTo(200);
    String cookie = begun.header("Set-Cookie");
    assertThat(cookie).contains("HttpOnly", "SameSite=Strict");
    assertThat(ask("GET", "/api/state", "", "Cookie: " + cookie.split(";", -1)[0]).code())
        .isEqualTo(200);
    assertThat(ask("GET", "/api/state", "", "Cookie: ovenet-ui=" + "0".repeat(64)).code())
        .isEqualTo(401);
  }

  @Test
  void aTraceTellsEachHop() throws Exception {
    PageClient.Answer traced =
        ask("POST", "/api/trace", "{\"from\":\"shop/web\",\"to\":\"10.0.0.2:5432/TCP\"}");
    assertThat(traced.code()).as(traced.body()).isEqualTo(200);
    assertThat(traced.json().string("outcome")).isEqualTo("stopped");
    assertThat(traced.json().objects("hops"))
        .extracting(hop -> hop.string("where") + ": " + hop.string("what"))
        .containsExactly(
            "node-1: shop/web sends to 10.0.0.2:5432/TCP", "node-1: dropped: policy denied");
    assertThat(traced.json().strings("notes").getFirst()).startsWith("Not seen: what happens");
    for (String wrong :
        List.of(
            "{\"from\":\"10.0.0.1\",\"to\":\"10.0.0.2:80\"}",
            "{\"from\":\"web\",\"to\":\"10.0.0.2:80\"}",
            "{\"from\":\"shop/web\",\"to\":\"shop/db\"}",
            "{\"from\":\"shop/web\",\"to\":\"shop/nobody:80\"}")) {
      PageClient.Answer refused = ask("POST", "/api/trace", wrong);
      assertThat(refused.code()).as(refused.body()).isEqualTo(400);
      assertThat(refused.json().string("error")).isNotEmpty();
    }
    assertThat(ask("POST", "/api/trace", "{}", "Origin: http://evil.example").code())
        .isEqualTo(403);
  }

  @Test
  void hostileNamesComeAsTheyAreAndOnlyAsJson() throws Exception {
    String name = "<img src=x onerror=alert(1)>\u202e\"'&\n";
    hubble.flow(FakeHubble.tcp(FakeHubble.pod("shop", name, name), DB, 80, false).build());
    JsonObject source = flows("", 1).getFirst().object("source");
    assertThat(source.string("pod")).isEqualTo(name);
    PageClient.Answer raw = ask("GET", "/api/flows", "");
    assertThat(raw.header("Content-Type")).isEqualTo("application/json");
    assertThat(raw.header("X-Content-Type-Options")).isEqualTo("nosniff");
  }

  @Test
  void aDroppedFlowIsExplainedWithTheRuleMarkedAndWhatWouldAllowIt() throws Exception {
    hubble.flow(FakeHubble.tcp(WEB, DB, 80, false).build());
    String id = flows("?verdict=DROPPED", 1).getFirst().string("id");
    JsonObject why = get("flow?id=" + id).object("why");
    assertThat(why.bool("allowed")).isFalse();
    JsonObject ingress = why.objects("sides").get(1);
    assertThat(ingress.string("verdict")).contains("denied by default");
    JsonObject text = ingress.objects("texts").getFirst();
    List<String> lines = text.string("yaml").lines().toList();
    assertThat(lines.subList((int) text.integer("first") - 1, (int) text.integer("last")))
        .first()
        .asString()
        .contains("spec:");
    assertThat(text.string("yaml"))
        .contains("kind: NetworkPolicy")
        .doesNotContain("resourceVersion");
    assertThat(ingress.string("proposalYaml"))
        .contains("port: '80'")
        .contains("CiliumNetworkPolicy");
  }

  @Test
  void anAllowedFlowMarksTheRuleThatAllows() throws Exception {
    hubble.flow(FakeHubble.tcp(WEB, DB, 5432, true).build());
    String id = flows("?port=5432", 1).getFirst().string("id");
    JsonObject text =
        get("flow?id=" + id).object("why").objects("sides").get(1).objects("texts").getFirst();
    List<String> lines = text.string("yaml").lines().toList();
    List<String> marked =
        lines.subList((int) text.integer("first") - 1, (int) text.integer("last"));
    assertThat(String.join("\n", marked)).contains("port: 5432").doesNotContain("policyTypes");
  }

  private JsonObject whatIf(String yaml) throws Exception {
    String body =
        new String(Json.write(Map.of("yaml", yaml, "by", "application")), StandardCharsets.UTF_8);
    PageClient.Answer answer = ask("POST", "/api/what-if", body);
    assertThat(answer.code()).as(answer.body()).isEqualTo(200);
    return answer.json();
  }

  @Test
  void whatIfSaysWhatOpensAndClosesAndWhichConnectionsItWouldHaveStopped() throws Exception {
    hubble.flow(FakeHubble.tcp(WEB, DB, 5432, true).build());
    flows("?port=5432", 1);
    String closing =
        """
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: db, namespace: shop}
        spec:
          podSelector: {matchLabels: {app: db}}
          policyTypes: [Ingress]
          ingress:
          - ports: [{protocol: TCP, port: 80}]
        """;
    for (int again = 0; again < 2; again++) {
      JsonObject answer = whatIf(closing);
      assertThat(answer.objects("problems")).isEmpty();
      JsonObject change =
          answer.objects("changes").stream()
              .filter(c -> c.string("from").equals("shop/web") && c.string("to").equals("shop/db"))
              .findFirst()
              .orElseThrow();
      assertThat(change.string("opened")).contains("80/TCP");
      assertThat(change.string("closed")).contains("5432/TCP");
      assertThat(answer.integer("brokenCount")).isEqualTo(1);
      assertThat(answer.integer("seenPassing")).isEqualTo(1);
    }
    assertThat(
            get("flow?id=" + flows("?port=5432", 1).getFirst().string("id"))
                .object("why")
                .bool("allowed"))
        .as("nothing was changed by asking")
        .isTrue();
  }

  @Test
  void whatIfNamesTheLineOfWhatIsNotValid() throws Exception {
    JsonObject broken = whatIf("kind: [\n  x\nfoo: bar");
    assertThat(broken.objects("problems").getFirst().integer("line")).isGreaterThan(1);
    JsonObject invalid =
        whatIf(
            """
            apiVersion: networking.k8s.io/v1
            kind: NetworkPolicy
            metadata: {name: x, namespace: shop}
            spec:
              podSelector: {}
              ingress:
              - from:
                - ipBlock: {cidr: not-an-address}
            """);
    JsonObject problem = invalid.objects("problems").getFirst();
    assertThat(problem.integer("line")).isEqualTo(8);
    assertThat(problem.string("message")).contains("spec.ingress[0].from[0].ipBlock.cidr");
  }

  @Test
  void reachAndPoliciesAnswer() throws Exception {
    assertThat(get("reach?by=application").objects("cells"))
        .anySatisfy(
            cell -> {
              assertThat(cell.string("from")).isEqualTo("shop/web");
              assertThat(cell.string("to")).isEqualTo("shop/db");
              assertThat(cell.string("open")).contains("5432/TCP");
            });
    assertThat(get("policies").objects("policies"))
        .singleElement()
        .satisfies(policy -> assertThat(policy.string("name")).isEqualTo("db"));
    assertThat(get("workloads").objects("workloads")).hasSize(2);
    assertThat(get("services").objects("services")).isNotNull();
    assertThat(ask("GET", "/api/reach?by=nonsense", "").code()).isEqualTo(400);
    assertThat(ask("GET", "/api/why?from=shop/none&to=shop/db:80", "").json().string("error"))
        .contains("no pod is called");
  }

  @Test
  void theServerGoesAwayAndComesBackAndItIsSaid() throws Exception {
    holds(() -> get("state").object("relay").bool("connected"));
    int port = hubble.port();
    hubble.close();
    holds(() -> !get("state").object("relay").bool("connected"));
    assertThat(get("state").object("relay").string("failure")).isNotEmpty();
    hubble = new FakeHubble(port);
    hubble.flow(FakeHubble.tcp(WEB, DB, 5432, true).build());
    holds(() -> get("state").object("relay").bool("connected"));
    flows("", 1);
  }

  @Test
  void theApiServerGoesAwayAndItIsSaidWhatToDo() throws Exception {
    api.close();
    holds(() -> !get("state").object("cluster").string("failure").isEmpty());
    JsonObject cluster = get("state").object("cluster");
    assertThat(cluster.string("remedy")).isNotEmpty();
    assertThat(cluster.bool("known")).as("what was read stands").isTrue();
    api = ApiServer.start(directory.resolve("api2"), ApiServer.Options.DEFAULT);
  }

  @Test
  void anOpenPageIsToldOfStateMapAndFlows() throws Exception {
    var connection =
        (HttpURLConnection)
            URI.create(ui.url() + "api/live?view=map,flows&verdict=DROPPED")
                .toURL()
                .openConnection();
    connection.setReadTimeout(60_000);
    try (var in =
        new BufferedReader(
            new InputStreamReader(connection.getInputStream(), StandardCharsets.UTF_8))) {
      List<String> seen = new ArrayList<>();
      boolean sent = false;
      while (!seen.containsAll(List.of("event: state", "event: map", "event: flows"))) {
        String line = in.readLine();
        assertThat(line).isNotNull();
        if (line.startsWith("event:")) {
          seen.add(line);
        }
        if (seen.contains("event: map") && !sent) {
          sent = true;
          hubble.flow(FakeHubble.tcp(WEB, DB, 443, true).build());
          hubble.flow(FakeHubble.tcp(WEB, DB, 80, false).build());
        }
        if (seen.contains("event: flows") && line.startsWith("data:")) {
          JsonObject flows = Json.parse(line.substring(5).getBytes(StandardCharsets.UTF_8));
          assertThat(flows.objects("flows"))
              .allSatisfy(flow -> assertThat(flow.string("verdict")).isEqualTo("DROPPED"));
        }
      }
    } finally {
      connection.disconnect();
    }
  }
}
