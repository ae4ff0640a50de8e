package io.ovenet.bench;

/**
 * How much there is beside the policy that is changed, which selects {@link #SELECTED_ENDPOINTS}
 * endpoints of the node and as many as {@link #SELECTED_IDENTITIES} identities in each of them.
 *
 * @param identities of the cluster, the node's own among them
 * @param policies of the cluster
 * @param endpoints of the node
 * @param prefixes that policies of the node's endpoints name, each once
 * @param memory that the agent may use; bytes
 */
record WorldSize(int identities, int policies, int endpoints, int prefixes, long memory) {
  static final int SELECTED_ENDPOINTS = 100;
  static final int SELECTED_IDENTITIES = 1_000;

  static final WorldSize THOUSAND = new WorldSize(1_100, 1_000, 250, 0, 512L << 20);
  static final WorldSize LARGE = new WorldSize(10_000, 1_000, 250, 0, 512L << 20);
  static final WorldSize HUGE = new WorldSize(60_000, 1_000, 250, 40_000, 1L << 30);

  /** Before a figure of this world, where figures of others stand beside it. */
  String label() {
    return "%,d identities: ".formatted(identities);
  }

  @Override
  public String toString() {
    return "%,d identities, %,d policies, %,d endpoints, %,d prefixes"
        .formatted(identities, policies, endpoints, prefixes);
  }
}
