package io.ovenet.cli.hubble;

import io.ovenet.api.policy.GetPoliciesRequest;
import io.ovenet.api.policy.NodePolicies;
import io.ovenet.api.policy.PolicyInForce;
import io.ovenet.api.policy.PolicyStateGrpc;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;

/**
 * What nodes say of policies.
 *
 * @param nodes those that answered, with what they have in force
 * @param silent those that the relay knows of and that did not
 */
public record PolicyAnswer(Map<String, OfNode> nodes, List<String> silent) {
  /** Nobody was asked, or nobody answered. */
  public static final PolicyAnswer NONE = new PolicyAnswer(Map.of(), List.of());

  private static final int CALL_SECONDS = 30;

  public PolicyAnswer {
    nodes = Map.copyOf(nodes);
    silent = List.copyOf(silent);
  }

  /** One node's. */
  public record OfNode(NodePolicies node, List<PolicyInForce> policies) {
    public OfNode {
      policies = List.copyOf(policies);
    }
  }

  /**
   * Asks.
   *
   * @param name of policies in any namespace; empty: all
   * @throws HubbleException if the server does not answer
   */
  public static PolicyAnswer ask(ServerOptions server, String name) {
    Map<String, List<PolicyInForce>> policies = new HashMap<>();
    Map<String, OfNode> nodes = new HashMap<>();
    var silent = new TreeSet<String>();
    try (HubbleClient client = server.connect()) {
      client.stream(
          () ->
              PolicyStateGrpc.newBlockingStub(client.channel())
                  .withDeadlineAfter(CALL_SECONDS, TimeUnit.SECONDS)
                  .getPolicies(GetPoliciesRequest.newBuilder().setName(name).build()),
          response -> {
            String node = withoutCluster(response.getNodeName());
            switch (response.getResponseCase()) {
              case POLICY ->
                  policies.computeIfAbsent(node, _ -> new ArrayList<>()).add(response.getPolicy());
              case NODE ->
                  nodes.put(
                      node, new OfNode(response.getNode(), policies.getOrDefault(node, List.of())));
              case UNAVAILABLE ->
                  response
                      .getUnavailable()
                      .getNodesList()
                      .forEach(each -> silent.add(withoutCluster(each)));
              case RESPONSE_NOT_SET -> {
                // A later server's, of something that this client does not know.
              }
            }
            return true;
          });
    }
    return new PolicyAnswer(nodes, List.copyOf(silent));
  }

  private static String withoutCluster(String node) {
    return node.substring(node.lastIndexOf('/') + 1);
  }
}
