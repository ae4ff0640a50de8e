package io.ovenet.lab;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import io.fabric8.kubernetes.api.model.ServicePortBuilder;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ServiceEndpointsTest {
  private static Service service() {
    return new ServiceBuilder()
        .withNewMetadata()
        .withNamespace("shop")
        .withName("web")
        .withUid("u")
        .endMetadata()
        .withNewSpec()
        .withSelector(Map.of("app", "web"))
        .withPorts(
            new ServicePortBuilder().withName("http").withPort(80).withNewTargetPort("web").build(),
            new ServicePortBuilder()
                .withName("dns")
                .withProtocol("UDP")
                .withPort(53)
                .withNewTargetPort(5353)
                .build())
        .endSpec()
        .build();
  }

  private static PodBuilder pod(String name, String address, int web, boolean ready) {
    return new PodBuilder()
        .withNewMetadata()
        .withNamespace("shop")
        .withName(name)
        .withUid("uid-" + name)
        .addToLabels("app", "web")
        .addToLabels("tier", "front")
        .endMetadata()
        .withNewSpec()
        .withNodeName("node-1")
        .addNewContainer()
        .withName("c")
        .addNewPort()
        .withName("web")
        .withContainerPort(web)
        .endPort()
        .endContainer()
        .endSpec()
        .withNewStatus()
        .withPhase("Running")
        .withPodIP(address)
        .addNewCondition()
        .withType("Ready")
        .withStatus(ready ? "True" : "False")
        .endCondition()
        .endStatus();
  }

  private static List<String> texts(List<EndpointSlice> slices) {
    List<String> texts = new ArrayList<>();
    for (EndpointSlice slice : slices) {
      slice.getEndpoints().stream()
          .map(
              endpoint ->
                  endpoint.getAddresses().getFirst()
                      + ":"
                      + slice.getPorts().getFirst().getPort()
                      + (endpoint.getConditions().getReady() ? " ready" : "")
                      + (endpoint.getConditions().getServing() ? " serving" : "")
                      + (endpoint.getConditions().getTerminating() ? " terminating" : ""))
          .forEach(texts::add);
    }
    return texts;
  }

  @Test
  void podsAnswerByTheirOwnNumbersAndConditions() {
    Pod ending =
        pod("c", "10.0.0.3", 8080, true)
            .editMetadata()
            .withDeletionTimestamp("2026-01-01T00:00:00Z")
            .endMetadata()
            .build();
    Pod elsewhere =
        pod("d", "10.0.0.4", 8080, true).editMetadata().withNamespace("o").endMetadata().build();
    Pod ended =
        pod("e", "10.0.0.5", 8080, true).editStatus().withPhase("Succeeded").endStatus().build();
    Pod none = pod("f", "", 8080, true).build();
    List<Pod> pods =
        List.of(
            pod("a", "10.0.0.1", 8080, true).build(),
            pod("b", "10.0.0.2", 9090, false).build(),
            ending,
            elsewhere,
            ended,
            none);
    assertThat(texts(ServiceEndpoints.slices(service(), pods)))
        .containsExactly(
            "10.0.0.1:8080 ready serving", "10.0.0.3:8080 serving terminating", "10.0.0.2:9090");
    Service early =
        new ServiceBuilder(service())
            .editSpec()
            .withPublishNotReadyAddresses(true)
            .endSpec()
            .build();
    assertThat(texts(ServiceEndpoints.slices(early, pods)))
        .containsExactly(
            "10.0.0.1:8080 ready serving",
            "10.0.0.3:8080 ready serving terminating",
            "10.0.0.2:9090 ready");
  }

  @Test
  void aSliceHasAtMostAHundredAndNamesItsService() {
    List<Pod> pods = new ArrayList<>();
    for (int i = 0; i < 150; i++) {
      pods.add(pod("p" + i, "10.0.1." + i, 80, true).build());
    }
    List<EndpointSlice> slices = ServiceEndpoints.slices(service(), pods);
    assertThat(slices).extracting(slice -> slice.getEndpoints().size()).containsExactly(100, 50);
    assertThat(slices)
        .extracting(slice -> slice.getMetadata().getName())
        .containsExactly("web-0", "web-1");
    assertThat(slices.getFirst().getMetadata().getLabels())
        .containsEntry("kubernetes.io/service-name", "web");
    Service none =
        new ServiceBuilder(service()).editSpec().withSelector(Map.of()).endSpec().build();
    assertThat(ServiceEndpoints.slices(none, pods)).isEmpty();
  }
}
