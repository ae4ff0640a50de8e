package io.ovenet.kubernetes;

/**
 * Which objects of a kind.
 *
 * @param fieldSelector in Kubernetes' own syntax, empty for all
 */
public record WatchScope(String fieldSelector) {
  public static final WatchScope ALL = new WatchScope("");

  /** Pods bound to a node. */
  public static WatchScope podsOfNode(String node) {
    return new WatchScope("spec.nodeName=" + node);
  }

  /** One object. */
  public static WatchScope named(String name) {
    return new WatchScope("metadata.name=" + name);
  }
}
