package io.ovenet.policy;

/** Ranges of identity numbers. A number is an unsigned 32-bit value, held in an int. */
public final class NumericIdentity {
  public static final int UNKNOWN = 0;

  /** Identities of pods, the same on every node of the cluster. */
  public static final int CLUSTER_MIN = 256;

  public static final int CLUSTER_MAX = 65535;

  /** Identities of CIDR prefixes, local to a node: this bit and a number from 1 on. */
  public static final int LOCAL = 1 << 24;

  public static final int LOCAL_MAX_INDEX = 0xFFFFFF;

  /** Variants of identities, which policies tell apart by address; local to a node. */
  public static final int VARIANT = 3 << 24;

  public static final int VARIANT_MAX = VARIANT | 0xFFFFFF;

  private NumericIdentity() {}

  public static boolean isCluster(int number) {
    return number >= CLUSTER_MIN && number <= CLUSTER_MAX;
  }

  public static boolean isVariant(int number) {
    return number >>> 24 == 3;
  }

  public static boolean isLocal(int number) {
    return number >>> 24 == 1;
  }

  /** The node-local identity with this index, 1 to {@link #LOCAL_MAX_INDEX}. */
  public static int local(int index) {
    if (index < 1 || index > LOCAL_MAX_INDEX) {
      throw new IllegalArgumentException(
          "index of a node-local identity out of 1-16777215: " + index);
    }
    return LOCAL | index;
  }
}
