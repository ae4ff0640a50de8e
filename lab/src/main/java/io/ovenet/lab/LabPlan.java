package io.ovenet.lab;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a lab is to be like.
 *
 * @param nodes how many
 * @param agent the command that starts an agent, to which the lab adds its node's arguments; empty
 *     for nodes without one
 * @param operator likewise for the operator
 * @param configuration keys of the ConfigMap kube-system/cilium-config, {@link #DEFAULTS} where it
 *     says nothing
 * @param kernelCache where the guests' kernel is kept
 */
record LabPlan(
    LabDirectory directory,
    int nodes,
    List<String> agent,
    List<String> operator,
    Map<String, String> configuration,
    Path kernelCache) {
  /** The environment variables that hold the two commands, words separated by spaces. */
  static final String AGENT_VARIABLE = "OVENET_AGENT_COMMAND";

  static final String OPERATOR_VARIABLE = "OVENET_OPERATOR_COMMAND";

  /** There is no kube-proxy in a lab, and the outside knows no way to pods by itself. */
  static final Map<String, String> DEFAULTS =
      Map.of("kube-proxy-replacement", "true", "enable-bpf-masquerade", "true");

  LabPlan {
    if (nodes < 1 || nodes > 100) {
      throw new IllegalArgumentException("a lab has 1 to 100 nodes, not " + nodes);
    }
    agent = List.copyOf(agent);
    operator = List.copyOf(operator);
    Map<String, String> keys = new TreeMap<>(DEFAULTS);
    keys.putAll(configuration);
    configuration = Map.copyOf(keys);
  }

  /** Splits a command at spaces; an empty or missing one gives no words. */
  static List<String> words(String command) {
    return command.isBlank() ? List.of() : List.of(command.strip().split("\\s+"));
  }
}
