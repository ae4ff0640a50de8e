package io.ovenet.lab;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/** What a kubelet says of its node: addresses, condition, versions. */
final class NodeStatus {
  private static final ObjectMapper JSON = new ObjectMapper();

  private NodeStatus() {}

  /**
   * @param networkReady whether the node has a network configuration
   */
  static void write(KubernetesClient client, VirtualNode node, boolean networkReady) {
    ObjectNode root = JSON.createObjectNode();
    ObjectNode status = root.putObject("status");
    ArrayNode addresses = status.putArray("addresses");
    addresses.addObject().put("type", "InternalIP").put("address", node.address());
    addresses.addObject().put("type", "Hostname").put("address", node.name());
    String now = Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
    status
        .putArray("conditions")
        .addObject()
        .put("type", "Ready")
        .put("status", networkReady ? "True" : "False")
        .put("reason", networkReady ? "KubeletReady" : "KubeletNotReady")
        .put(
            "message",
            networkReady
                ? "the node's network is ready"
                : "no network configuration in /etc/cni/net.d yet")
        .put("lastHeartbeatTime", now)
        .put("lastTransitionTime", now);
    ObjectNode versions = status.putObject("nodeInfo");
    versions.put("kubeletVersion", "v1.34.0");
    versions.put("kubeProxyVersion", "v1.34.0");
    versions.put("containerRuntimeVersion", "ovenet-lab://0.1.0");
    versions.put("operatingSystem", "linux");
    versions.put("architecture", "amd64");
    versions.put("osImage", "Ovenet lab");
    versions.put("kernelVersion", System.getProperty("os.version"));
    versions.put("machineID", node.name());
    versions.put("systemUUID", node.name());
    versions.put("bootID", node.name());
    client
        .nodes()
        .withName(node.name())
        .subresource("status")
        .patch(PatchContext.of(PatchType.JSON_MERGE), root.toString());
  }
}
