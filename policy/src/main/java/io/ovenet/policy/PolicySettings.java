package io.ovenet.policy;

/**
 * What the configuration says about policy.
 *
 * @param cluster name of the own cluster
 * @param enforcement {@code enable-policy}
 * @param allowLocalHost whether the local host comes in to every endpoint ({@code allow-localhost}
 *     auto and always)
 * @param audit whether what is denied passes everywhere, and is told ({@code policy-audit-mode})
 * @param nodeLabels whether rules select nodes by their labels ({@code
 *     enable-node-selector-labels})
 */
public record PolicySettings(
    String cluster,
    Enforcement enforcement,
    boolean allowLocalHost,
    boolean audit,
    boolean nodeLabels) {
  /** Enforced, with labels of nodes. */
  public PolicySettings(String cluster, Enforcement enforcement, boolean allowLocalHost) {
    this(cluster, enforcement, allowLocalHost, false);
  }

  /** With labels of nodes. */
  public PolicySettings(
      String cluster, Enforcement enforcement, boolean allowLocalHost, boolean audit) {
    this(cluster, enforcement, allowLocalHost, audit, true);
  }

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
