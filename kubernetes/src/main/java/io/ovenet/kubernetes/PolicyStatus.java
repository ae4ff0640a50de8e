package io.ovenet.kubernetes;

/**
 * The condition {@code Valid} of a policy's status, and the version that was valid last.
 *
 * @param valid {@code True}, {@code False} or {@code Unknown}; empty where nobody has judged yet
 * @param observedGeneration the generation that was judged, 0 where nobody has
 * @param lastValid the last valid version of the same object, packed as {@link PolicyVersion} does;
 *     empty where none is known
 */
public record PolicyStatus(
    String valid,
    String reason,
    String message,
    String lastTransitionTime,
    long observedGeneration,
    String lastValid) {
  public static final PolicyStatus NONE = new PolicyStatus("", "", "", "", 0, "");
}
