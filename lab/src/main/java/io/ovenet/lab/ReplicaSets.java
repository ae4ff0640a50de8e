package io.ovenet.lab;

import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.apps.ReplicaSet;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;

/** Keeps as many pods of each ReplicaSet as it wants. Used by one thread. */
final class ReplicaSets {
  private final KubernetesClient client;

  ReplicaSets(KubernetesClient client) {
    this.client = client;
  }

  static int wanted(ReplicaSet set) {
    return Objects.requireNonNullElse(set.getSpec().getReplicas(), 1);
  }

  static boolean isReady(Pod pod) {
    return pod.getStatus() != null
        && pod.getStatus().getConditions().stream()
            .anyMatch(c -> c.getType().equals("Ready") && c.getStatus().equals("True"));
  }

  /** The pods of a set that live, the first to be deleted first. */
  static List<Pod> living(ReplicaSet set, List<Pod> pods) {
    List<Pod> mine = new ArrayList<>();
    for (Pod pod : pods) {
      boolean owned =
          pod.getMetadata().getOwnerReferences().stream()
              .anyMatch(owner -> owner.getUid().equals(set.getMetadata().getUid()));
      String phase = pod.getStatus() == null ? "" : String.valueOf(pod.getStatus().getPhase());
      if (owned
          && pod.getMetadata().getDeletionTimestamp() == null
          && !phase.equals("Succeeded")
          && !phase.equals("Failed")) {
        mine.add(pod);
      }
    }
    mine.sort(
        Comparator.comparing(ReplicaSets::isReady)
            .thenComparing(
                pod -> pod.getMetadata().getCreationTimestamp(), Comparator.reverseOrder()));
    return mine;
  }

  /**
   * Makes or deletes pods, and tells the status.
   *
   * @param pods of the set's namespace, read after all that this thread wrote
   */
  void keep(ReplicaSet set, List<Pod> pods) {
    List<Pod> mine = living(set, pods);
    int surplus = mine.size() - wanted(set);
    for (int i = 0; i < surplus; i++) {
      client.resource(mine.get(i)).delete();
    }
    for (int i = surplus; i < 0; i++) {
      client.resource(pod(set)).create();
    }
    long ready = mine.stream().filter(ReplicaSets::isReady).count();
    String status =
        "{\"status\":{\"replicas\":%d,\"fullyLabeledReplicas\":%d,\"readyReplicas\":%d,\"availableReplicas\":%d,\"observedGeneration\":%d}}"
            .formatted(mine.size(), mine.size(), ready, ready, set.getMetadata().getGeneration());
    client
        .apps()
        .replicaSets()
        .inNamespace(set.getMetadata().getNamespace())
        .withName(set.getMetadata().getName())
        .subresource("status")
        .patch(PatchContext.of(PatchType.JSON_MERGE), status);
  }

  private static Pod pod(ReplicaSet set) {
    var template = set.getSpec().getTemplate();
    return new PodBuilder()
        .withNewMetadataLike(template.getMetadata())
        .withName(null)
        .withGenerateName(set.getMetadata().getName() + "-")
        .withNamespace(set.getMetadata().getNamespace())
        .withOwnerReferences(
            new OwnerReferenceBuilder()
                .withApiVersion("apps/v1")
                .withKind("ReplicaSet")
                .withName(set.getMetadata().getName())
                .withUid(set.getMetadata().getUid())
                .withController(true)
                .withBlockOwnerDeletion(true)
                .build())
        .endMetadata()
        .withSpec(template.getSpec())
        .build();
  }
}
