package io.ovenet.flow;

import java.util.List;

/**
 * The policy object that a rule came from.
 *
 * @param kind CiliumNetworkPolicy, CiliumClusterwideNetworkPolicy or NetworkPolicy
 * @param namespace empty for a kind without
 * @param path of the field that decided, such as {@code spec.ingress[0].toPorts[0]}; empty for
 *     default deny
 * @param revision from which on it was in force on this node
 */
public record PolicyRef(
    String kind, String namespace, String name, String path, long revision, List<String> labels) {
  public PolicyRef {
    labels = List.copyOf(labels);
  }

  boolean isOfSamePolicy(PolicyRef other) {
    return name.equals(other.name) && namespace.equals(other.namespace) && kind.equals(other.kind);
  }
}
