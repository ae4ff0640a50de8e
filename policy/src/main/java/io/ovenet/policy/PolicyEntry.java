package io.ovenet.policy;

import org.jspecify.annotations.Nullable;

/**
 * One entry of a {@link PolicyTable}: what policy_map holds for a policy, class and direction.
 *
 * @param protocol IP protocol number; 0 = every protocol, then port and portBits are 0
 * @param port the prefix's first port, in host order; for ICMP the type in the high byte
 * @param portBits how many leading bits of the port count, 0–16
 */
public record PolicyEntry(int protocol, int port, int portBits, Decision decision) {
  private static final int BITS_BEFORE_PROTOCOL = 80;
  private static final int BITS_BEFORE_PORT = 88;

  /** The key's prefix length in policy_map. */
  public int prefixLength() {
    return protocol == 0 ? BITS_BEFORE_PROTOCOL : BITS_BEFORE_PORT + portBits;
  }

  boolean covers(int otherProtocol, int otherPort) {
    return protocol == 0
        || (protocol == otherProtocol
            && (portBits == 0 || (port ^ otherPort) >>> (16 - portBits) == 0));
  }

  // Written out: a key's generated methods are many times slower in what the agent's compiler
  // makes.
  @Override
  public boolean equals(@Nullable Object other) {
    return this == other
        || (other instanceof PolicyEntry that
            && protocol == that.protocol
            && port == that.port
            && portBits == that.portBits
            && decision.equals(that.decision));
  }

  @Override
  public int hashCode() {
    return 31 * (31 * (31 * protocol + port) + portBits) + decision.hashCode();
  }
}
