package io.ovenet.policy;

import java.util.Comparator;
import java.util.Locale;

/**
 * A port of a pod that has a name.
 *
 * @param name in lower case
 * @param protocol IP protocol number: TCP, UDP or SCTP
 * @param port 1–65535
 */
public record NamedPort(String name, int protocol, int port) implements Comparable<NamedPort> {
  private static final Comparator<NamedPort> ORDER =
      Comparator.comparing(NamedPort::name)
          .thenComparingInt(NamedPort::protocol)
          .thenComparingInt(NamedPort::port);

  /** Names ignore case. */
  public NamedPort {
    name = name.toLowerCase(Locale.ROOT);
    if (port < 1 || port > 0xffff) {
      throw new IllegalArgumentException("port " + name + " out of 1-65535: " + port);
    }
  }

  @Override
  public int compareTo(NamedPort other) {
    return ORDER.compare(this, other);
  }

  /** {@code http=80/TCP}. */
  @Override
  public String toString() {
    return name + "=" + new PortRange(protocol, port, port);
  }
}
