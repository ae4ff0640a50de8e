package io.ovenet.policy;

import org.jspecify.annotations.Nullable;

/**
 * Where a verdict comes from.
 *
 * @param namespace empty for what belongs to the cluster
 * @param fieldPath inside the object, as {@code spec.ingress[0]}
 */
public record RuleOrigin(PolicyKind kind, String namespace, String name, String fieldPath)
    implements Comparable<RuleOrigin> {

  public PolicyKey policy() {
    return new PolicyKey(kind, namespace, name);
  }

  @Override
  public int compareTo(RuleOrigin other) {
    int order = kind.compareTo(other.kind);
    if (order == 0) {
      order = namespace.compareTo(other.namespace);
    }
    if (order == 0) {
      order = name.compareTo(other.name);
    }
    return order == 0 ? fieldPath.compareTo(other.fieldPath) : order;
  }

  /** {@code CiliumNetworkPolicy shop/web spec.ingress[0]}. */
  @Override
  public String toString() {
    return policy() + " " + fieldPath;
  }

  // Written out: a key's generated methods are many times slower in what the agent's compiler
  // makes.
  @Override
  public boolean equals(@Nullable Object other) {
    return this == other
        || (other instanceof RuleOrigin that
            && kind == that.kind
            && namespace.equals(that.namespace)
            && name.equals(that.name)
            && fieldPath.equals(that.fieldPath));
  }

  @Override
  public int hashCode() {
    return 31 * (31 * (31 * kind.hashCode() + namespace.hashCode()) + name.hashCode())
        + fieldPath.hashCode();
  }
}
