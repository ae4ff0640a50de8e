package io.ovenet.lab;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodTemplateSpecBuilder;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.ReplicaSet;
import io.fabric8.kubernetes.api.model.apps.ReplicaSetBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.zip.CRC32C;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Rolls out Deployments by ReplicaSets and keeps these, as kube-controller-manager does; ready pods
 * count as available at once. Any change asks for one round over all, in one thread, which reads
 * what there is from the API itself.
 */
final class Deployments implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Deployments.class);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final long RESYNC_SECONDS = 5;
  private static final String HASH = "pod-template-hash";
  private static final String REVISION = "deployment.kubernetes.io/revision";

  private final KubernetesClient client;
  private final ReplicaSets sets;
  private final AtomicBoolean due = new AtomicBoolean();
  private final ScheduledExecutorService thread =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("deployments").factory());
  private final List<SharedIndexInformer<?>> watching = new ArrayList<>();

  Deployments(KubernetesClient client) {
    this.client = client;
    this.sets = new ReplicaSets(client);
  }

  void start() throws LabException, InterruptedException {
    var all = client.apps().deployments().inAnyNamespace();
    watching.add(Informers.start("deployments", all, trigger(), 0));
    watching.add(
        Informers.start(
            "replica sets", client.apps().replicaSets().inAnyNamespace(), trigger(), 0));
    watching.add(
        Informers.start(
            "pods of replica sets", client.pods().inAnyNamespace().withLabel(HASH), trigger(), 0));
    // What failed is tried again even if nothing changes.
    var _ =
        thread.scheduleWithFixedDelay(
            this::round, RESYNC_SECONDS, RESYNC_SECONDS, TimeUnit.SECONDS);
  }

  private <T> ResourceEventHandler<T> trigger() {
    return new ResourceEventHandler<>() {
      @Override
      public void onAdd(T added) {
        ask();
      }

      @Override
      public void onUpdate(T before, T now) {
        ask();
      }

      @Override
      public void onDelete(T deleted, boolean finalStateUnknown) {
        ask();
      }
    };
  }

  private void ask() {
    if (!thread.isShutdown() && due.compareAndSet(false, true)) {
      thread.execute(this::round);
    }
  }

  private void round() {
    due.set(false);
    try {
      List<Deployment> deployments = client.apps().deployments().inAnyNamespace().list().getItems();
      for (Deployment deployment : deployments) {
        if (deployment.getMetadata().getDeletionTimestamp() == null) {
          attempt("the deployment " + deployment.getMetadata().getName(), () -> roll(deployment));
        }
      }
      List<ReplicaSet> all = client.apps().replicaSets().inAnyNamespace().list().getItems();
      if (all.isEmpty()) {
        return;
      }
      List<Pod> pods = client.pods().inAnyNamespace().list().getItems();
      for (ReplicaSet set : all) {
        if (set.getMetadata().getDeletionTimestamp() == null) {
          attempt("the replica set " + set.getMetadata().getName(), () -> sets.keep(set, pods));
        }
      }
    } catch (KubernetesClientException e) {
      LOG.info("cannot look after deployments, trying again: {}", e.getMessage());
    }
  }

  private static void attempt(String what, Runnable write) {
    try {
      write.run();
    } catch (KubernetesClientException e) {
      // Conflicts are answered by the next round, which the watch asks for; others within seconds.
      LOG.info("cannot keep {}, trying again: {}", what, e.getMessage());
    }
  }

  private void roll(Deployment deployment) {
    String namespace = deployment.getMetadata().getNamespace();
    String uid = deployment.getMetadata().getUid();
    List<ReplicaSet> mine = new ArrayList<>();
    for (ReplicaSet set : client.apps().replicaSets().inNamespace(namespace).list().getItems()) {
      if (set.getMetadata().getOwnerReferences().stream().anyMatch(o -> o.getUid().equals(uid))) {
        mine.add(set);
      }
    }
    String hash = hash(deployment);
    ReplicaSet current = null;
    List<ReplicaSet> old = new ArrayList<>();
    for (ReplicaSet set : mine) {
      if (hash.equals(set.getMetadata().getLabels().get(HASH))) {
        current = set;
      } else {
        old.add(set);
      }
    }
    old.sort(Comparator.comparingLong(Deployments::revision));
    long newest = old.isEmpty() ? 0 : revision(old.getLast());
    if (current == null) {
      current = client.resource(set(deployment, hash, newest + 1)).create();
    } else if (revision(current) <= newest) {
      // An older template again, as by `kubectl rollout undo`.
      patch(
          current,
          "{\"metadata\":{\"annotations\":{\"%s\":\"%d\"}}}".formatted(REVISION, newest + 1));
    }
    if (!Boolean.TRUE.equals(deployment.getSpec().getPaused())) {
      Rollout.Step step =
          Rollout.next(deployment, pods(current), old.stream().map(Deployments::pods).toList());
      scale(current, step.current());
      for (int i = 0; i < old.size(); i++) {
        scale(old.get(i), step.old().get(i));
      }
    }
    forget(deployment, old);
    tell(deployment, current, old, Math.max(newest + 1, revision(current)));
  }

  private static Rollout.Pods pods(ReplicaSet set) {
    var status = set.getStatus();
    Integer available = status == null ? null : status.getAvailableReplicas();
    return new Rollout.Pods(ReplicaSets.wanted(set), Objects.requireNonNullElse(available, 0));
  }

  private static long revision(ReplicaSet set) {
    Map<String, String> annotations = set.getMetadata().getAnnotations();
    String value = annotations == null ? null : annotations.get(REVISION);
    return value == null ? 0 : Long.parseLong(value);
  }

  /** Equal for equal templates. */
  private static String hash(Deployment deployment) {
    CRC32C sum = new CRC32C();
    ObjectNode template = JSON.valueToTree(Serialization.clone(deployment.getSpec().getTemplate()));
    sum.update(template.toString().getBytes(StandardCharsets.UTF_8));
    return Long.toString(sum.getValue(), 36);
  }

  private static ReplicaSet set(Deployment deployment, String hash, long revision) {
    String name = deployment.getMetadata().getName();
    var spec = deployment.getSpec();
    Map<String, String> selected = new TreeMap<>(Map.of(HASH, hash));
    if (spec.getSelector().getMatchLabels() != null) {
      selected.putAll(spec.getSelector().getMatchLabels());
    }
    var template =
        new PodTemplateSpecBuilder(spec.getTemplate())
            .editOrNewMetadata()
            .addToLabels(HASH, hash)
            .endMetadata()
            .build();
    return new ReplicaSetBuilder()
        .withNewMetadata()
        .withName(name + "-" + hash)
        .withNamespace(deployment.getMetadata().getNamespace())
        .withLabels(template.getMetadata().getLabels())
        .addToAnnotations(REVISION, Long.toString(revision))
        .withOwnerReferences(
            new OwnerReferenceBuilder()
                .withApiVersion("apps/v1")
                .withKind("Deployment")
                .withName(name)
                .withUid(deployment.getMetadata().getUid())
                .withController(true)
                .withBlockOwnerDeletion(true)
                .build())
        .endMetadata()
        .withNewSpec()
        .withReplicas(0)
        .withNewSelectorLike(spec.getSelector())
        .withMatchLabels(selected)
        .endSelector()
        .withTemplate(template)
        .endSpec()
        .build();
  }

  private void scale(ReplicaSet set, int replicas) {
    if (ReplicaSets.wanted(set) != replicas) {
      patch(set, "{\"spec\":{\"replicas\":" + replicas + "}}");
    }
  }

  private void patch(ReplicaSet set, String patch) {
    client
        .apps()
        .replicaSets()
        .inNamespace(set.getMetadata().getNamespace())
        .withName(set.getMetadata().getName())
        .patch(PatchContext.of(PatchType.JSON_MERGE), patch);
  }

  /** Deletes the oldest sets without pods beyond the history that is kept. */
  private void forget(Deployment deployment, List<ReplicaSet> old) {
    int kept = Objects.requireNonNullElse(deployment.getSpec().getRevisionHistoryLimit(), 10);
    List<ReplicaSet> idle =
        old.stream().filter(set -> ReplicaSets.wanted(set) == 0 && count(set) == 0).toList();
    for (int i = 0; i < idle.size() - kept; i++) {
      client.resource(idle.get(i)).delete();
    }
  }

  private static int count(ReplicaSet set) {
    Integer replicas = set.getStatus() == null ? null : set.getStatus().getReplicas();
    return Objects.requireNonNullElse(replicas, 0);
  }

  private void tell(
      Deployment deployment, ReplicaSet current, List<ReplicaSet> old, long revision) {
    int wanted = Objects.requireNonNullElse(deployment.getSpec().getReplicas(), 1);
    int updated = count(current);
    int all = updated + old.stream().mapToInt(Deployments::count).sum();
    int available =
        pods(current).available() + old.stream().mapToInt(set -> pods(set).available()).sum();
    boolean complete = updated == wanted && all == wanted && available == wanted;
    ObjectNode root = JSON.createObjectNode();
    ObjectNode status = root.putObject("status");
    status.put("observedGeneration", deployment.getMetadata().getGeneration());
    status.put("replicas", all).put("updatedReplicas", updated);
    status.put("readyReplicas", available).put("availableReplicas", available);
    status.put("unavailableReplicas", Math.max(0, wanted - available));
    var conditions = status.putArray("conditions");
    conditions
        .addObject()
        .put("type", "Available")
        .put("status", available >= wanted ? "True" : "False")
        .put(
            "reason",
            available >= wanted ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable");
    conditions
        .addObject()
        .put("type", "Progressing")
        .put("status", "True")
        .put("reason", complete ? "NewReplicaSetAvailable" : "ReplicaSetUpdated");
    var one =
        client
            .apps()
            .deployments()
            .inNamespace(deployment.getMetadata().getNamespace())
            .withName(deployment.getMetadata().getName());
    one.subresource("status").patch(PatchContext.of(PatchType.JSON_MERGE), root.toString());
    Map<String, String> annotations = deployment.getMetadata().getAnnotations();
    String told = annotations == null ? null : annotations.get(REVISION);
    if (!Long.toString(revision).equals(told)) {
      one.patch(
          PatchContext.of(PatchType.JSON_MERGE),
          "{\"metadata\":{\"annotations\":{\"%s\":\"%d\"}}}".formatted(REVISION, revision));
    }
  }

  @Override
  public void close() {
    thread.shutdownNow();
    watching.forEach(SharedIndexInformer::close);
  }
}
