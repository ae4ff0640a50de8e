package io.ovenet.kubernetes;

/**
 * The condition {@code Valid} of a policy's status.
 *
 * @param valid {@code True}, {@code False} or {@code Unknown}; empty where nobody has judged yet
 * @param observedGeneration the generation that was judged, 0 where nobody has
 */
public record PolicyStatus(
    String valid,
    String reason,
    String message,
    String lastTransitionTime,
    long observedGeneration) {
  public static final PolicyStatus NONE = new PolicyStatus("", "", "", "", 0);
}
