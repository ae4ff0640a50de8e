package io.ovenet.lab;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class InformersTest {
  private static final ResourceEventHandler<Pod> IDLE =
      new ResourceEventHandler<>() {
        @Override
        public void onAdd(Pod pod) {}

        @Override
        public void onUpdate(Pod before, Pod now) {}

        @Override
        public void onDelete(Pod pod, boolean finalStateUnknown) {}
      };

  private static KubernetesClient client(int port) {
    Config config = Config.empty();
    config.setMasterUrl("http://127.0.0.1:" + port);
    config.setRequestTimeout(600_000);
    config.setRequestRetryBackoffLimit(0);
    return new KubernetesClientBuilder().withConfig(config).build();
  }

  @Test
  void aServerThatNeverAnswersIsAnError() throws Exception {
    // Connections are taken by the kernel and never answered.
    try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        KubernetesClient client = client(silent.getLocalPort())) {
      assertThatThrownBy(
              () ->
                  Informers.start(
                      "pods", client.pods().inAnyNamespace(), IDLE, 0, Duration.ofMillis(300)))
          .isInstanceOf(LabException.class)
          .hasMessageContaining("has not listed pods within")
          .hasMessageContaining("ovenet lab down");
    }
  }

  @Test
  void aServerThatRefusesIsAnError() throws Exception {
    int port;
    try (ServerSocket closed = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = closed.getLocalPort();
    }
    try (KubernetesClient client = client(port)) {
      assertThatThrownBy(
              () ->
                  Informers.start(
                      "pods", client.pods().inAnyNamespace(), IDLE, 0, Duration.ofSeconds(60)))
          .isInstanceOf(LabException.class)
          .hasMessageContaining("cannot follow pods");
    }
  }
}
