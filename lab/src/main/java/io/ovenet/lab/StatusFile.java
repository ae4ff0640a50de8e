package io.ovenet.lab;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the lab's status file up to date: written again after each change of a pod or a virtual
 * machine, and each second while an address, an identity or a pod CIDR is still to come.
 * Thread-safe.
 */
final class StatusFile {
  private static final Logger LOG = LoggerFactory.getLogger(StatusFile.class);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final ResourceDefinitionContext CILIUM_NODES =
      cilium("CiliumNode", "ciliumnodes", false);
  private static final ResourceDefinitionContext ENDPOINTS =
      cilium("CiliumEndpoint", "ciliumendpoints", true);
  private static final int NOT_FOUND = 404;

  private final LabDirectory directory;
  private final Map<String, VirtualNode> nodes;
  private final Map<String, Kubelet> kubelets;
  private final List<String> progress = new ArrayList<>();
  private final Semaphore changes = new Semaphore(0);

  /**
   * By node: its pods' prefixes, the first first, and the address behind which the world finds
   * them.
   */
  private final Map<String, Map<String, String>> podCidrs = new HashMap<>();

  private final Set<String> readyNodes = new HashSet<>();
  private @Nullable KubernetesClient client;
  private @Nullable Underlay underlay;
  private @Nullable Path kubeconfig;
  private int port;
  private @Nullable String page;
  private String state = "starting";
  private @Nullable LabStatus written;

  StatusFile(
      LabDirectory directory, Map<String, VirtualNode> nodes, Map<String, Kubelet> kubelets) {
    this.directory = directory;
    this.nodes = nodes;
    this.kubelets = kubelets;
  }

  private static ResourceDefinitionContext cilium(String kind, String plural, boolean namespaced) {
    return new ResourceDefinitionContext.Builder()
        .withGroup("cilium.io")
        .withVersion("v2")
        .withKind(kind)
        .withPlural(plural)
        .withNamespaced(namespaced)
        .build();
  }

  synchronized void progress(String step) throws IOException {
    LOG.info("{}", step);
    progress.add(step);
    write();
  }

  synchronized void api(
      KubernetesClient newClient, Underlay newUnderlay, Path newKubeconfig, int newPort)
      throws IOException {
    client = newClient;
    underlay = newUnderlay;
    kubeconfig = newKubeconfig;
    port = newPort;
    write();
  }

  synchronized void page(String url) throws IOException {
    page = url;
    write();
  }

  synchronized void ready() throws IOException {
    state = "ready";
    write();
  }

  /** Writes what is new before it comes back, and goes on looking. */
  void refresh() throws IOException {
    boolean _ = write();
    changed();
  }

  /** Says that there may be something new. */
  void changed() {
    changes.release();
  }

  /** Starts to follow pods; the answer ends it. */
  AutoCloseable follow() throws LabException, InterruptedException {
    KubernetesClient api = client;
    if (api == null) {
      throw new IllegalStateException("the API was not given");
    }
    SharedIndexInformer<Pod> pods =
        Informers.start(
            "pods",
            api.pods().inAnyNamespace(),
            new ResourceEventHandler<>() {
              @Override
              public void onAdd(Pod pod) {
                changed();
              }

              @Override
              public void onUpdate(Pod before, Pod pod) {
                changed();
              }

              @Override
              public void onDelete(Pod pod, boolean finalStateUnknown) {
                changed();
              }
            },
            0);
    Thread thread = Thread.ofPlatform().daemon().name("status").start(this::keepWriting);
    return () -> {
      thread.interrupt();
      thread.join();
      pods.close();
    };
  }

