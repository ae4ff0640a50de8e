package io.ovenet.lab.api;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** How a strategic merge patch treats the fields of built-in types (from their API reference). */
final class MergeKeys {
  /**
   * What happens to a field.
   *
   * @param key by which entries of a list are matched, "" for a list of plain values
   * @param strategy {@code merge}, {@code retainKeys} or both, joined by a comma
   */
  record Rule(String key, String strategy) {}

  private static final Map<String, Rule> RULES = new HashMap<>();

  static {
    for (String container : new String[] {"Container", "EphemeralContainer"}) {
      merge(container, "ports", "containerPort");
      merge(container, "env", "name");
      merge(container, "volumeMounts", "mountPath");
      merge(container, "volumeDevices", "devicePath");
    }
    merge("PodSpec", "containers", "name");
    merge("PodSpec", "initContainers", "name");
    merge("PodSpec", "ephemeralContainers", "name");
    merge("PodSpec", "imagePullSecrets", "name");
    merge("PodSpec", "hostAliases", "ip");
    merge("PodSpec", "topologySpreadConstraints", "topologyKey");
    merge("PodSpec", "schedulingGates", "name");
    RULES.put("PodSpec.volumes", new Rule("name", "merge,retainKeys"));
    RULES.put("PodSpec.resourceClaims", new Rule("name", "merge,retainKeys"));
    merge("PodStatus", "podIPs", "ip");
    merge("PodStatus", "hostIPs", "ip");
    for (String status :
        new String[] {
          "Pod", "Node", "Namespace", "Service", "Deployment", "DaemonSet", "ReplicaSet",
        }) {
      merge(status + "Status", "conditions", "type");
    }
    merge("NodeStatus", "addresses", "type");
    merge("NodeSpec", "podCIDRs", "");
    merge("ServiceSpec", "ports", "port");
    merge("ServiceAccount", "secrets", "name");
    merge("ObjectMeta", "ownerReferences", "uid");
    merge("ObjectMeta", "finalizers", "");
    RULES.put("DeploymentSpec.strategy", new Rule("", "retainKeys"));
  }

  private MergeKeys() {}

  private static void merge(String type, String field, String key) {
    RULES.put(type + "." + field, new Rule(key, "merge"));
  }

  static @Nullable Rule of(String type, String field) {
    return RULES.get(type + "." + field);
  }
}
