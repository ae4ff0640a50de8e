package io.ovenet.policy;

/**
 * What the configuration says about policy.
 *
 * @param cluster name of the own cluster
 * @param enforcement {@code enable-policy}
 * @param allowLocalHost whether the local host comes in to every endpoint ({@code allow-localhost}
 *     auto and always)
 */
public record PolicySettings(String cluster, Enforcement enforcement, boolean allowLocalHost) {
  /** Whether endpoints are default-deny. */
  public enum Enforcement {
    /** Where a rule says so. */
    DEFAULT,
    /** All of them. */
    ALWAYS,
    /** Policy is not applied at all. */
    NEVER
  }

  public static PolicySettings defaults(String cluster) {
    return new PolicySettings(cluster, Enforcement.DEFAULT, true);
  }
}
