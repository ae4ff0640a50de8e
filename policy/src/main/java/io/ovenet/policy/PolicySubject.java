package io.ovenet.policy;

/**
 * What decides which policy a local endpoint has.
 *
 * @param ports its own named ports
 * @param audit whether what its policy denies passes all the same, and is only told
 */
public record PolicySubject(Labels labels, NamedPorts ports, boolean audit) {
  /** Without named ports, enforced. */
  public static PolicySubject of(Labels labels) {
    return new PolicySubject(labels, NamedPorts.NONE, false);
  }
}
