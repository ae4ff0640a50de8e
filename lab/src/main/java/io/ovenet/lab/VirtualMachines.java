package io.ovenet.lab;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * KubeVirt's controller as far as networks see it: a VirtualMachine that shall run has a
 * VirtualMachineInstance, which has a virt-launcher pod; statuses go the other way. Any change asks
 * for one round over all machines, in one thread.
 */
final class VirtualMachines implements AutoCloseable {
  static final ResourceDefinitionContext MACHINES = kind("VirtualMachine", "virtualmachines");
  static final ResourceDefinitionContext INSTANCES =
      kind("VirtualMachineInstance", "virtualmachineinstances");
  static final String CREATED_BY = "kubevirt.io/created-by";

  private static final Logger LOG = LoggerFactory.getLogger(VirtualMachines.class);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final long RESYNC_SECONDS = 5;

  private final KubernetesClient client;
  private final Set<String> readyPods = ConcurrentHashMap.newKeySet();
  private final AtomicBoolean due = new AtomicBoolean();
  private final ScheduledExecutorService thread =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("virtual-machines").factory());
  private final List<SharedIndexInformer<?>> informers = new ArrayList<>();
  private volatile @Nullable Runnable changed;

  VirtualMachines(KubernetesClient client) {
    this.client = client;
  }

  private static ResourceDefinitionContext kind(String kind, String plural) {
    return new ResourceDefinitionContext.Builder()
        .withGroup("kubevirt.io")
        .withVersion("v1")
        .withKind(kind)
        .withPlural(plural)
        .withNamespaced(true)
        .build();
  }

  /**
   * @param whenChanged told of each change of a machine or an instance
   */
  void start(Runnable whenChanged) throws LabException, InterruptedException {
    changed = whenChanged;
    informers.add(
        Informers.start(
            "virtual machines",
            client.genericKubernetesResources(MACHINES).inAnyNamespace(),
            trigger(),
            0));
    informers.add(
        Informers.start(
            "instances of virtual machines",
            client.genericKubernetesResources(INSTANCES).inAnyNamespace(),
            trigger(),
            0));
    informers.add(
        Informers.start(
            "pods of virtual machines",
            client.pods().inAnyNamespace().withLabel("kubevirt.io", "virt-launcher"),
            trigger(),
            0));
    // What failed is tried again even if nothing changes.
    var _ =
        thread.scheduleWithFixedDelay(
            this::round, RESYNC_SECONDS, RESYNC_SECONDS, TimeUnit.SECONDS);
  }

  /** Takes note of a guest that has come up. */
  void guestReady(String podUid) {
    readyPods.add(podUid);
    ask();
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
    Runnable told = changed;
    if (told != null) {
      told.run();
    }
  }

  private void round() {
    due.set(false);
    try {
      Map<String, GenericKubernetesResource> instances = new HashMap<>();
      for (GenericKubernetesResource instance : list(INSTANCES)) {
        instances.put(key(instance), instance);
      }
      Map<String, Pod> pods = new HashMap<>();
      for (Pod pod :
          client
              .pods()
              .inAnyNamespace()
              .withLabel("kubevirt.io", "virt-launcher")
              .list()
              .getItems()) {
        pods.put(pod.getMetadata().getLabels().getOrDefault(CREATED_BY, ""), pod);
      }
      for (GenericKubernetesResource machine : list(MACHINES)) {
        attempt(machine, () -> machine(machine, instances.get(key(machine))));
      }
      for (GenericKubernetesResource instance : instances.values()) {
        attempt(instance, () -> instance(instance, pods.get(instance.getMetadata().getUid())));
      }
    } catch (KubernetesClientException e) {
      LOG.warn("cannot look after virtual machines, trying again: {}", e.getMessage());
    }
  }

  private static void attempt(GenericKubernetesResource object, Runnable step) {
    try {
      step.run();
    } catch (KubernetesClientException e) {
      // Somebody was faster, or the object is refused: the next round sees what there is then.
      LOG.info("{} {}: {}", object.getKind(), key(object), e.getMessage());
    }
  }

  private List<GenericKubernetesResource> list(ResourceDefinitionContext kind) {
    return client.genericKubernetesResources(kind).inAnyNamespace().list().getItems();
  }

  private static String key(HasMetadata object) {
    return object.getMetadata().getNamespace() + "/" + object.getMetadata().getName();
  }

  private void machine(
      GenericKubernetesResource machine, @Nullable GenericKubernetesResource instance) {
    if (machine.getMetadata().getDeletionTimestamp() != null) {
      return;
    }
    JsonNode spec = json(machine, "spec");
    boolean wanted =
        switch (spec.path("runStrategy").asText("")) {
          case "Always", "RerunOnFailure" -> true;
          case "Once" -> instance != null || !json(machine, "status").path("created").asBoolean();
          case "Halted", "Manual" -> false;
          default -> spec.path("running").asBoolean(true);
        };
    String phase = instance == null ? "" : json(instance, "status").path("phase").asText("");
    boolean over = phase.equals("Succeeded") || phase.equals("Failed");
    boolean ends = instance != null && instance.getMetadata().getDeletionTimestamp() != null;
    boolean rerun = !spec.path("runStrategy").asText("").equals("Once");
    if (wanted && instance == null) {
      client
          .genericKubernetesResources(INSTANCES)
          .inNamespace(machine.getMetadata().getNamespace())
          .resource(newInstance(machine, spec))
          .create();
    } else if (instance != null && !ends && (!wanted || (over && rerun))) {
      client
          .genericKubernetesResources(INSTANCES)
          .inNamespace(instance.getMetadata().getNamespace())
          .withName(instance.getMetadata().getName())
          .delete();
    }
    boolean running = phase.equals("Running") && !ends;
    String printable =
        running
            ? (wanted ? "Running" : "Stopping")
            : ends
                ? "Stopping"
                : wanted
                    ? (over && !rerun ? "Stopped" : "Starting")
                    : instance == null ? "Stopped" : "Stopping";
    ObjectNode status = JSON.createObjectNode();
    status.put("printableStatus", printable);
    status.put("created", instance != null || json(machine, "status").path("created").asBoolean());
    status.put("ready", running);
    condition(status, "Ready", running, json(machine, "status"));
    writeStatus(MACHINES, machine, status);
  }

  private GenericKubernetesResource newInstance(GenericKubernetesResource machine, JsonNode spec) {
    ObjectNode instance = JSON.createObjectNode();
    instance.put("apiVersion", "kubevirt.io/v1").put("kind", "VirtualMachineInstance");
    ObjectNode metadata = instance.putObject("metadata");
    metadata.put("name", machine.getMetadata().getName());
    metadata.put("namespace", machine.getMetadata().getNamespace());
    JsonNode template = spec.path("template");
    for (String kept : List.of("labels", "annotations")) {
      if (template.path("metadata").path(kept).isObject()) {
        metadata.set(kept, template.path("metadata").path(kept));
      }
    }
    owner(metadata, machine);
    instance.set("spec", template.path("spec"));
    return client
        .getKubernetesSerialization()
        .unmarshal(instance.toString(), GenericKubernetesResource.class);
  }

  private void instance(GenericKubernetesResource instance, @Nullable Pod pod) {
    JsonNode before = json(instance, "status");
    String phase = before.path("phase").asText("");
    boolean over = phase.equals("Succeeded") || phase.equals("Failed");
    if (instance.getMetadata().getDeletionTimestamp() != null) {
      return;
    }
    if (pod == null) {
      if (!over && phase.isEmpty()) {
        createPod(instance);
        writeStatus(INSTANCES, instance, JSON.createObjectNode().put("phase", "Pending"));
      } else if (!over) {
        // A launcher pod that somebody deleted takes its machine with it.
        writeStatus(
            INSTANCES,
            instance,
            JSON.createObjectNode().put("phase", phase.equals("Pending") ? "" : "Failed"));
      }
      return;
    }
    writeStatus(INSTANCES, instance, instanceStatus(instance, pod, before));
  }

  private ObjectNode instanceStatus(GenericKubernetesResource instance, Pod pod, JsonNode before) {
    String podPhase =
        pod.getStatus() == null ? "Pending" : String.valueOf(pod.getStatus().getPhase());
    String address = pod.getStatus() == null ? null : pod.getStatus().getPodIP();
    boolean up = readyPods.contains(pod.getMetadata().getUid());
    String phase =
        podPhase.equals("Succeeded") || podPhase.equals("Failed")
            ? podPhase
            : podPhase.equals("Running")
                ? (up ? "Running" : "Scheduled")
                : pod.getSpec().getNodeName() != null ? "Scheduled" : "Scheduling";
    ObjectNode status = JSON.createObjectNode();
    status.put("phase", phase);
    if (pod.getSpec().getNodeName() != null) {
      status.put("nodeName", pod.getSpec().getNodeName());
      status.putObject("activePods").put(pod.getMetadata().getUid(), pod.getSpec().getNodeName());
    }
    if (address != null) {
      VirtualMachineSpec spec = VirtualMachineSpec.parse(json(instance, "spec"), key(instance));
      ObjectNode attached = status.putArray("interfaces").addObject();
      attached.put("name", spec.network());
      attached.put("ipAddress", address);
      attached.putArray("ipAddresses").add(address);
      if (spec.binding() == VirtualMachineSpec.Binding.MASQUERADE) {
        attached.put("mac", spec.mac());
      }
      attached.put("podInterfaceName", "eth0").put("interfaceName", "eth0");
      attached.put("infoSource", "domain, multus-status").put("queueCount", 1);
    }
    condition(status, "Ready", phase.equals("Running"), before);
    return status;
  }

  private void createPod(GenericKubernetesResource instance) {
    String name = instance.getMetadata().getName();
    ObjectNode pod = JSON.createObjectNode();
    pod.put("apiVersion", "v1").put("kind", "Pod");
    ObjectNode metadata = pod.putObject("metadata");
    metadata.put("generateName", "virt-launcher-" + name + "-");
    metadata.put("namespace", instance.getMetadata().getNamespace());
    ObjectNode labels = metadata.putObject("labels");
    ObjectNode annotations = metadata.putObject("annotations");
    Map<String, String> given = instance.getMetadata().getLabels();
    if (given != null) {
      given.forEach(labels::put);
    }
    labels.put("kubevirt.io", "virt-launcher");
    labels.put(CREATED_BY, instance.getMetadata().getUid());
    labels.put("vm.kubevirt.io/name", name);
    labels.put("vmi.kubevirt.io/id", name);
    Map<String, String> notes = instance.getMetadata().getAnnotations();
    if (notes != null) {
      notes.forEach(annotations::put);
    }
    annotations.put("kubevirt.io/domain", name);
    owner(metadata, instance);
    JsonNode spec = json(instance, "spec");
    ObjectNode podSpec = pod.putObject("spec");
    podSpec.put("restartPolicy", "Never");
    podSpec.put(
        "terminationGracePeriodSeconds", spec.path("terminationGracePeriodSeconds").asLong(5));
    if (spec.path("nodeSelector").isObject()) {
      podSpec.set("nodeSelector", spec.path("nodeSelector"));
    }
    podSpec.putArray("containers").addObject().put("name", "compute").put("image", "virt-launcher");
    client
        .pods()
        .inNamespace(instance.getMetadata().getNamespace())
        .resource(client.getKubernetesSerialization().unmarshal(pod.toString(), Pod.class))
        .create();
  }

  private static void owner(ObjectNode metadata, GenericKubernetesResource owner) {
    metadata
        .putArray("ownerReferences")
        .addObject()
        .put("apiVersion", "kubevirt.io/v1")
        .put("kind", owner.getKind())
        .put("name", owner.getMetadata().getName())
        .put("uid", owner.getMetadata().getUid())
        .put("controller", true)
        .put("blockOwnerDeletion", true);
  }

  private static JsonNode json(GenericKubernetesResource object, String field) {
    return JSON.valueToTree(object.getAdditionalProperties().getOrDefault(field, Map.of()));
  }

  /** Keeps the time of the last transition where there was none. */
  private static void condition(ObjectNode status, String type, boolean is, JsonNode before) {
    String text = is ? "True" : "False";
    String since =
        java.time.Instant.now().truncatedTo(java.time.temporal.ChronoUnit.SECONDS).toString();
    for (JsonNode old : before.path("conditions")) {
      if (old.path("type").asText().equals(type) && old.path("status").asText().equals(text)) {
        since = old.path("lastTransitionTime").asText(since);
      }
    }
    status
        .putArray("conditions")
        .addObject()
        .put("type", type)
        .put("status", text)
        .put("lastTransitionTime", since);
  }

  private void writeStatus(
      ResourceDefinitionContext kind, GenericKubernetesResource object, ObjectNode status) {
    JsonNode before = json(object, "status");
    boolean same = true;
    for (Map.Entry<String, JsonNode> field : status.properties()) {
      same &= field.getValue().equals(before.get(field.getKey()));
    }
    if (same) {
      return;
    }
    client
        .genericKubernetesResources(kind)
        .inNamespace(object.getMetadata().getNamespace())
        .withName(object.getMetadata().getName())
        .subresource("status")
        .patch(
            PatchContext.of(PatchType.JSON_MERGE),
            JSON.createObjectNode().set("status", status).toString());
  }

  @Override
  public void close() {
    changed = null;
    informers.forEach(SharedIndexInformer::close);
    thread.shutdownNow();
  }
}
