package io.ovenet.cli.service;

import io.ovenet.cli.node.NodeAgent;
import io.ovenet.kubernetes.JsonObject;
import java.io.IOException;
import java.util.List;
import java.util.Map;

/**
 * What one agent says of services.
 *
 * @param enabled whether it serves them; else kube-proxy has to
 */
record NodeView(String node, boolean enabled, List<JsonObject> services) {
  static NodeView of(NodeAgent agent) throws IOException {
    JsonObject answer = agent.ask("services", Map.of());
    return new NodeView(agent.node(), answer.bool("enabled"), answer.objects("services"));
  }

  /** {@code 10.96.0.1:443/TCP}. */
  static String place(JsonObject of) {
    return of.string("address") + ":" + of.integer("port") + "/" + of.string("protocol");
  }
}
