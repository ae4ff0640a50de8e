package io.ovenet.policy;

/**
 * Which policy object.
 *
 * @param namespace empty for CiliumClusterwideNetworkPolicy
 */
public record PolicyKey(PolicyKind kind, String namespace, String name)
    implements Comparable<PolicyKey> {
  @Override
  public int compareTo(PolicyKey other) {
    int order = kind.compareTo(other.kind);
    if (order == 0) {
      order = namespace.compareTo(other.namespace);
    }
    return order == 0 ? name.compareTo(other.name) : order;
  }

  @Override
  public String toString() {
    return namespace.isEmpty() ? kind + " " + name : kind + " " + namespace + "/" + name;
  }
}
