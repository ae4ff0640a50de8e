package io.ovenet.policy;

/** Kinds of objects that hold policy. */
public enum PolicyKind {
  NETWORK_POLICY("NetworkPolicy"),
  CILIUM_NETWORK_POLICY("CiliumNetworkPolicy"),
  CILIUM_CLUSTERWIDE_NETWORK_POLICY("CiliumClusterwideNetworkPolicy");

  private final String kind;

  PolicyKind(String kind) {
    this.kind = kind;
  }

  /** As in the object's {@code kind}. */
  @Override
  public String toString() {
    return kind;
  }
}
