package io.ovenet.prove;

/** What a proof has to have met: questions of meaning on which engines like to differ. */
public enum Construct {
  EMPTY_LISTS("empty lists"),
  WHICH_RULE_WINS("which rule wins"),
  DEFAULT_DENY_OFF("enableDefaultDeny false"),
  LOCAL_HOST("local host"),
  PEER_SELECTORS("peer selectors"),
  EVERY_ENDPOINT("endpointSelector {} of a clusterwide policy"),
  ENTITIES("entities"),
  CIDR("CIDR"),
  NAMED_PORTS("named ports"),
  PORTS("ports"),
  ICMP("ICMP"),
  POLICY_TYPES("policyTypes"),
  LABELS("labels"),
  AUTHENTICATION("authentication"),
  L7_LISTS("L7 lists"),
  DNS_WITH_ANY("DNS rules with ANY");

  private final String words;

  Construct(String words) {
    this.words = words;
  }

  @Override
  public String toString() {
    return words;
  }
}
