package io.ovenet.policy.naive;

/**
 * A question of meaning on which engines like to differ: what tests have to ask and a proof has to
 * have met. Upstream's engine was asked all of them; in some its answer is a fault rather than a
 * meaning, and ours is another (docs/policy.md, "Where it differs").
 */
public enum Construct {
  EMPTY_LISTS("empty lists", false),
  WHICH_RULE_WINS("which rule wins", false),
  DEFAULT_DENY_OFF("enableDefaultDeny false", false),
  LOCAL_HOST("local host", false),
  PEER_SELECTORS("peer selectors", false),
  EVERY_ENDPOINT("endpointSelector {} of a clusterwide policy", true),
  ENTITIES("entities", false),
  CIDR("CIDR", true),
  NODES("nodes by labels", true),
  SERVICES("services by name and labels", true),
  NAMED_PORTS("named ports", true),
  PORTS("ports", true),
  ICMP("ICMP", true),
  POLICY_TYPES("policyTypes", true),
  LABELS("labels", false),
  AUTHENTICATION("authentication", false),
  L7_LISTS("L7 lists", false),
  DNS_WITH_ANY("DNS rules with ANY", true);

  private final String words;
  private final boolean differs;

  Construct(String words, boolean differs) {
    this.words = words;
    this.differs = differs;
  }

  /** Whether an answer here is another than upstream's, besides what is not in force yet. */
  public boolean differs() {
    return differs;
  }

  @Override
  public String toString() {
    return words;
  }
}
