package io.ovenet.lab;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/**
 * The relay as the API shows it: a static pod of its node, which no kubelet starts since the lab
 * looks after the process, and the service by which `hubble -P` finds it.
 */
final class RelayPod {
  /** What Kubernetes' kubelets mark the objects of static pods with. */
  private static final String MIRROR = "kubernetes.io/config.mirror";

  private static final String NAMESPACE = "kube-system";
  private static final String NAME = "hubble-relay";
  private static final Map<String, String> LABELS = Map.of("k8s-app", NAME);
  private static final int PORT = 4245;

  private RelayPod() {}

  /** Whether it is one. */
  static boolean is(Pod pod) {
    Map<String, String> annotations = pod.getMetadata().getAnnotations();
    return annotations != null && annotations.containsKey(MIRROR);
  }

  static void makeService(KubernetesClient client) {
    client
        .services()
        .inNamespace(NAMESPACE)
        .resource(
            new ServiceBuilder()
                .withNewMetadata()
                .withName(NAME)
                .withLabels(LABELS)
                .endMetadata()
                .withNewSpec()
                .withSelector(LABELS)
                .addNewPort()
                .withProtocol("TCP")
                .withPort(80)
                .withNewTargetPort("grpc")
                .endPort()
                .endSpec()
                .build())
        .create();
  }

  /** Makes the object of the relay on a node, as of one that runs. */
  static void make(KubernetesClient client, VirtualNode node) {
    String image = "ovenet/" + NAME;
    Pod pod =
        client
            .pods()
            .inNamespace(NAMESPACE)
            .resource(
                new PodBuilder()
                    .withNewMetadata()
                    .withName(NAME + "-" + node.name())
                    .withLabels(LABELS)
                    .addToAnnotations(MIRROR, node.name())
                    .endMetadata()
                    .withNewSpec()
                    .withNodeName(node.name())
                    .withHostNetwork(true)
                    .addNewContainer()
                    .withName(NAME)
                    .withImage(image)
                    .withCommand("ovenet", "relay")
                    .addNewPort()
                    .withName("grpc")
                    .withContainerPort(PORT)
                    .endPort()
                    .endContainer()
                    .endSpec()
                    .build())
            .create();
    Instant now = Instant.now();
    String status =
        new PodStatusDocument(
                "Running",
                List.of(node.address()),
                node.address(),
                now,
                null,
                List.of(
                    new PodStatusDocument.Container(NAME, image, now, null, 0, true, true, true)))
            .patch(now.toString());
    client.resource(pod).subresource("status").patch(PatchContext.of(PatchType.JSON_MERGE), status);
  }
}
