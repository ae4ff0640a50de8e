package io.ovenet.cli.hubble;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import io.fabric8.kubernetes.api.model.ServicePort;
import io.fabric8.kubernetes.api.model.ServicePortBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.ovenet.lab.api.ApiServer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which port of a pod a service's is, and what is said where there is no way. */
final class PortForwardTest {
  private static final Pod POD =
      new PodBuilder()
          .withNewMetadata()
          .withName("relay-1")
          .endMetadata()
          .withNewSpec()
          .addNewContainer()
          .withName("no-ports")
          .endContainer()
          .addNewContainer()
          .withName("relay")
          .addNewPort()
          .withName("grpc")
          .withContainerPort(4245)
          .endPort()
          .endContainer()
          .endSpec()
          .build();

  @TempDir Path directory = Path.of("");

  private static ServicePort port(@Nullable IntOrString target) {
    return new ServicePortBuilder().withPort(80).withTargetPort(target).build();
  }

  @Test
  void aServicesPortIsItsPods() {
    assertThat(PortForward.targetPort(port(null), POD)).isEqualTo(80);
    assertThat(PortForward.targetPort(port(new IntOrString(4246)), POD)).isEqualTo(4246);
    assertThat(PortForward.targetPort(port(new IntOrString("grpc")), POD)).isEqualTo(4245);
    assertThatThrownBy(() -> PortForward.targetPort(port(new IntOrString("http")), POD))
        .isInstanceOf(HubbleException.class)
        .hasMessageContaining("relay-1 has no port named http");
  }

  @Test
  void whatIsMissingIsSaid() throws Exception {
    var options = new PortForwardOptions();
    assertThat(options.wanted(Map.of("HUBBLE_PORT_FORWARD", "true"))).isTrue();
    assertThat(options.wanted(Map.of())).isFalse();
    Path none = directory.resolve("none");
    assertThatThrownBy(() -> options.open(none, Map.of()))
        .isInstanceOf(HubbleException.class)
        .hasMessageContaining("cannot read the kubeconfig " + none);
    Path closed = directory.resolve("closed");
    Files.writeString(
        closed,
        """
        apiVersion: v1
        kind: Config
        current-context: c
        contexts: [{name: c, context: {cluster: c, user: u}}]
        users: [{name: u, user: {}}]
        clusters: [{name: c, cluster: {server: "http://127.0.0.1:1"}}]
        """);
    assertThatThrownBy(() -> options.open(none, Map.of("HUBBLE_PORT_FORWARD_PORT", "x")))
        .isInstanceOf(HubbleException.class)
        .hasMessageContaining("--port-forward-port x: name a port of 0 to 65535");
    assertThatThrownBy(() -> options.open(closed, Map.of("HUBBLE_PORT_FORWARD_PORT", "0")))
        .isInstanceOf(HubbleException.class)
        .hasMessageContaining("the cluster of " + closed + " does not answer");
  }

  @Test
  void aServiceThatLeadsNowhereIsSaid() throws Exception {
    try (ApiServer api = ApiServer.start(directory.resolve("api"), ApiServer.Options.DEFAULT);
        KubernetesClient client =
            new KubernetesClientBuilder()
                .withConfig(Config.fromKubeconfig(api.kubeconfig()))
                .build()) {
      Path kubeconfig = Files.writeString(directory.resolve("kubeconfig"), api.kubeconfig());
      assertRefused(kubeconfig, "", "has no service kube-system/hubble-relay");
      assertRefused(kubeconfig, "other", kubeconfig + " has no context other; it has ");
      Service relay =
          new ServiceBuilder()
              .withNewMetadata()
              .withName("hubble-relay")
              .withNamespace("kube-system")
              .endMetadata()
              .withNewSpec()
              .addNewPort()
              .withPort(80)
              .endPort()
              .endSpec()
              .build();
      client.resource(relay).create();
      assertRefused(kubeconfig, "", "service kube-system/hubble-relay selects no pods");
      relay.getSpec().setSelector(Map.of("app", "relay"));
      client.resource(relay).update();
      assertRefused(kubeconfig, "", "of the 0 pods of service kube-system/hubble-relay none");
    }
  }

  private static void assertRefused(Path kubeconfig, String context, String why) {
    assertThatThrownBy(
            () ->
                new PortForwardOptions()
                    .open(
                        kubeconfig,
                        Map.of("HUBBLE_PORT_FORWARD_PORT", "0", "HUBBLE_KUBE_CONTEXT", context)))
        .isInstanceOf(HubbleException.class)
        .hasMessageContaining(why);
  }
}
