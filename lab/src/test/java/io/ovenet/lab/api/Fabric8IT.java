package io.ovenet.lab.api;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PodStatusBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The client that agents and operator use, against a real server. */
final class Fabric8IT {
  @TempDir Path directory;
  private ApiServer api;
  private KubernetesClient client;

  @BeforeEach
  void start() throws Exception {
    api = ApiServer.start(directory, ApiServer.Options.DEFAULT);
    client = client(api);
  }

  static KubernetesClient client(ApiServer api) {
    return new KubernetesClientBuilder()
        .withConfig(Config.fromKubeconfig(api.kubeconfig()))
        .build();
  }

  @AfterEach
  void stop() throws Exception {
    client.close();
    api.close();
  }

  private static Pod pod(String name, String app) {
    return new PodBuilder()
        .withNewMetadata()
        .withName(name)
        .addToLabels("app", app)
        .endMetadata()
        .withNewSpec()
        .addNewContainer()
        .withName("c")
        .withImage("lab")
        .endContainer()
        .endSpec()
        .build();
  }

  @Test
  void createsReadsUpdatesPatchesAndDeletes() {
    Pod made = client.pods().inNamespace("default").resource(pod("a", "web")).create();
    assertThat(made.getMetadata().getUid()).isNotBlank();
    assertThat(made.getStatus().getPhase()).isEqualTo("Pending");
    assertThat(made.getMetadata().getGeneration()).isEqualTo(1);

    Pod running =
        client
            .pods()
            .inNamespace("default")
            .withName("a")
            .editStatus(
                pod ->
                    new PodBuilder(pod)
                        .withStatus(
                            new PodStatusBuilder()
                                .withPhase("Running")
                                .withPodIP("10.0.0.7")
                                .build())
                        .build());
    assertThat(running.getStatus().getPodIP()).isEqualTo("10.0.0.7");
    assertThat(running.getMetadata().getGeneration()).isEqualTo(1);

    Pod labelled =
        client
            .pods()
            .inNamespace("default")
            .withName("a")
            .patch(
                PatchContext.of(PatchType.JSON_MERGE),
                "{\"metadata\":{\"labels\":{\"tier\":\"front\"}}}");
    assertThat(labelled.getMetadata().getLabels()).containsEntry("tier", "front");
    assertThat(labelled.getStatus().getPhase()).isEqualTo("Running");

    Pod stale = new PodBuilder(made).editMetadata().addToLabels("x", "y").endMetadata().build();
    assertThatThrownBy(() -> client.resource(stale).inNamespace("default").update())
        .isInstanceOf(KubernetesClientException.class)
        .extracting(e -> ((KubernetesClientException) e).getCode())
        .isEqualTo(409);

    client.pods().inNamespace("default").withName("a").delete();
    assertThat(client.pods().inNamespace("default").withName("a").get()).isNull();
  }

  @Test
  void informerFollowsAndSelects() throws Exception {
    BlockingQueue<String> seen = new LinkedBlockingQueue<>();
    client.pods().inNamespace("default").resource(pod("before", "web")).create();
    SharedIndexInformer<Pod> informer =
        client
            .pods()
            .inAnyNamespace()
            .withLabel("app", "web")
            .inform(
                new ResourceEventHandler<>() {
                  @Override
                  public void onAdd(Pod pod) {
                    seen.add("+" + pod.getMetadata().getName());
                  }

                  @Override
                  public void onUpdate(Pod before, Pod after) {
                    seen.add("~" + after.getMetadata().getName());
                  }

                  @Override
                  public void onDelete(Pod pod, boolean unknown) {
                    seen.add("-" + pod.getMetadata().getName());
                  }
                });
    try (informer) {
      assertThat(seen.poll(20, SECONDS)).isEqualTo("+before");
      client.pods().inNamespace("default").resource(pod("other", "db")).create();
      client.pods().inNamespace("default").resource(pod("one", "web")).create();
      assertThat(seen.poll(20, SECONDS)).isEqualTo("+one");
      relabel("one", "db");
      assertThat(seen.poll(20, SECONDS)).as("leaves the selection").isEqualTo("-one");
      relabel("other", "web");
      assertThat(seen.poll(20, SECONDS)).as("comes into it").isEqualTo("+other");
      client.pods().inNamespace("default").withName("other").delete();
      assertThat(seen.poll(20, SECONDS)).isEqualTo("-other");
    }
  }

