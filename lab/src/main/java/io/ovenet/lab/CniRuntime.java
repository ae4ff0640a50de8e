package io.ovenet.lab;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Calls a node's CNI plugins exactly as containerd does: each plugin of the list started on the
 * node with the six variables, its configuration on stdin with name, version and the previous
 * result put in; deletions in reverse order. Thread-safe.
 */
final class CniRuntime {
  /** Where plugins are, on the node. */
  static final String PLUGINS = "/opt/cni/bin";

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration LIMIT = Duration.ofSeconds(60);

  /**
   * A container's interface in a network: what ADD and the DEL that undoes it have in common.
   *
   * @param containerId of the sandbox
   * @param netns on the node
   */
  record Attachment(
      String containerId,
      String netns,
      String interfaceName,
      String namespace,
      String pod,
      String uid) {
    Map<String, String> environment(String command) {
      Map<String, String> variables = new LinkedHashMap<>();
      variables.put("CNI_COMMAND", command);
      variables.put("CNI_CONTAINERID", containerId);
      variables.put("CNI_NETNS", netns);
      variables.put("CNI_IFNAME", interfaceName);
      variables.put(
          "CNI_ARGS",
          "IgnoreUnknown=1;K8S_POD_NAMESPACE="
              + namespace
              + ";K8S_POD_NAME="
              + pod
              + ";K8S_POD_INFRA_CONTAINER_ID="
              + containerId
              + ";K8S_POD_UID="
              + uid);
      variables.put("CNI_PATH", PLUGINS);
      variables.put("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
      return variables;
    }
  }

  /**
   * What the plugins gave.
   *
   * @param addresses without prefix length, in the result's order
   * @param json the last plugin's result, for DEL
   */
  record Result(List<String> addresses, JsonNode json) {}

  private final long nodeHolder;
  private final Path configurations;

  /**
   * @param nodeHolder first process of the node's namespaces
   * @param configurations the node's /etc/cni/net.d, as seen from outside
   */
  CniRuntime(long nodeHolder, Path configurations) {
    this.nodeHolder = nodeHolder;
    this.configurations = configurations;
  }

  /** The configuration that ADD would use now. */
  NetworkConfiguration configuration() throws IOException {
    return NetworkConfiguration.first(configurations)
        .orElseThrow(
            () ->
                new CniException(
                    CniException.TRY_AGAIN,
                    "no network configuration in /etc/cni/net.d yet: the agent writes it"));
  }

  Result add(NetworkConfiguration network, Attachment attachment)
      throws IOException, InterruptedException {
    JsonNode previous = MissingNode.getInstance();
    for (ObjectNode plugin : network.plugins()) {
      previous = call(network, plugin, attachment, "ADD", previous);
    }
    return result(previous);
  }

  /**
   * @param added what ADD gave, null if it failed half-way
   */
  void delete(NetworkConfiguration network, Attachment attachment, @Nullable Result added)
      throws IOException, InterruptedException {
    JsonNode previous = added == null ? MissingNode.getInstance() : added.json();
    List<ObjectNode> reversed = network.plugins().reversed();
    for (ObjectNode plugin : reversed) {
      call(network, plugin, attachment, "DEL", previous);
    }
  }

  private JsonNode call(
      NetworkConfiguration network,
      ObjectNode plugin,
      Attachment attachment,
      String command,
      JsonNode previous)
      throws IOException, InterruptedException {
    String type = plugin.path("type").asText();
    String program = PLUGINS + "/" + type;
    List<String> arguments = new ArrayList<>(Namespaces.entering(nodeHolder, VirtualNode.KINDS));
    arguments.add(program);
    Invocation.Outcome outcome =
        Invocation.of(arguments)
            .environment(attachment.environment(command))
            .input(JSON.writeValueAsString(input(network, plugin, command, previous)))
            .limit(LIMIT)
            .run();
    String what = type + " " + command + " for " + attachment.namespace() + "/" + attachment.pod();
    if (outcome.exitCode() != 0) {
      throw refusal(what, outcome);
    }
    if (!command.equals("ADD")) {
      return previous;
    }
    try {
      return JSON.readTree(outcome.output());
    } catch (JsonProcessingException e) {
      throw new LabException(what + " answered no JSON: " + outcome.output().strip(), e);
    }
  }

  /** What a plugin reads on stdin (specification, section 3). */
  static ObjectNode input(
      NetworkConfiguration network, ObjectNode plugin, String command, JsonNode previous) {
    ObjectNode input = plugin.deepCopy();
    input.put("name", network.name());
    input.put("cniVersion", network.cniVersion());
    boolean deletesWithResult = !network.cniVersion().matches("0\\.[123]\\..*");
    if (previous.isObject() && (command.equals("ADD") || deletesWithResult)) {
      input.set("prevResult", previous);
    }
    input.remove("capabilities");
    return input;
  }

  static CniException refusal(String what, Invocation.Outcome outcome) {
    String errors = outcome.errors().strip();
    try {
      JsonNode error = JSON.readTree(outcome.output());
      if (error != null && error.path("code").canConvertToInt() && error.has("msg")) {
        String details = error.path("details").asText("");
        return new CniException(
            error.path("code").asInt(),
            what
                + " failed with code "
                + error.path("code").asInt()
                + ": "
                + error.path("msg").asText()
                + (details.isEmpty() ? "" : " (" + details + ")"));
      }
    } catch (JsonProcessingException e) {
      errors = outcome.output().strip() + " " + errors;
    }
    return new CniException(
        outcome.exitCode(), what + " failed with exit code " + outcome.exitCode() + ": " + errors);
  }

  static Result result(JsonNode json) throws IOException {
    List<String> addresses = new ArrayList<>();
    for (JsonNode ip : json.path("ips")) {
      String address = ip.path("address").asText("");
      int slash = address.indexOf('/');
      if (slash <= 0) {
        throw new LabException("the plugin's result has an address without prefix: " + address);
      }
      addresses.add(address.substring(0, slash));
    }
    if (addresses.isEmpty()) {
      throw new LabException("the plugin's result has no address: " + json);
    }
    return new Result(List.copyOf(addresses), json);
  }
}
