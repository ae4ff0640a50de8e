package io.ovenet.kubernetes;

import java.util.List;

/**
 * A CiliumLoadBalancerIPPool, as it was written.
 *
 * @param created RFC 3339, so sorted as text
 * @param blocks {@code spec.cidrs} before {@code spec.blocks}: one is the other's older name
 * @param serviceSelector empty if there is none, which selects every service
 * @param firstAndLast whether the first and the last address of a prefix may be given
 */
public record LoadBalancerPoolRecord(
    ObjectKey key,
    String resourceVersion,
    long generation,
    String created,
    List<Block> blocks,
    JsonObject serviceSelector,
    boolean disabled,
    boolean firstAndLast,
    List<Condition> conditions)
    implements KubernetesRecord {

  /**
   * A prefix, or a range; what is not said is empty.
   *
   * @param path where it stands, such as {@code spec.cidrs[0]}
   */
  public record Block(String path, String cidr, String start, String stop) {}

  public LoadBalancerPoolRecord {
    blocks = List.copyOf(blocks);
    conditions = List.copyOf(conditions);
  }

  public String name() {
    return key.name();
  }
}
