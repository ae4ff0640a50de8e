package io.ovenet.policy;

import org.jspecify.annotations.Nullable;

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

  // Written out: a key's generated methods are many times slower in what the agent's compiler
  // makes.
  @Override
  public boolean equals(@Nullable Object other) {
    return this == other
        || (other instanceof PolicyKey that
            && kind == that.kind
            && namespace.equals(that.namespace)
            && name.equals(that.name));
  }

  @Override
  public int hashCode() {
    return 31 * (31 * kind.hashCode() + namespace.hashCode()) + name.hashCode();
  }
}
