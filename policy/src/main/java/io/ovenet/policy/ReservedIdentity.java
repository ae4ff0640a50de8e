package io.ovenet.policy;

import org.jspecify.annotations.Nullable;

/** Identities with a fixed number and label. Numbers: cilium pkg/identity/numericidentity.go. */
public enum ReservedIdentity {
  HOST(1, "host"),
  WORLD(2, "world"),
  UNMANAGED(3, "unmanaged"),
  HEALTH(4, "health"),
  INIT(5, "init"),
  REMOTE_NODE(6, "remote-node"),
  KUBE_APISERVER(7, "kube-apiserver"),
  INGRESS(8, "ingress"),
  WORLD_IPV4(9, "world-ipv4"),
  WORLD_IPV6(10, "world-ipv6");

  private final int number;
  private final String labelName;

  ReservedIdentity(int number, String labelName) {
    this.number = number;
    this.labelName = labelName;
  }

  public int number() {
    return number;
  }

  /** Key of the label {@code reserved:…}. */
  public String labelName() {
    return labelName;
  }

  /** A kube-apiserver that is a node of the cluster is a remote node, too. */
  public Labels labels() {
    return this == KUBE_APISERVER
        ? Labels.of(Label.reserved(labelName), Label.reserved(REMOTE_NODE.labelName))
        : Labels.of(Label.reserved(labelName));
  }

  public static @Nullable ReservedIdentity of(int number) {
    for (ReservedIdentity identity : values()) {
      if (identity.number == number) {
        return identity;
      }
    }
    return null;
  }
}
