package io.ovenet.kubernetes;

import java.util.Map;

/**
 * The number that stands for one set of security labels in the whole cluster.
 *
 * @param number the object's name as an unsigned number below 2^31
 * @param securityLabels source-prefixed keys ({@code k8s:app}) to values
 * @param createdMillis when it was made, in milliseconds since the epoch, 0 where the API doesn't
 *     say
 */
public record IdentityRecord(
    ObjectKey key,
    String resourceVersion,
    int number,
    Map<String, String> securityLabels,
    long createdMillis,
    Map<String, String> annotations)
    implements KubernetesRecord {
  public IdentityRecord {
    securityLabels = Map.copyOf(securityLabels);
    annotations = Map.copyOf(annotations);
  }
}
