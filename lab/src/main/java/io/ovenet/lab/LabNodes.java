package io.ovenet.lab;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.ovenet.lab.api.ApiServer;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The lab's nodes, each with its agent and its kubelet. Changed by one thread at a time; the views
 * of them are safe for any.
 */
final class LabNodes implements AutoCloseable {
  /** The node that operator, relay and page run on: there from the beginning to the end. */
  static final String FIRST = "node-1";

  private static final Logger LOG = LoggerFactory.getLogger(LabNodes.class);
  private static final Duration AGENT_CEILING = Duration.ofSeconds(60);
  private static final String NETWORK = "192.168.77.";
  private static final int FIRST_HOST = 10;
  private static final int LAST_HOST = 250;

  /** Also the name of an interface, which has 15 characters at most. */
  private static final Pattern NAME = Pattern.compile("[a-z]([a-z0-9-]{0,13}[a-z0-9])?");

  private static final List<String> TAKEN = List.of("underlay", "outside");

  private final LabPlan plan;
  private final KubernetesClient client;
  private final ControlGroup group;
  private final Underlay underlay;
  private final Map<String, VirtualNode> nodes;
  private final Map<String, Kubelet> kubelets;
  private final Map<String, SupervisedProcess> agents = new ConcurrentHashMap<>();

  /**
   * Of none so far.
   *
   * @param nodes by name, as others see them
   * @param kubelets likewise
   */
  LabNodes(
      LabPlan plan,
      KubernetesClient client,
      ControlGroup group,
      Underlay underlay,
      Map<String, VirtualNode> nodes,
      Map<String, Kubelet> kubelets) {
    this.plan = plan;
    this.client = client;
    this.group = group;
    this.underlay = underlay;
    this.nodes = nodes;
    this.kubelets = kubelets;
  }

  /** The name that follows from those there are. */
  String nextName() {
    int number = 1;
    while (nodes.containsKey("node-" + number)) {
      number++;
    }
    return "node-" + number;
  }

  /** Makes a node and its object; nothing runs on it yet. */
  VirtualNode make(String name) throws IOException, InterruptedException {
    if (!NAME.matcher(name).matches() || TAKEN.contains(name)) {
      throw new LabException(
          "`"
              + name
              + "` is no name for a node: use up to 15 lower-case letters, digits and dashes, a"
              + " letter first");
    }
    if (nodes.containsKey(name)) {
      throw new LabException("the lab has a node " + name + " already: choose another name");
    }
    VirtualNode node =
        VirtualNode.make(plan.directory(), group, underlay, name, NETWORK + freeHost());
    nodes.put(name, node);
    Files.writeString(
        node.run("kubeconfig"),
        ApiServer.kubeconfig("http://" + Underlay.API_ADDRESS + ":" + Lab.API_PORT));
    client
        .nodes()
        .resource(
            new NodeBuilder()
                .withNewMetadata()
                .withName(name)
                .addToLabels("kubernetes.io/hostname", name)
                .addToLabels("kubernetes.io/os", "linux")
                .addToLabels("kubernetes.io/arch", "amd64")
                .endMetadata()
                .withNewSpec()
                .endSpec()
                .build())
        .create();
    NodeStatus.write(client, node, false);
    return node;
  }

  private int freeHost() throws LabException {
    var taken = new TreeSet<String>();
    nodes.values().forEach(node -> taken.add(node.address()));
    for (int host = FIRST_HOST; host <= LAST_HOST; host++) {
      if (!taken.contains(NETWORK + host)) {
        return host;
      }
    }
    throw new LabException("no address is free for another node: remove one");
  }

  /** Writes the files that a mounted cilium-config would be. */
  void configure(VirtualNode node) throws IOException {
    ConfigMap present =
        client.configMaps().inNamespace("kube-system").withName("cilium-config").get();
    if (present != null && present.getData() != null) {
      for (Map.Entry<String, String> key : present.getData().entrySet()) {
        Files.writeString(node.configuration().resolve(key.getKey()), key.getValue());
      }
    }
  }