  private void keepWriting() {
    boolean complete = false;
    try {
      while (true) {
        if (complete) {
          changes.acquire();
        } else {
          boolean _ = changes.tryAcquire(1, TimeUnit.SECONDS);
        }
        changes.drainPermits();
        try {
          complete = write();
        } catch (IOException | KubernetesClientException e) {
          LOG.warn("cannot write {}: {}", directory.status(), e.getMessage());
          complete = false;
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Writes the file if anything is new; answers whether nothing more is expected by itself. */
  private synchronized boolean write() throws IOException {
    boolean complete = true;
    List<LabStatus.Pod> pods = new ArrayList<>();
    List<LabStatus.VirtualMachine> machines = new ArrayList<>();
    KubernetesClient api = client;
    if (api != null && !nodes.isEmpty()) {
      complete = lookAtNodes(api);
      Map<String, Long> identities = identities(api);
      Map<String, Pod> launchers = new HashMap<>();
      for (Pod pod : api.pods().inAnyNamespace().list().getItems()) {
        LabStatus.Pod described = describe(pod, identities);
        pods.add(described);
        complete &= described.identity() != null && described.ip() != null;
        String creator =
            pod.getMetadata().getLabels() == null
                ? null
                : pod.getMetadata().getLabels().get(VirtualMachines.CREATED_BY);
        if (creator != null) {
          launchers.put(creator, pod);
        }
      }
      machines.addAll(machines(api, launchers, identities));
    }
    LabStatus now =
        new LabStatus(
            directory.name(),
            state,
            ProcessHandle.current().pid(),
            List.copyOf(progress),
            null,
            kubeconfig == null ? null : new LabStatus.Api(kubeconfig.toString(), port, page),
            underlay == null
                ? null
                : new LabStatus.Outside(underlay.outside().holder(), Underlay.OUTSIDE_ADDRESS),
            describeNodes(),
            pods,
            machines);
    if (!now.equals(written)) {
      now.write(directory.status());
      written = now;
    }
    return complete;
  }

  private boolean lookAtNodes(KubernetesClient api) throws IOException {
    boolean complete = forgetRemoved();
    for (GenericKubernetesResource node : list(api, CILIUM_NODES)) {
      JsonNode spec = JSON.valueToTree(node.getAdditionalProperties().get("spec"));
      VirtualNode virtual = nodes.get(node.getMetadata().getName());
      if (spec != null && virtual != null) {
        Map<String, String> now = new LinkedHashMap<>();
        String address = addressOf(spec, virtual);
        spec.path("ipam").path("podCIDRs").forEach(cidr -> now.put(cidr.asText(), address));
        if (!now.isEmpty() && !routed(podCidrs.put(virtual.name(), now), now)) {
          return false;
        }
      }
    }
    for (VirtualNode node : nodes.values()) {
      if (!readyNodes.contains(node.name())) {
        if (NetworkConfiguration.first(node.networkConfigurations()).isPresent()) {
          NodeStatus.write(api, node, true);
          readyNodes.add(node.name());
        } else {
          complete = false;
        }
      }
      complete &= podCidrs.containsKey(node.name());
    }
    return complete;
  }

  private static String addressOf(JsonNode ciliumNode, VirtualNode virtual) {
    for (JsonNode address : ciliumNode.path("addresses")) {
      if (address.path("type").asText().equals("InternalIP")) {
        return address.path("ip").asText();
      }
    }
    return virtual.address();
  }

  private boolean forgetRemoved() throws IOException {
    readyNodes.retainAll(nodes.keySet());
    for (String name : List.copyOf(podCidrs.keySet())) {
      if (!nodes.containsKey(name) && !routed(podCidrs.remove(name), Map.of())) {
        return false;
      }
    }
    return true;
  }

  /** Tells the world what has changed; false: interrupted. */
  private boolean routed(@Nullable Map<String, String> before, Map<String, String> now)
      throws IOException {
    Underlay network = underlay;
    if (network == null) {
      return true;
    }
    try {
      if (before != null) {
        for (String cidr : before.keySet()) {
          if (!now.containsKey(cidr)) {
            network.forgetPods(cidr);
          }
        }
      }
      for (Map.Entry<String, String> way : now.entrySet()) {
        if (before == null || !way.getValue().equals(before.get(way.getKey()))) {
          network.routePods(way.getKey(), way.getValue());
        }
      }
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private Map<String, Long> identities(KubernetesClient api) {
    Map<String, Long> identities = new HashMap<>();
    for (GenericKubernetesResource endpoint : list(api, ENDPOINTS)) {
      JsonNode status = JSON.valueToTree(endpoint.getAdditionalProperties().get("status"));
      if (status != null && status.path("identity").path("id").canConvertToLong()) {
        identities.put(
            endpoint.getMetadata().getNamespace() + "/" + endpoint.getMetadata().getName(),
            status.path("identity").path("id").asLong());
      }
    }
    return identities;
  }

  /** All objects of a kind; none while its definition isn't there yet. */
  private static List<GenericKubernetesResource> list(
      KubernetesClient api, ResourceDefinitionContext kind) {
    try {
      return kind.isNamespaceScoped()
          ? api.genericKubernetesResources(kind).inAnyNamespace().list().getItems()
          : api.genericKubernetesResources(kind).list().getItems();
    } catch (KubernetesClientException e) {
      if (e.getCode() == NOT_FOUND) {
        return List.of();
      }
      throw e;
    }
  }

  private List<LabStatus.Node> describeNodes() {
    return nodes.values().stream()
        .sorted(java.util.Comparator.comparing(VirtualNode::name))
        .map(
            node ->
                new LabStatus.Node(
                    node.name(),
                    node.holder(),
                    node.address(),
                    node.run("cilium/hubble.sock").toString(),
                    node.address() + ":4244",
                    Lab.RELAY.isEmpty() || !node.name().equals("node-1")
                        ? null
                        : node.run("cilium/hubble-relay.sock").toString(),
                    podCidrs.getOrDefault(node.name(), Map.of()).keySet().stream()
                        .findFirst()
                        .orElse(null),
                    node.log("agent").toString()))
        .toList();
  }

  private LabStatus.Pod describe(Pod pod, Map<String, Long> identities) {
    String name = pod.getMetadata().getName();
    String namespace = pod.getMetadata().getNamespace();
    String node = pod.getSpec().getNodeName();
    Kubelet kubelet = node == null ? null : kubelets.get(node);
    VirtualNode virtual = node == null ? null : nodes.get(node);
    PodWorker.View view = kubelet == null ? null : kubelet.view(pod.getMetadata().getUid());
    String phase =
        pod.getStatus() == null || pod.getStatus().getPhase() == null
            ? "Pending"
            : pod.getStatus().getPhase();
    return new LabStatus.Pod(
        namespace,
        name,
        pod.getStatus() == null ? null : pod.getStatus().getPodIP(),
        identities.get(namespace + "/" + name),
        node,
        pod.getMetadata().getDeletionTimestamp() == null ? phase : "Terminating",
        view == null ? 0 : view.holder(),
        view == null ? "" : view.root(),
        virtual == null
            ? ""
            : virtual
                .group()
                .child("kubepods")
                .child("pod" + pod.getMetadata().getUid())
                .procs()
                .toString(),
        view == null ? null : view.log().toString());
  }

  private List<LabStatus.VirtualMachine> machines(
      KubernetesClient api, Map<String, Pod> launchers, Map<String, Long> identities) {
    Map<String, GenericKubernetesResource> instances = new HashMap<>();
    for (GenericKubernetesResource each : list(api, VirtualMachines.INSTANCES)) {
      instances.put(each.getMetadata().getNamespace() + "/" + each.getMetadata().getName(), each);
    }
    List<LabStatus.VirtualMachine> all = new ArrayList<>();
    for (GenericKubernetesResource machine : list(api, VirtualMachines.MACHINES)) {
      String namespace = machine.getMetadata().getNamespace();
      String name = machine.getMetadata().getName();
      GenericKubernetesResource instance = instances.get(namespace + "/" + name);
      Pod pod = instance == null ? null : launchers.get(instance.getMetadata().getUid());
      String node = pod == null ? null : pod.getSpec().getNodeName();
      VirtualNode virtual = node == null ? null : nodes.get(node);
      JsonNode status =
          JSON.valueToTree(machine.getAdditionalProperties().getOrDefault("status", Map.of()));
      Path sockets =
          pod == null || virtual == null
              ? null
              : PodSandbox.sockets(virtual, pod.getMetadata().getUid());
      all.add(
          new LabStatus.VirtualMachine(
              namespace,
              name,
              status.path("printableStatus").asText("Starting"),
              pod == null || pod.getStatus() == null ? null : pod.getStatus().getPodIP(),
              pod == null ? null : identities.get(namespace + "/" + pod.getMetadata().getName()),
              node,
              pod == null ? null : pod.getMetadata().getName(),
              sockets == null ? null : sockets.resolve("console").toString(),
              sockets == null ? null : sockets.resolve("commands").toString()));
    }
    return all;
  }
}
