package io.ovenet.operator;

import static org.assertj.core.api.Assertions.assertThat;

import io.ovenet.kubernetes.ApiException;
import io.ovenet.kubernetes.CiliumNodes;
import io.ovenet.kubernetes.KubernetesApi;
import io.ovenet.kubernetes.RecordKind;
import io.ovenet.lab.api.ApiServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The operator as a process of its own. */
class MainIT {
  private static final String LEASE =
      "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/ovenet-operator";

  @TempDir private Path directory;

  private Process operator(String... args) throws IOException {
    var command = new ArrayList<String>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx96m", "-cp"));
    command.add(System.getProperty("java.class.path"));
    command.add(Main.class.getName());
    command.addAll(List.of(args));
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(log().toFile())
        .start();
  }

  private Path log() {
    return directory.resolve("operator.log");
  }

  @Test
  void servesUntilItIsTerminatedAndGivesTheLeadUp() throws Exception {
    try (var server = ApiServer.start(directory.resolve("api"), ApiServer.Options.DEFAULT)) {
      var kubeconfig = directory.resolve("kubeconfig");
      Files.writeString(kubeconfig, server.kubeconfig());
      var process = operator("--kubeconfig", kubeconfig.toString());
      try (var api = KubernetesApi.open(kubeconfig)) {
        var deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        while (!served(api)) {
          assertThat(System.nanoTime()).as(Files.readString(log())).isLessThan(deadline);
          Thread.sleep(10);
        }
        assertThat(api.get(LEASE).object("spec").string("holderIdentity")).isNotEmpty();
        process.destroy();
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).as(Files.readString(log())).isTrue();
        assertThat(process.exitValue()).isEqualTo(143);
        assertThat(api.get(LEASE).object("spec").string("holderIdentity")).isEmpty();
        assertThat(Files.readString(log()))
            .contains("msg=\"serving\"")
            .doesNotContain("level=error");
      } finally {
        process.destroyForcibly();
      }
    }
  }

  private static boolean served(KubernetesApi api) throws IOException {
    try {
      new CiliumNodes(api).ensure("n1", "", Map.of(), List.of(), List.of());
      var node =
          RecordKind.CILIUM_NODES.reader().apply(api.get("/apis/cilium.io/v2/ciliumnodes/n1"));
      return !node.podCidrs().isEmpty();
    } catch (ApiException e) {
      // Nobody has installed the definitions yet.
      if (e.notFound()) {
        return false;
      }
      throw e;
    }
  }

  @Test
  void saysWhatItTakesAndRefusesTheRest() throws Exception {
    var help = operator("--help");
    assertThat(help.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(help.exitValue()).isZero();
    assertThat(Files.readString(log())).contains("--cluster-pool-ipv4-cidr");
    var wrong = operator("--cluster-pool-ipv4-cidr=nonsense");
    assertThat(wrong.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(wrong.exitValue()).isEqualTo(2);
    assertThat(Files.readString(log())).contains("'nonsense'");
    var unreachable = operator("--kubeconfig", directory.resolve("none").toString());
    assertThat(unreachable.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(unreachable.exitValue()).isEqualTo(1);
    assertThat(Files.readString(log())).contains("none");
  }
}
