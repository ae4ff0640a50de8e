package io.ovenet.ui;

import static io.ovenet.ui.PageClient.holds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ovenet.kubernetes.JsonObject;
import io.ovenet.kubernetes.KubernetesApi;
import io.ovenet.lab.api.ApiServer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** People with Kubernetes tokens of their own: each sees what his may see. */
class TenantsTest {
  private static final String RBAC = "/apis/rbac.authorization.k8s.io/v1";

  @TempDir private Path directory;
  private FakeHubble hubble;
  private ApiServer api;
  private KubernetesApi admin;
  private Ui ui;
  private String clerk;
  private String auditor;

  @BeforeEach
  void start() throws Exception {
    hubble = new FakeHubble(0);
    api = ApiServer.start(directory.resolve("api"), ApiServer.Options.DEFAULT);
    Path kubeconfig = Files.writeString(directory.resolve("kubeconfig"), api.kubeconfig());
    admin = KubernetesApi.open(kubeconfig);
    create("/api/v1/namespaces", "v1", "Namespace", "a", Map.of());
    clerk = token("clerk");
    auditor = token("auditor");
    create(
        RBAC + "/clusterroles",
        "rbac.authorization.k8s.io/v1",
        "ClusterRole",
        "read",
        Map.of(
            "rules",
            List.of(
                Map.of(
                    "apiGroups", List.of("*"),
                    "resources", List.of("*"),
                    "verbs", List.of("get", "list", "watch")))));
    create(
        RBAC + "/clusterrolebindings",
        "rbac.authorization.k8s.io/v1",
        "ClusterRoleBinding",
        "auditor",
        Map.of(
            "roleRef",
            Map.of("apiGroup", "rbac.authorization.k8s.io", "kind", "ClusterRole", "name", "read"),
            "subjects",
            List.of(Map.of("kind", "ServiceAccount", "namespace", "a", "name", "auditor"))));
    hubble.tenant(clerk, "a");
    hubble.tenant(auditor, "");
    ui =
        new Ui(
            UiOptions.parse(
                Map.of(),
                "--listen=127.0.0.1:0",
                "--server=" + hubble.address(),
                "--kubeconfig=" + kubeconfig,
                "--tenants=true"));
    hubble.flow(flow("a", "b"));
    hubble.flow(flow("b", "c"));
  }

  private static io.ovenet.api.flow.Flow flow(String from, String to) {
    return FakeHubble.tcp(
            FakeHubble.pod(from, "pod-of-" + from, "x"),
            FakeHubble.pod(to, "pod-of-" + to, "y"),
            80,
            true)
        .build();
  }

  private JsonObject create(
      String path, String version, String kind, String name, Map<String, ?> more) throws Exception {
    var object = new java.util.TreeMap<String, Object>(more);
    object.put("apiVersion", version);
    object.put("kind", kind);
    object.put("metadata", Map.of("name", name));
    return admin.create(path, object);
  }

  private String token(String account) throws Exception {
    String accounts = "/api/v1/namespaces/a/serviceaccounts";
    create(accounts, "v1", "ServiceAccount", account, Map.of());
    return create(
            accounts + "/" + account + "/token",
            "authentication.k8s.io/v1",
            "TokenRequest",
            "",
            Map.of("spec", Map.of()))
        .object("status")
        .string("token");
  }

  @AfterEach
  void stop() throws Exception {
    ui.close();
    admin.close();
    api.close();
    hubble.close();
  }

  private PageClient anybody() {
    return new PageClient(ui.url(), List.of());
  }

  private PageClient signedIn(String token) throws Exception {
    PageClient.Answer begun =
        anybody().ask("POST", "/api/session", "{\"token\":\"" + token + "\"}");
    assertThat(begun.code()).as(begun.body()).isEqualTo(200);
    String cookie = begun.header("Set-Cookie");
    assertThat(cookie).contains("HttpOnly", "SameSite=Strict");
    return new PageClient(ui.url(), List.of("Cookie: " + cookie.split(";", -1)[0]));
  }

  private static List<String> sources(PageClient page) throws Exception {
    return page.get("flows").objects("flows").stream()
        .map(flow -> flow.object("source").string("namespace"))
        .sorted()
        .toList();
  }

