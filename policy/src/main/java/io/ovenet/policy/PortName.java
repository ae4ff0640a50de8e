package io.ovenet.policy;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A port as a rule names it: which number it is depends on whose port it is. In ingress it is the
 * subject's own, in egress each peer's own; who has no port of that name is not meant.
 *
 * @param protocol IP protocol number
 * @param name in lower case
 */
public record PortName(int protocol, String name) implements Comparable<PortName> {
  /** Names ignore case. */
  public PortName {
    name = name.toLowerCase(Locale.ROOT);
  }

  @Override
  public int compareTo(PortName other) {
    int order = Integer.compare(protocol, other.protocol);
    return order == 0 ? name.compareTo(other.name) : order;
  }

  @Override
  public String toString() {
    return name + "/" + PortRange.all(protocol);
  }

  // Written out: a key's generated methods are many times slower in what the agent's compiler
  // makes.
  @Override
  public boolean equals(@Nullable Object other) {
    return this == other
        || (other instanceof PortName that && protocol == that.protocol && name.equals(that.name));
  }

  @Override
  public int hashCode() {
    return 31 * protocol + name.hashCode();
  }
}