  private void relabel(String name, String app) {
    client
        .pods()
        .inNamespace("default")
        .withName(name)
        .patch(
            PatchContext.of(PatchType.STRATEGIC_MERGE),
            "{\"metadata\":{\"labels\":{\"app\":\"" + app + "\"}}}");
  }

  @Test
  void informerRecoversAfterARestartOfTheServer() throws Exception {
    BlockingQueue<String> seen = new LinkedBlockingQueue<>();
    int port = api.port();
    SharedIndexInformer<ConfigMap> informer =
        client
            .configMaps()
            .inNamespace("default")
            .inform(
                new ResourceEventHandler<>() {
                  @Override
                  public void onAdd(ConfigMap map) {
                    seen.add("+" + map.getMetadata().getName());
                  }

                  @Override
                  public void onUpdate(ConfigMap before, ConfigMap after) {}

                  @Override
                  public void onDelete(ConfigMap map, boolean unknown) {}
                });
    try (informer) {
      client.resource(configMap("one")).create();
      assertThat(seen.poll(20, SECONDS)).isEqualTo("+one");
      api.close();
      api = ApiServer.start(directory, ApiServer.Options.DEFAULT.withPort(port));
      try (KubernetesClient other = client(api)) {
        other.resource(configMap("two")).create();
      }
      assertThat(seen.poll(60, SECONDS)).isEqualTo("+two");
    }
  }

  private static ConfigMap configMap(String name) {
    return new ConfigMapBuilder()
        .withNewMetadata()
        .withName(name)
        .withNamespace("default")
        .endMetadata()
        .withData(Map.of("k", "v"))
        .build();
  }

  @Test
  void servesCustomResourcesAsSoonAsTheirDefinitionIsAnswered() {
    String crd =
        """
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata: {name: widgets.example.com}
        spec:
          group: example.com
          scope: Namespaced
          names: {plural: widgets, kind: Widget}
          versions:
          - name: v1
            served: true
            storage: true
            subresources: {status: {}}
            schema:
              openAPIV3Schema:
                type: object
                properties:
                  spec:
                    type: object
                    required: [size]
                    properties:
                      size: {type: integer, minimum: 1}
                      color: {type: string, default: red}
                  status: {type: object, x-kubernetes-preserve-unknown-fields: true}
        """;
    client
        .load(new ByteArrayInputStream(crd.getBytes(StandardCharsets.UTF_8)))
        .items()
        .forEach(item -> client.resource(item).create());
    ResourceDefinitionContext widgets =
        new ResourceDefinitionContext.Builder()
            .withGroup("example.com")
            .withVersion("v1")
            .withKind("Widget")
            .withPlural("widgets")
            .withNamespaced(true)
            .build();
    GenericKubernetesResource widget = new GenericKubernetesResource();
    widget.setApiVersion("example.com/v1");
    widget.setKind("Widget");
    widget.setMetadata(new io.fabric8.kubernetes.api.model.ObjectMeta());
    widget.getMetadata().setName("w");
    widget.setAdditionalProperty("spec", Map.of("size", 3, "extra", true));
    GenericKubernetesResource made =
        client.genericKubernetesResources(widgets).inNamespace("default").resource(widget).create();
    assertThat(made.<Object>get("spec", "color")).isEqualTo("red");
    assertThat(made.<Object>get("spec", "extra")).as("pruned").isNull();

    widget.setAdditionalProperty("spec", Map.of("size", "big"));
    assertThatThrownBy(
            () ->
                client
                    .genericKubernetesResources(widgets)
                    .inNamespace("default")
                    .resource(widget)
                    .create())
        .isInstanceOfSatisfying(
            KubernetesClientException.class,
            e -> {
              assertThat(e.getCode()).isEqualTo(422);
              assertThat(e.getStatus().getDetails().getCauses().getFirst().getField())
                  .isEqualTo("spec.size");
            });
  }
}
