package io.ovenet.policy;

import org.jspecify.annotations.Nullable;

/** Decides as the kernel does: class of the peer, longest match, CLASS_ANY, default deny. */
public final class PolicyLookup {
  /** The peer's identity has no class, or no entry decides: nothing passes. */
  public static final Decision UNDECIDED =
      new Decision(Verdict.DEFAULT, MatchType.NONE, RuleOrigins.NONE, java.util.List.of());

  private PolicyLookup() {}

  /**
   * What the kernel would do with the first packet of a connection.
   *
   * @param policy of the endpoint whose policy decides
   * @param peer identity of the other side, or what {@link PolicyEngine#peerAt} says of its address
   * @param protocol IP protocol number
   * @param port destination port in host order; for ICMP the type in the high byte
   */
  public static Decision decide(
      PolicySnapshot snapshot,
      CompiledPolicy policy,
      TrafficDirection direction,
      int peer,
      int protocol,
      int port) {
    ClassTables tables = policy.tables(direction);
    if (tables.size() == 0) {
      return Decision.NOT_ENFORCED;
    }
    int identityClass = snapshot.classes().classOf(peer);
    if (identityClass == IdentityClasses.UNKNOWN) {
      return UNDECIDED;
    }
    @Nullable PolicyTable table = tables.get(identityClass);
    if (table == null) {
      table = tables.get(CompiledPolicy.CLASS_ANY);
    }
    return table == null ? UNDECIDED : table.lookup(protocol, port);
  }
}
