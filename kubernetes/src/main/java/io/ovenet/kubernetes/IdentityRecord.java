package io.ovenet.kubernetes;

import io.ovenet.policy.Labels;
import java.util.Map;

/**
 * The number that stands for one set of security labels in the whole cluster.
 *
 * @param number the object's name as an unsigned number below 2^31
 * @param createdMillis when it was made, in milliseconds since the epoch, 0 where the API doesn't
 *     say
 */
public record IdentityRecord(
    ObjectKey key,
    String resourceVersion,
    int number,
    Labels labels,
    long createdMillis,
    Map<String, String> annotations)
    implements KubernetesRecord {
  /** Annotation that announces an identity's deletion. */
  public static final String UNUSED_SINCE = "ovenet.io/unused-since";

  public IdentityRecord {
    annotations = Map.copyOf(annotations);
  }

  /**
   * When the operator found that no endpoint has the identity, in its own words; empty while in
   * use. Whoever takes it into use removes the mark, which stops its deletion.
   */
  public String unusedSince() {
    return annotations.getOrDefault(UNUSED_SINCE, "");
  }
}