  void startAgent(VirtualNode node) throws IOException {
    if (plan.agent().isEmpty()) {
      return;
    }
    List<String> agent = new ArrayList<>(plan.agent());
    agent.addAll(
        List.of(
            "--kubeconfig",
            "/run/kubeconfig",
            "--node-name",
            node.name(),
            "--config-dir",
            "/etc/ovenet/config"));
    agents.put(
        node.name(),
        SupervisedProcess.start(
            "agent of " + node.name(),
            node.command(node.group().child("agent"), agent),
            node.log("agent")));
  }

  void startKubelet(VirtualNode node, PodWorker.Programs programs)
      throws IOException, InterruptedException {
    Kubelet kubelet = new Kubelet(client, node, programs);
    kubelets.put(node.name(), kubelet);
    kubelet.start();
  }

  /** Waits until the agents of nodes have written a network configuration. */
  void awaitAgents(List<VirtualNode> waitedFor) throws IOException, InterruptedException {
    if (plan.agent().isEmpty()) {
      return;
    }
    Instant deadline = Instant.now().plus(AGENT_CEILING);
    for (VirtualNode node : waitedFor) {
      while (NetworkConfiguration.first(node.networkConfigurations()).isEmpty()) {
        if (Instant.now().isAfter(deadline)) {
          throw new LabException(
              "the agent of "
                  + node.name()
                  + " wrote no /etc/cni/net.d within "
                  + AGENT_CEILING.toSeconds()
                  + " s; its log ends with\n"
                  + Lab.tail(node.log("agent"))
                  + "\nand the operator's with\n"
                  + Lab.tail(plan.directory().node(FIRST).resolve("log/operator.log")));
        }
        Thread.sleep(20);
      }
    }
  }

  /** A node while the lab runs; ready, or nothing is left of it. */
  void add(String name, PodWorker.Programs programs) throws IOException, InterruptedException {
    try {
      VirtualNode node = make(name);
      configure(node);
      startAgent(node);
      startKubelet(node, programs);
      awaitAgents(List.of(node));
    } catch (IOException | InterruptedException | RuntimeException e) {
      if (nodes.containsKey(name)) {
        try {
          remove(name);
        } catch (IOException | RuntimeException removing) {
          e.addSuppressed(removing);
        }
      }
      throw e;
    }
  }

  /**
   * Takes a node away with all that runs on it, as a machine that is switched off and taken out of
   * the cluster; its pods' objects go, too.
   */
  void remove(String name) throws IOException, InterruptedException {
    if (name.equals(FIRST)) {
      throw new LabException(
          FIRST
              + " can't be removed: operator, relay and page run there; `ovenet lab down` takes"
              + " all down");
    }
    VirtualNode node = nodes.get(name);
    if (node == null) {
      throw new LabException(
          "the lab has no node "
              + name
              + ", but "
              + String.join(", ", new TreeSet<>(nodes.keySet())));
    }
    // First, so that no pod gets it any more.
    nodes.remove(name);
    stop(name);
    node.close();
    client.nodes().withName(name).delete();
    for (Pod pod :
        client.pods().inAnyNamespace().withField("spec.nodeName", name).list().getItems()) {
      client.resource(pod).withGracePeriod(0).delete();
    }
    underlay.disconnect(name);
    node.group().remove();
    LabDirectory.removeTree(plan.directory().node(name));
  }

  private void stop(String name) {
    Kubelet kubelet = kubelets.remove(name);
    if (kubelet != null) {
      kubelet.close();
    }
    SupervisedProcess agent = agents.remove(name);
    if (agent != null) {
      agent.close();
    }
  }

  @Nullable VirtualNode node(String name) {
    return nodes.get(name);
  }

  /** Kills whatever runs on the nodes, and the nodes. */
  @Override
  public void close() {
    for (VirtualNode node : List.copyOf(nodes.values())) {
      stop(node.name());
      try {
        node.close();
      } catch (IOException e) {
        LOG.warn("cannot close {}", node.name(), e);
      }
    }
  }
}
