package io.ovenet.kubernetes;

/**
 * Which objects of a kind.
 *
 * @param fieldSelector in Kubernetes' own syntax, empty for all
 * @param labelSelector likewise
 */
public record WatchScope(String fieldSelector, String labelSelector) {
  public static final WatchScope ALL = new WatchScope("", "");

  /** Pods bound to a node. */
  public static WatchScope podsOfNode(String node) {
    return new WatchScope("spec.nodeName=" + node, "");
  }

  /** One object. */
  public static WatchScope named(String name) {
    return new WatchScope("metadata.name=" + name, "");
  }

  /** Both selectors as the beginning of a query, with {@code &} behind each; empty for all. */
  public String query() {
    return part("fieldSelector", fieldSelector) + part("labelSelector", labelSelector);
  }

  private static String part(String name, String selector) {
    return selector.isEmpty() ? "" : name + "=" + KubernetesApi.query(selector) + "&";
  }
}