  @Test
  void eachSeesHisNamespaces() throws Exception {
    PageClient his = signedIn(clerk);
    PageClient all = signedIn(auditor);
    holds(() -> sources(his).equals(List.of("a")));
    holds(() -> sources(all).equals(List.of("a", "b")));
    var bearer = new PageClient(ui.url(), List.of("Authorization: Bearer " + clerk));
    assertThat(sources(bearer)).as("without a cookie").containsExactly("a");
    hubble.flow(flow("b", "a"));
    holds(() -> sources(his).equals(List.of("a", "b")));
    assertThat(his.get("flows").objects("flows"))
        .noneMatch(flow -> flow.toString().contains("pod-of-c"));
    PageClient.Answer nodes = his.ask("GET", "/api/nodes", "");
    assertThat(nodes.code()).isEqualTo(403);
    assertThat(nodes.body()).contains("is forbidden", "give it that right");
  }

  @Test
  void ofTheClusterEachSeesWhatTheApiServerLetsHim() throws Exception {
    PageClient all = signedIn(auditor);
    holds(() -> all.get("state").object("cluster").bool("known"));
    PageClient his = signedIn(clerk);
    holds(() -> his.get("state").object("cluster").string("failure").contains("forbidden"));
    JsonObject cluster = his.get("state").object("cluster");
    assertThat(cluster.string("failure")).contains("system:serviceaccount:a:clerk");
    assertThat(cluster.string("remedy")).contains("list pods and policies of all namespaces");
    assertThat(his.ask("GET", "/api/policies", "").code()).isEqualTo(502);
    assertThat(all.ask("GET", "/api/policies", "").code()).isEqualTo(200);
  }

  @Test
  void whoIsNobodyGetsNothing() throws Exception {
    assertThat(anybody().ask("GET", "/api/state", "").code()).isEqualTo(401);
    assertThat(anybody().ask("GET", "/api/live", "").code()).isEqualTo(401);
    JsonObject told = anybody().get("session");
    assertThat(told.bool("needed")).isTrue();
    assertThat(told.bool("tenants")).isTrue();
    assertThat(told.bool("known")).isFalse();
    for (String token : List.of("", "a-guess", "with spaces", "\\n", clerk + "x")) {
      PageClient.Answer refused =
          anybody().ask("POST", "/api/session", "{\"token\":\"" + token + "\"}");
      assertThat(refused.code()).as(refused.body()).isEqualTo(401);
    }
    hubble.tenant("of-nothing", "-");
    PageClient.Answer nothing = anybody().ask("POST", "/api/session", "{\"token\":\"of-nothing\"}");
    assertThat(nothing.code()).isEqualTo(403);
    assertThat(nothing.body()).contains("he may see nothing");
  }

  @Test
  void aSessionEndsWithItsTokenOrWhenItsOwnerSaysSo() throws Exception {
    PageClient his = signedIn(clerk);
    PageClient all = signedIn(auditor);
    holds(() -> sources(his).equals(List.of("a")));
    hubble.revoke(clerk);
    holds(() -> his.ask("GET", "/api/flows", "").code() == 401);
    assertThat(his.get("session").bool("known")).isFalse();
    holds(() -> sources(all).size() == 2);
    assertThat(all.ask("POST", "/api/session", "{\"end\":true}").header("Set-Cookie"))
        .contains("Max-Age=0");
    assertThat(all.ask("GET", "/api/flows", "").code()).isEqualTo(401);
    PageClient again = signedIn(auditor);
    holds(() -> sources(again).size() == 2);
  }

  @Test
  void aSessionEndsWhenRightsChange() throws Exception {
    PageClient his = signedIn(clerk);
    holds(() -> sources(his).equals(List.of("a")));
    hubble.takeRights(clerk);
    holds(() -> his.ask("GET", "/api/flows", "").code() == 401);
    assertThat(his.get("session").bool("known")).isFalse();
  }

  @Test
  void whereTokensWouldBeReadOrAreNotAskedForItDoesNotStart() {
    for (String server : List.of("relay.example:80", "unix:///run/relay.sock")) {
      assertThatThrownBy(() -> UiOptions.parse(Map.of(), "--tenants=true", "--server=" + server))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("--server=" + server);
    }
    assertThatThrownBy(() -> UiOptions.parse(Map.of(), "--tenants=perhaps"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("true or false");
  }
}
