package io.ovenet.cli.policy;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.cli.policy.PolicyCommandTest.Ran;
import io.ovenet.kubernetes.ApiException;
import io.ovenet.kubernetes.CustomResources;
import io.ovenet.kubernetes.JsonObject;
import io.ovenet.kubernetes.KubernetesApi;
import io.ovenet.kubernetes.world.YamlFiles;
import io.ovenet.lab.api.ApiServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The demo's pods and the mission's vm-web-policy, asked about on an API server and on files. */
class DemoQuestionsIT {
  private static final Path EXAMPLES = Path.of("..", "examples");
  private static final Path POLICY = EXAMPLES.resolve("vm-web-policy.yaml");
  private static final Path WORKLOADS = EXAMPLES.resolve("demo").resolve("workloads.yaml");

  @TempDir private Path directory = Path.of(".");

  @Test
  void onFilesAlone() {
    List<String> files = List.of("-f", POLICY.toString(), "-f", WORKLOADS.toString());
    expectAnswers(files, "vm/app-web-prod/web-vm");
    Ran changes =
        PolicyCommandTest.run("diff", "--base", WORKLOADS.toString(), "-f", POLICY.toString());
    expectDifference(changes);
  }

  @Test
  void onACluster() throws Exception {
    try (ApiServer server = ApiServer.start(directory.resolve("api"), ApiServer.Options.DEFAULT)) {
      Path kubeconfig = directory.resolve("kubeconfig");
      Files.writeString(kubeconfig, server.kubeconfig());
      List<String> cluster = List.of("--kubeconfig", kubeconfig.toString());
      try (KubernetesApi api = KubernetesApi.open(kubeconfig)) {
        define(api);
        apply(api, WORKLOADS);
        Ran changes =
            PolicyCommandTest.run(
                "diff", "--kubeconfig", kubeconfig.toString(), "-f", POLICY.toString());
        expectDifference(changes);
        apply(api, POLICY);
      }
      expectAnswers(cluster, "app-web-prod/web");
      Ran same =
          PolicyCommandTest.run(
              "diff", "--kubeconfig", kubeconfig.toString(), "-f", POLICY.toString());
      assertThat(same.status()).as("%s", same).isZero();
      Ran status =
          PolicyCommandTest.run("status", "vm-web-policy", "--kubeconfig", kubeconfig.toString());
      assertThat(status.status()).as("%s", status).isZero();
      assertThat(status.out()).contains("app-web-prod/vm-web-policy: valid");
      silentNode(kubeconfig);
      for (String command : List.of("show", "selectors", "identities", "reach")) {
        Ran ran = PolicyCommandTest.run(command, "--kubeconfig", kubeconfig.toString());
        assertThat(ran.status()).as("%s %s", command, ran).isZero();
        assertThat(ran.out()).contains("app-web-prod");
      }
      Ran lint = PolicyCommandTest.run("lint", "--kubeconfig", kubeconfig.toString());
      assertThat(lint.out()).contains("no-dns");
    }
  }

  /** A node that nobody answers for is named, and the policy is not in force everywhere. */
  private void silentNode(Path kubeconfig) throws IOException {
    try (KubernetesApi api = KubernetesApi.open(kubeconfig)) {
      api.create(
          "/apis/cilium.io/v2/ciliumnodes",
          Map.of(
              "apiVersion",
              "cilium.io/v2",
              "kind",
              "CiliumNode",
              "metadata",
              Map.of("name", "silent"),
              "spec",
              Map.of()));
    }
    String nobody = "unix://" + directory.resolve("nobody.sock");
    Ran named =
        PolicyCommandTest.run(
            "status", "vm-web-policy", "--kubeconfig", kubeconfig.toString(), "--server", nobody);
    assertThat(named.status()).as("%s", named).isEqualTo(4);
    assertThat(named.out()).containsPattern("silent .*does not answer");
    assertThat(named.err()).contains("no Hubble server answers at " + nobody);
    Ran all =
        PolicyCommandTest.run("status", "--kubeconfig", kubeconfig.toString(), "--server", nobody);
    assertThat(all.status()).isEqualTo(4);
    assertThat(all.out())
        .containsPattern("vm-web-policy +yes +1 +0 of 1 node .*silent does not answer");
  }

  private static void expectAnswers(List<String> about, String web) {
    expect(0, about, "app-web-prod/api-gateway", web + ":80");
    expect(0, about, "app-web-prod/api-gateway", web + ":443/TCP");
    expect(3, about, "app-web-prod/api-gateway", web + ":8080");
    expect(3, about, "app-other-prod/api-gateway", web + ":80");
    expect(0, about, web, "app-web-prod/database:5432");
    expect(3, about, web, "app-web-prod/database:5433");
    Ran stranger = expect(3, about, "app-web-prod/stranger", web + ":80");
    assertThat(stranger.out())
        .contains("vm-web-policy spec.ingress[0]")
        .contains("the label `app` of the source were `api-gateway` (it is `stranger`)");
  }

  private static Ran expect(int status, List<String> about, String from, String to) {
    String[] arguments = new String[3 + about.size()];
    arguments[0] = "why";
    arguments[1] = from;
    arguments[2] = to;
    for (int i = 0; i < about.size(); i++) {
      arguments[3 + i] = about.get(i);
    }
    Ran ran = PolicyCommandTest.run(arguments);
    assertThat(ran.status()).as("%s → %s: %s", from, to, ran).isEqualTo(status);
    return ran;
  }

  private static void expectDifference(Ran ran) {
    assertThat(ran.status()).as("%s", ran).isEqualTo(3);
    String out = ran.out().replaceAll(" +", " ");
    assertThat(out)
        .containsPattern("- app-web-prod/stranger → app-web-prod/web-vm .* closes everything\n")
        .containsPattern(
            "- app-web-prod/api-gateway → app-web-prod/web-vm .* closes everything but 80/TCP,"
                + " 443/TCP\n")
        .containsPattern(
            "- app-web-prod/web-vm → app-web-prod/database-vm .* closes everything but 5432/TCP\n")
        .doesNotContain("+ ");
  }

  private static void define(KubernetesApi api) throws IOException, InterruptedException {
    for (JsonObject definition : CustomResources.all()) {
      api.create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition.fields());
    }
    long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
    while (true) {
      try {
        for (String plural :
            List.of("ciliumnetworkpolicies", "ciliumclusterwidenetworkpolicies", "ciliumnodes")) {
          api.get("/apis/cilium.io/v2/" + plural);
        }
        return;
      } catch (ApiException e) {
        assertThat(System.nanoTime()).as("%s", e).isLessThan(deadline);
        Thread.sleep(10);
      }
    }
  }

  /** Namespaces, pods and policies of a file; of a virtual machine nobody makes a pod here. */
  private static void apply(KubernetesApi api, Path file) throws IOException {
    YamlFiles.read(
        file,
        (object, source) -> {
          String namespace = object.object("metadata").string("namespace");
          Map<String, String> collections =
              Map.of(
                  "Namespace",
                  "/api/v1/namespaces",
                  "Pod",
                  "/api/v1/namespaces/" + namespace + "/pods",
                  "CiliumNetworkPolicy",
                  "/apis/cilium.io/v2/namespaces/" + namespace + "/ciliumnetworkpolicies");
          String collection = collections.get(object.string("kind"));
          if (collection != null) {
            try {
              api.create(collection, object.fields());
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          }
        });
  }
}
